/** @module Sign-ins that live on in refresh tokens: who has which, and ending them. */
import type { Session } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import type { Clock, Grant, Store } from '../domain/ports.ts';
import type { Caller } from './caller.ts';
import type { RevocationService } from './revocation.ts';

export interface SessionServiceOptions {
  readonly store: Pick<Store, 'directory' | 'grants'>;
  readonly revocation: RevocationService;
  readonly clock: Clock;
}

/** Sessions of one user that are listed at most. */
const MOST_LISTED = 1000;

export class SessionService {
  readonly #options: SessionServiceOptions;

  constructor(options: SessionServiceOptions) {
    this.#options = options;
  }

  /** Newest first; those that were revoked or have expired are not among them. */
  async list(userId: string, limit = MOST_LISTED): Promise<readonly Session[]> {
    const { store, clock } = this.#options;
    return store.directory.listSessions(userId, new Date(clock.now()), Math.min(limit, MOST_LISTED));
  }

  /** The session of this user with this id, revoked or not; undefined when it expired, or is somebody else's. */
  async find(userId: string, sessionId: string): Promise<Grant | undefined> {
    const grant = await this.#options.store.grants.find(sessionId);
    return grant?.userId === userId ? grant : undefined;
  }

  /**
   * Ends one session: its refresh token, and every access token that came of it. A dry run only says whether it could.
   * @throws `not_found` when this user has no such session; somebody else's is not told apart
   */
  async revoke(userId: string, sessionId: string, caller: Caller, { dryRun = false }: { readonly dryRun?: boolean } = {}): Promise<void> {
    const grant = await this.find(userId, sessionId);
    if (grant === undefined) throw new DomainError('not_found', `There is no session ${JSON.stringify(sessionId.slice(0, 120))}.`);
    if (!dryRun) await this.#options.revocation.revokeGrant(grant, caller);
  }

  /** Ends everything that was issued to the user so far, with and without a session. */
  async revokeAll(userId: string, caller: Caller): Promise<void> {
    await this.#options.revocation.revokeAll('user', userId, caller);
  }
}
