import { errors } from 'oidc-provider';
import { ACCESS_TOKEN_TYPE } from '../../services/tokens.ts';
import type { GrantInput, GrantType } from './grant.ts';

/**
 * RFC 8693, for one purpose: somebody acts as somebody else. The subject token says who acts, `requested_subject` as whom;
 * the client's own identity never takes the place of either.
 */
export const tokenExchange: GrantType = {
  name: 'urn:ietf:params:oauth:grant-type:token-exchange',
  parameters: ['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type', 'requested_subject', 'audience'],
  issue: (tokens, request, input) => {
    for (const name of ['actor_token', 'actor_token_type']) {
      if (input.optional(name) !== undefined) throw new errors.InvalidRequest(`${name} is not supported: the subject token says who acts`);
    }
    const subjectToken = input.parameter('subject_token');
    assertAccessTokenType('subject_token_type', input.parameter('subject_token_type'));
    assertAccessTokenType('requested_token_type', input.optional('requested_token_type') ?? ACCESS_TOKEN_TYPE);
    const requestedSubject = input.parameter('requested_subject');
    return tokens.impersonate(
      { ...request, resource: target(request.resource, input) },
      { subjectToken, requestedSubject, requestId: input.requestId },
    );
  },
};

function assertAccessTokenType(name: string, type: string): void {
  if (type !== ACCESS_TOKEN_TYPE) throw new errors.InvalidRequest(`${name} must be ${ACCESS_TOKEN_TYPE}`);
}

/** RFC 8693 §2.1: a logical name instead of a location. An API has one name here, and a token of ours is for one API. */
function target(resource: string | undefined, input: GrantInput): string | undefined {
  const audience = input.optional('audience');
  if (audience === undefined || audience === resource) return resource;
  if (resource !== undefined) throw new errors.InvalidTarget('only a single resource indicator is supported');
  return audience;
}
