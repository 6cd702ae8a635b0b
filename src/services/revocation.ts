/** @module Takes tokens back before they end; RFC 7009 for clients, and by user or client for administrators. Durable when it resolves. */
import type { AuditActor, AuditEvent } from '../domain/audit-event.ts';
import type { Clock, Grant, GrantStore, Revocation, RevocationStore, TokenSigner } from '../domain/ports.ts';
import type { Caller } from './caller.ts';
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
      await this.revokeAccessToken(traceOf(claims).jti, { actor: { kind: 'client', id: callerId } });
      return;
    }
    const found = await this.#options.grants.findRefreshToken(digest(token));
    if (found === undefined || found.grant.clientId !== callerId) return;
    await this.revokeGrant(found.grant, { actor: { kind: 'client', id: callerId } });
  }

  /** Ends everything that was issued so far to a user, or through a client. */
  async revokeAll(kind: 'user' | 'client', id: string, actor: AuditActor, requestId?: string): Promise<void> {
    await this.#add({ kind, id }, { actor, requestId });
  }

  /** Ends one access token alone. */
  async revokeAccessToken(jti: string, caller: Caller): Promise<void> {
    await this.#add({ kind: 'token', id: jti }, caller);
  }

  /** Ends one sign-in: its refresh tokens, and every access token that came of it. */
  async revokeGrant({ id, expiresAt }: Pick<Grant, 'id' | 'expiresAt'>, caller: Caller): Promise<void> {
    await this.#add({ kind: 'grant', id }, caller, expiresAt);
  }

  /** @param until when the last refresh token that it hits is dead */
  async #add({ kind, id }: Pick<Revocation, 'kind' | 'id'>, { actor, requestId }: Caller, until?: Date): Promise<void> {
    const now = this.#options.clock.now();
    const at = new Date(now);
    const event: AuditEvent = {
      type: `${kind}_${kind === 'token' || kind === 'grant' ? 'revoked' : 'tokens_revoked'}`,
      at,
      actor,
      target: { kind, id },
      requestId,
    };
    await this.#options.revocations.add(
      { kind, id, notBefore: at, expiresAt: new Date(Math.max(now + LONGEST_TOKEN, until?.getTime() ?? 0)) },
      event,
    );
  }
}
