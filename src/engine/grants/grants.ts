import { clientCredentials } from './client-credentials.ts';
import { authorizationCode } from './authorization-code.ts';
import { deviceCode } from './device-code.ts';
import type { GrantType } from './grant.ts';
import { password } from './password.ts';
import { refreshToken } from './refresh-token.ts';
import { tokenExchange } from './token-exchange.ts';

/** Every grant type that is on. */
export const GRANTS: readonly GrantType[] = [authorizationCode, deviceCode, password, clientCredentials, refreshToken, tokenExchange];

export const GRANT_NAMES: ReadonlySet<string> = new Set(GRANTS.map((grant) => grant.name));
