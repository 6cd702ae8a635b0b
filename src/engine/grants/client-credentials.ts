import { errors } from 'oidc-provider';
import { isProven } from '../../domain/client.ts';
import type { GrantType } from './grant.ts';

/** RFC 6749 §4.4. Only for clients that prove who they are, or let anybody be an anonymous buyer. */
export const clientCredentials: GrantType = {
  name: 'client_credentials',
  parameters: [],
  issue: (tokens, request) => {
    const { client } = request.client;
    if (!isProven(client) && client.isAnonymousBuyer !== true) throw new errors.UnauthorizedClient('a public client cannot use this grant type');
    return tokens.clientCredentials(request);
  },
};
