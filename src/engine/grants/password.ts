import type { GrantType } from './grant.ts';

/** RFC 6749 §4.3, for first-party applications that cannot open a browser yet; each client must be allowed to use it. */
export const password: GrantType = {
  name: 'password',
  parameters: ['username', 'password'],
  issue: (tokens, request, { parameter, address }) =>
    tokens.password(request, { username: parameter('username'), password: parameter('password'), address }),
};
