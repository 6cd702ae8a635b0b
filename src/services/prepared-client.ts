import { isProven, type Client, type OmittedScope } from '../domain/client.ts';
import type { ClientRecord } from '../domain/ports.ts';
import { LONGEST_ACCESS_TOKEN_SECONDS } from '../domain/signing-key.ts';

/** A client with the sets that every token request needs, made once per version of the client. */
export interface PreparedClient extends ClientRecord {
  readonly maximumRoles: ReadonlySet<string> | undefined;
  readonly omittedScope: OmittedScope;
}

export function prepareClient(record: ClientRecord): PreparedClient {
  const { client } = record;
  return {
    ...record,
    maximumRoles: client.maximumRoles === undefined ? undefined : new Set(client.maximumRoles),
    omittedScope: typeof client.omittedScope === 'string' ? client.omittedScope : [...new Set(client.omittedScope)],
  };
}

/**
 * Seconds that an access token of this client lives when no lease ends earlier. Revocations and retired keys are kept for
 * as long as the longest token lives, so no client can have longer ones.
 */
export function accessTokenLifetime(client: Client, fallback: number, grantType?: string): number {
  const isAnonymous = grantType === 'client_credentials' && !isProven(client);
  const anonymous = isAnonymous ? client.anonymousTokenLifetimeSeconds : undefined;
  return Math.min(anonymous ?? client.accessTokenLifetimeSeconds ?? fallback, LONGEST_ACCESS_TOKEN_SECONDS);
}
