import type { GrantType } from './grant.ts';

/** RFC 6749 §6 with rotation. */
export const refreshToken: GrantType = {
  name: 'refresh_token',
  parameters: ['refresh_token'],
  issue: (tokens, request, { parameter }) => tokens.refresh(request, parameter('refresh_token')),
};
