import { errors } from 'oidc-provider';
import type { GrantType } from './grant.ts';

/** RFC 6749 §4.4. Only for clients that prove who they are. */
export const clientCredentials: GrantType = {
  name: 'client_credentials',
  parameters: [],
  issue: (tokens, request) => {
    if (request.client.client.tokenEndpointAuthMethod === 'none') throw new errors.UnauthorizedClient('a public client cannot use this grant type');
    return tokens.clientCredentials(request);
  },
};
