import { errors } from 'oidc-provider';
import type { Authorization } from '../../services/token-request.ts';
import { digest } from '../../services/client-authentication.ts';
import type { GrantType } from './grant.ts';

/** RFC 7636 §4.1. */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/**
 * RFC 6749 §4.1.3 with RFC 7636. A code works once; who presents it again, with everything else that belongs to it, ends
 * what came of it. Whoever has the code alone can do neither.
 */
export const authorizationCode: GrantType = {
  name: 'authorization_code',
  parameters: ['code', 'redirect_uri', 'code_verifier'],
  issue: async (tokens, request, { parameter }, { artifacts, clock, endGrant }) => {
    const id = digest(parameter('code'));
    const redirectUri = parameter('redirect_uri');
    const verifier = parameter('code_verifier');
    const now = new Date(clock.now());
    const found = await artifacts.find('authorization_code', id, now);
    const refuse = (reason: string): never => {
      throw Object.assign(new errors.InvalidGrant(reason), { error_detail: reason });
    };
    if (found === undefined) return refuse('the code is unknown or has expired');
    const { payload } = found;
    if (payload['clientId'] !== request.client.client.clientId) return refuse('the code was given to another client');
    if (payload['redirectUri'] !== redirectUri) return refuse('not the redirect_uri of the authorization request');
    if (!VERIFIER.test(verifier) || digest(verifier) !== payload['codeChallenge']) return refuse('the code_verifier is wrong');
    const key = payload['dpopJkt'];
    if (key !== undefined && key !== request.dpopThumbprint) return refuse('the code is bound to another key');
    const authorization = authorizationOf(payload);
    if (found.consumedAt !== undefined || !(await artifacts.consume('authorization_code', id, now))) {
      await endGrant(authorization.grantId, request.client.client.clientId);
      return refuse('the code was used before; what came of it is ended');
    }
    return tokens.redeem(request, authorization);
  },
};

function authorizationOf(payload: Readonly<Record<string, unknown>>): Authorization {
  return {
    grantType: 'authorization_code',
    grantId: String(payload['grantId']),
    userId: String(payload['accountId']),
    scope: payload['scope'] as string | undefined,
    agreed: payload['agreed'] as readonly string[] | undefined,
    audience: String(payload['resource']),
    sessionId: String(payload['sessionUid']),
    signedInAt: new Date(Number(payload['signedInAt'])),
    authorizedAt: new Date(Number(payload['authorizedAt'])),
    nonce: payload['nonce'] as string | undefined,
  };
}
