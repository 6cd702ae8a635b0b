/** @module Takes tokens back before they end; RFC 7009 for clients, and by user or client for administrators. Durable when it resolves. */
import type { Clock, Grant, GrantStore, Store, TokenSigner } from '../domain/ports.ts';
import { EVERYBODY, type Revocation, type RevocationStore } from '../domain/revocation.ts';
import { eventNow, type Caller } from './caller.ts';
import { digest } from './client-authentication.ts';
import { looksLikeJwt, traceOf } from './token-trace.ts';
import { LONGEST_TOKEN } from './tokens.ts';

export interface RevocationOptions {
  readonly grants: GrantStore;
  readonly revocations: RevocationStore;
  readonly signer: TokenSigner;
  readonly clock: Clock;
}

export class RevocationService {
  readonly #options: RevocationOptions;

  constructor(options: RevocationOptions) {
    this.#options = options;
  }

  /**
   * Revokes a token of the calling client: an access token alone, a refresh token with its whole family and the access
   * tokens that came of it. Anything else, foreign tokens included, changes nothing and is not told apart.
   * @throws `unavailable` when it could not be made durable
   */
  async revokeToken(token: string, callerId: string): Promise<void> {
    if (looksLikeJwt(token)) {
      const claims = await this.#options.signer.verify(token);
      if (claims === undefined || claims['client_id'] !== callerId) return;
      const organization = claims['org_id'];
      const caller = { actor: { kind: 'client', id: callerId } as const };
      await this.revokeAccessToken(traceOf(claims).jti, caller, typeof organization === 'string' ? organization : undefined);
      return;
    }
    const found = await this.#options.grants.findRefreshToken(digest(token));
    if (found === undefined || found.grant.clientId !== callerId) return;
    await this.revokeGrant(found.grant, { actor: { kind: 'client', id: callerId } });
  }

  /** Ends everything that was issued so far to a user, or through a client. */
  async revokeAll(kind: 'user' | 'client', id: string, caller: Caller): Promise<void> {
    await this.#add({ kind, id }, caller);
  }

  /** Ends one access token alone. @param organization of its subject, as far as it is known: whose audit event it is */
  async revokeAccessToken(jti: string, caller: Caller, organization?: string): Promise<void> {
    await this.#add({ kind: 'token', id: jti, organization }, caller);
  }

  /** Ends one sign-in: its refresh tokens, and every access token that came of it. */
  async revokeGrant({ id, expiresAt }: Pick<Grant, 'id' | 'expiresAt'>, caller: Caller): Promise<void> {
    await this.#add({ kind: 'grant', id }, caller, expiresAt);
  }

  /** Ends what came of a code that was used twice, and what may still come of it (RFC 6749 §4.1.2). */
  async endReused(grantId: string, clientId: string): Promise<void> {
    const at = new Date(this.#options.clock.now());
    await this.#options.revocations.add(
      { kind: 'grant', id: grantId, notBefore: at, expiresAt: new Date(at.getTime() + LONGEST_TOKEN) },
      {
        type: 'authorization_code_reuse_detected',
        at,
        actor: { kind: 'client', id: clientId },
        target: { kind: 'grant', id: grantId },
      },
    );
  }

  /** @param until when the last refresh token that it hits is dead */
  async #add({ kind, id, organization }: Revoked, caller: Caller, until?: Date): Promise<void> {
    const type = `${kind}_${kind === 'token' || kind === 'grant' ? 'revoked' : 'tokens_revoked'}`;
    const event = eventNow(this.#options.clock, caller, { type, target: { kind, id }, organization });
    const expiresAt = new Date(Math.max(event.at.getTime() + LONGEST_TOKEN, until?.getTime() ?? 0));
    await this.#options.revocations.add({ kind, id, notBefore: event.at, expiresAt }, event);
  }
}

/**
 * Ends everything that was issued so far, to whomever: access and refresh tokens, and links that can be used once. Unlike
 * all other revocations it is no answer to a request, but to a database that has forgotten some of them.
 * @returns what was issued up to this instant is hit
 */
export async function revokeEverything(
  { store, clock }: { readonly store: Pick<Store, 'transaction'>; readonly clock: Clock },
  caller: Caller,
): Promise<Date> {
  const event = eventNow(clock, caller, { type: 'all_tokens_revoked', target: { kind: 'everybody', id: EVERYBODY } });
  await store.transaction(async (tx) => {
    await tx.revoke({ kind: 'everybody', id: EVERYBODY, notBefore: event.at, expiresAt: new Date(event.at.getTime() + LONGEST_TOKEN) });
    await tx.links.removeAll();
    await tx.audit(event);
  });
  return event.at;
}

interface Revoked extends Pick<Revocation, 'kind' | 'id'> {
  readonly organization?: string | undefined;
}
