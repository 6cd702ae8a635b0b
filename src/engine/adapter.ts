/**
 * @module Where the engine keeps sessions, interactions, codes: our artifacts. What the holder of a thing names it by is
 * kept as a hash alone, and stands in no payload.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { errors, Provider, type Adapter, type AdapterPayload } from 'oidc-provider';
import type { ArtifactKind, ArtifactStore } from '../domain/artifact.ts';
import type { CallerBudget } from '../domain/attempt-budget.ts';
import type { Clock } from '../domain/ports.ts';
import type { BrowserSessions } from '../services/browser-sessions.ts';
import { digest } from '../services/client-authentication.ts';
import { keptUntil } from '../services/device-codes.ts';
import { inProtocol } from './errors.ts';
import { agreedIn } from './interaction-policy.ts';

export interface AdapterOptions {
  readonly artifacts: ArtifactStore;
  readonly sessions: Pick<BrowserSessions, 'isGood'>;
  /** What strangers make us keep. */
  readonly requests: Pick<CallerBudget, 'take'>;
  readonly clock: Clock;
}

type Payload = AdapterPayload & Record<string, unknown>;

/** What the engine calls its models. Everything else that it would keep is ours, or not on. */
const KINDS: Readonly<Record<string, ArtifactKind>> = {
  Session: 'session',
  Interaction: 'interaction',
  AuthorizationCode: 'authorization_code',
  DeviceCode: 'device_code',
  PushedAuthorizationRequest: 'pushed_authorization_request',
};

const ASKED_FOR_BY_ANYBODY: ReadonlySet<ArtifactKind> = new Set(['interaction', 'device_code', 'pushed_authorization_request']);

const LONGEST_AGENT = 300;

/** What the browser says that it is, where the engine keeps a session outside a request of its own. */
export const agents = new AsyncLocalStorage<string>();

/** The adapter of every model of the engine. */
export function artifactAdapter(options: AdapterOptions): (model: string) => Adapter {
  return (model) => {
    const kind = KINDS[model];
    return kind === undefined ? NOTHING_KEPT : new ArtifactAdapter(kind, options);
  };
}

class ArtifactAdapter implements Adapter {
  readonly #kind: ArtifactKind;
  readonly #options: AdapterOptions;

  constructor(kind: ArtifactKind, options: AdapterOptions) {
    this.#kind = kind;
    this.#options = options;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const { artifacts, clock } = this.#options;
    const { accountId, userCode } = payload as Payload;
    const expiresAt = new Date(clock.now() + (expiresIn ?? 0) * 1000);
    const kept = withoutSecrets(payload);
    if (this.#kind === 'session') kept['agent'] = (agents.getStore() ?? Provider.ctx?.get('user-agent'))?.slice(0, LONGEST_AGENT);
    if (this.#kind === 'device_code') Object.assign(kept, { key: digest(id), exp: Math.floor(expiresAt.getTime() / 1000) });
    if (this.#kind === 'authorization_code') Object.assign(kept, agreedNow(), { authorizedAt: clock.now() });
    await inProtocol(() => this.#count());
    await inProtocol(() =>
      artifacts.put({
        kind: this.#kind,
        id: digest(id),
        payload: JSON.parse(JSON.stringify(kept)) as Record<string, unknown>,
        expiresAt: this.#kind === 'device_code' ? keptUntil(expiresAt) : expiresAt,
        userCode: userCode === undefined ? undefined : digest(userCode),
        userId: accountId,
      }),
    );
  }

  /** Whoever asks for nothing but that something is kept is counted by address. A client that proved who it is speaks for many people. */
  async #count(): Promise<void> {
    const { ctx } = Provider;
    if (ctx === undefined || !ASKED_FOR_BY_ANYBODY.has(this.#kind)) return;
    const proven = this.#kind !== 'interaction' && ctx.oidc.client?.clientAuthMethod !== 'none';
    if (!proven) await this.#options.requests.take(ctx.ip);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const { artifacts, clock, sessions } = this.#options;
    return inProtocol(async () => {
      const found = await artifacts.find(this.#kind, digest(id), new Date(clock.now()));
      if (found === undefined) return undefined;
      const payload = { ...found.payload, jti: id } as Payload;
      if (this.#kind === 'session' && payload.accountId !== undefined && !(await sessions.isGood(browserSessionOf(payload)))) return undefined;
      return found.consumedAt === undefined ? payload : { ...payload, consumed: Math.floor(found.consumedAt.getTime() / 1000) };
    });
  }

  async consume(id: string): Promise<void> {
    const { artifacts, clock } = this.#options;
    // The engine looks first and marks then; of several at once only the one whom the store believes may go on.
    const first = await inProtocol(() => artifacts.consume(this.#kind, digest(id), new Date(clock.now())));
    if (!first) throw new errors.InvalidRequestUri('request_uri is invalid, expired, or was already used');
  }

  async destroy(id: string): Promise<void> {
    await inProtocol(() => this.#options.artifacts.remove(this.#kind, digest(id)));
  }

  // What is done by these names in the engine is done by our own services.
  findByUid = nothingFound;
  findByUserCode = nothingFound;
  async revokeByGrantId(): Promise<void> {}
}

/** The session of a browser as it is kept. `loginTs` is in seconds, with a fraction. */
export function browserSessionOf(payload: Readonly<Record<string, unknown>>): { id: string; userId: string; signedInAt: Date } {
  return { id: String(payload['uid']), userId: String(payload['accountId']), signedInAt: new Date(Math.round(Number(payload['loginTs']) * 1000)) };
}

/** What of the request stands in its code besides what the engine puts there: the scope as it was asked for, and as it was agreed to. */
function agreedNow(): Record<string, unknown> {
  const { oidc } = Provider.ctx!;
  const { scope, resource } = oidc.params as { scope?: string; resource?: string };
  return {
    scope,
    resource,
    agreed: agreedIn(Provider.ctx!),
    signedInAt: browserSessionOf(oidc.session as unknown as Record<string, unknown>).signedInAt.getTime(),
  };
}

function withoutSecrets({ jti: _jti, userCode: _userCode, session, ...payload }: Payload): Record<string, unknown> {
  if (session === undefined) return payload;
  const { cookie: _cookie, ...known } = session as Record<string, unknown>;
  return { ...payload, session: known };
}

async function nothingFound(): Promise<undefined> {
  return undefined;
}

const NOTHING_KEPT: Adapter = {
  find: nothingFound,
  findByUid: nothingFound,
  findByUserCode: nothingFound,
  destroy: nothingFound,
  consume: nothingFound,
  revokeByGrantId: nothingFound,
  upsert: async () => {
    throw new errors.InvalidRequest('not supported');
  },
};
