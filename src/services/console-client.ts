/** @module The console is a client like any other, except that it is always there and belongs to the server. */
import type { Client } from '../domain/client.ts';
import type { Clock, Store } from '../domain/ports.ts';
import { eventNow, type Caller } from './caller.ts';

export const CONSOLE_CLIENT_ID = 'rolemint-console';

export interface ConsoleClientOptions {
  readonly issuer: string;
  readonly store: Store;
  readonly clock: Clock;
}

/** What the server itself needs of the client; everything else an administrator may set. */
export function consoleClient(issuer: string): Client {
  return {
    clientId: CONSOLE_CLIENT_ID,
    clientName: 'Rolemint console',
    active: true,
    grantTypes: ['authorization_code', 'refresh_token'],
    tokenEndpointAuthMethod: 'none',
    redirectUris: [`${issuer}/console/callback`],
    postLogoutRedirectUris: [`${issuer}/console/signed-out`],
    requireConsent: false,
    dpopBoundAccessTokens: false,
    allowedOrganizations: {},
    minimumRoles: [],
    omittedScope: 'none',
  };
}

const SERVER: Caller = { actor: { kind: 'system', id: 'server' } };

export class ConsoleClient {
  readonly #options: ConsoleClientOptions;

  constructor(options: ConsoleClientOptions) {
    this.#options = options;
  }

  /** Makes the client where it is missing, and its addresses those of this issuer. What an administrator limited stays. */
  async ensure(): Promise<void> {
    const { issuer, store, clock } = this.#options;
    const wanted = consoleClient(issuer);
    await store.transaction(async (tx) => {
      const known = (await tx.clients.findMany([CONSOLE_CLIENT_ID])).get(CONSOLE_CLIENT_ID);
      const { redirectUris, postLogoutRedirectUris } = wanted;
      const addressed =
        known !== undefined && isSame(known.redirectUris, redirectUris) && isSame(known.postLogoutRedirectUris, postLogoutRedirectUris);
      if (addressed && known.requireConsent === false) return;
      await tx.clients.put([known === undefined ? wanted : { ...known, redirectUris, postLogoutRedirectUris, requireConsent: false }]);
      await tx.audit(
        eventNow(clock, SERVER, {
          type: known === undefined ? 'client_created' : 'client_updated',
          target: { kind: 'client', id: CONSOLE_CLIENT_ID },
          after: { redirect_uris: redirectUris, post_logout_redirect_uris: postLogoutRedirectUris },
        }),
      );
    });
  }
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((value, index) => value === b[index]);
