/** @module Sign-ins in browsers: whether one still counts, who has which, and ending them with everything that came of them. */
import type { ArtifactStore } from '../domain/artifact.ts';
import type { Clock, GrantStore } from '../domain/ports.ts';
import type { RevocationStore } from '../domain/revocation.ts';
import type { AccessService } from './access.ts';
import type { BackchannelLogout } from './backchannel-logout.ts';
import { eventNow, type Caller } from './caller.ts';
import type { RevocationService } from './revocation.ts';
import { LONGEST_TOKEN } from './tokens.ts';

/** A person who signed in in a browser. */
export interface BrowserSession {
  /** Not what the browser names it by: it may be shown, and stands as `sid` in ID tokens. */
  readonly id: string;
  readonly userId: string;
  readonly signedInAt: Date;
}

/** An authorization request that waits for its person. */
export interface PendingAuthorization {
  readonly id: string;
  readonly step: 'login' | 'consent';
  readonly clientId: string;
  readonly redirectUri: string;
  /** As it was asked for. */
  readonly scope: string | undefined;
  readonly resource: string | undefined;
  readonly uiLocales: string | undefined;
  readonly loginHint: string | undefined;
  /** Who is signed in in this browser. */
  readonly userId: string | undefined;
}

export interface ListedBrowserSession extends BrowserSession {
  readonly expiresAt: Date;
  /** What the browser says that it is. */
  readonly agent: string | undefined;
}

export interface BrowserSessionsOptions {
  readonly artifacts: ArtifactStore;
  readonly access: AccessService;
  readonly grants: GrantStore;
  readonly revocations: RevocationStore;
  readonly revocation: RevocationService;
  readonly backchannel: Pick<BackchannelLogout, 'tell'>;
  readonly clock: Clock;
}

export class BrowserSessions {
  readonly #options: BrowserSessionsOptions;

  constructor(options: BrowserSessionsOptions) {
    this.#options = options;
  }

  /**
   * Whether a session that a browser still shows counts, by what the store says now: a session that was kept where
   * things may be lost, or come back, is never believed.
   * @throws `unavailable` when the store cannot say
   */
  async isGood({ id, userId, signedInAt }: BrowserSession): Promise<boolean> {
    const { access, revocations } = this.#options;
    await access.refresh(0);
    const user = await access.subject('user', userId);
    if (user?.active !== true || user.organization === undefined) return false;
    return !(await revocations.isRevoked({ jti: '', grantId: id, userId, clientId: '', issuedAt: signedInAt }));
  }

  /** Those that count, the newest first. */
  async list(userId: string): Promise<readonly ListedBrowserSession[]> {
    const { artifacts, clock } = this.#options;
    const kept = await artifacts.list('session', userId, new Date(clock.now()));
    const sessions = kept.map(({ payload }) => listed(payload)).filter((session) => session.userId === userId);
    const good = await Promise.all(sessions.map((session) => this.isGood(session)));
    return sessions.filter((_, index) => good[index]).sort((a, b) => b.signedInAt.getTime() - a.signedInAt.getTime());
  }

  /** The session of this user with this id, if it counts; somebody else's is not found. */
  async find(userId: string, sessionId: string): Promise<ListedBrowserSession | undefined> {
    return (await this.list(userId)).find(({ id }) => id === sessionId);
  }

  /** Ends a session, and every token that came of it. Repeating it changes nothing. */
  async end({ id, userId }: Pick<BrowserSession, 'id' | 'userId'>, caller: Caller): Promise<void> {
    const { artifacts, grants, revocations, revocation, backchannel, clock } = this.#options;
    // First, so that a code that is redeemed meanwhile finds it.
    const event = eventNow(clock, caller, { type: 'browser_session_ended', target: { kind: 'user', id: userId }, after: { session: id } });
    await revocations.add({ kind: 'grant', id, notBefore: event.at, expiresAt: new Date(event.at.getTime() + LONGEST_SESSION) }, event);
    const ended = await grants.ofSession(id);
    for (const grant of ended) await revocation.revokeGrant(grant, caller);
    const kept = await artifacts.list('session', userId, event.at);
    for (const session of kept) if (session.payload['uid'] === id) await artifacts.remove('session', session.id);
    backchannel.tell(
      { id, userId },
      ended.map(({ clientId }) => clientId),
    );
  }
}

/** So long a session lives at most, whatever is set; a day more for clocks that differ. */
const LONGEST_SESSION = 31 * 86_400_000 + LONGEST_TOKEN;

function listed(payload: Readonly<Record<string, unknown>>): ListedBrowserSession {
  const agent = payload['agent'];
  return {
    id: String(payload['uid']),
    userId: String(payload['accountId']),
    signedInAt: new Date(Math.round(Number(payload['loginTs']) * 1000)),
    expiresAt: new Date(Number(payload['exp']) * 1000),
    agent: typeof agent === 'string' ? agent : undefined,
  };
}
