/**
 * @module The composition root: configuration → store → services → engine → HTTP. Server, command line and tests boot
 * this same file. The clock and random values are made here and nowhere else.
 */
import { randomBytes } from 'node:crypto';
import { getHeapStatistics } from 'node:v8';
import { V7Generator } from 'uuidv7';
import { Administration } from './administration/administration.ts';
import { InvitationAdministration } from './administration/invitations.ts';
import { inviterMayStill } from './administration/inviter.ts';
import { PasswordAdministration } from './administration/passwords.ts';
import { closeAll, type Closer } from './closing.ts';
import type { Config } from './config.ts';
import { DomainError } from './domain/errors.ts';
import type { Clock, Random, Store } from './domain/ports.ts';
import type { SigningAlgorithm } from './domain/resource-server.ts';
import { openTokenSigner, type TokenSignerHandle } from './engine/token-signer.ts';
import { openPasswordHasher } from './hashing/password-hasher.ts';
import { healthRoutes } from './http/health.ts';
import { revocationFeedRoute } from './http/revocation-feed.ts';
import { createHttpServer, endpointOf, requestIdOf, type HttpOptions } from './http/server.ts';
import type { ManagementOptions } from './http/management/management.ts';
import { openMail } from './mail/open.ts';
import { formSender } from './outbound/notify.ts';
import { AccessService } from './services/access.ts';
import { announcing } from './services/announcing-store.ts';
import { Bootstrap } from './services/bootstrap.ts';
import { clockWatch } from './services/clock-watch.ts';
import { ClientAuthentication } from './services/client-authentication.ts';
import { ClientService } from './services/clients.ts';
import { deploymentSecret, derivedSecret } from './services/deployment-secret.ts';
import { ExplainService } from './services/explain.ts';
import { ExplainDocuments } from './services/explain-documents.ts';
import { ImpersonationService } from './services/impersonation.ts';
import { interactiveServices } from './services/interactive.ts';
import { IntrospectionService } from './services/introspection.ts';
import { KeyService, type KeyCaller } from './services/keys.ts';
import { InvitationAcceptance } from './services/invitation-acceptance.ts';
import { InvitationService } from './services/invitations.ts';
import { startReaper } from './services/maintenance.ts';
import { MeService, type MeServiceOptions } from './services/me.ts';
import { OneTimeLinks, type OneTimeLinkOptions } from './services/one-time-links.ts';
import { PasswordResets } from './services/password-resets.ts';
import { Passwords } from './services/passwords.ts';
import { RevocationService } from './services/revocation.ts';
import { RevocationFeedService } from './services/revocation-feed.ts';
import { SessionService } from './services/sessions.ts';
import { SignIn } from './services/sign-in.ts';
import { TokenService } from './services/tokens.ts';
import { UsageRecorder } from './services/usage-recorder.ts';
import { UsageReview } from './services/usage-review.ts';
import { UserService, type UserServiceOptions } from './services/users.ts';
import { openSigningKeyFile } from './storage/files/signing-keys.ts';
import { callerOf } from './storage/redis/attempt-budget.ts';
import { connectRedis, openBudgets, openChangeChannel, openStore } from './store.ts';
import { flushLog } from './telemetry/log-output.ts';
import { openLogger, type Logger } from './telemetry/logger.ts';
import { measuredStore } from './telemetry/measured-store.ts';
import { mailEvents } from './telemetry/mail-events.ts';
import { openMetrics } from './telemetry/metrics.ts';
import { tokenEvents } from './telemetry/token-events.ts';
import { nearest } from './workspace/suggest.ts';

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() };
export const SYSTEM_RANDOM: Random = randomAt(SYSTEM_CLOCK);

/** Ids carry the time of their making, which revocations are matched against: it must be the time of the same clock. */
function randomAt(clock: Clock): Random {
  const ids = new V7Generator();
  return { id: () => ids.generateOrResetWithTs(clock.now()).toString(), secret: () => randomBytes(32).toString('base64url') };
}

/** What a test may put in the place of the real thing. */
export interface Replacements {
  readonly store?: Store;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/** Share of the memory that this process may use at most which goes into what is remembered of clients and users. */
const REMEMBERED = 0.3;

/** How long requests under way may take to finish when the server stops. */
const DRAIN_MS = 10_000;

const SERVER: KeyCaller = { actor: { kind: 'system', id: 'server' } };

/** Everything that a server or a command works with. */
type Parts = Awaited<ReturnType<typeof assemble>>;

export interface ListenOptions {
  /** What `/metrics` answers; unset: the metrics of this process. */
  readonly exposition?: () => Promise<string>;
}

export interface App extends Parts {
  /** Starts to answer requests. */
  listen(options?: ListenOptions): Promise<{ readonly port: number }>;
  /** Ends everything in the reverse order of its opening; can be called twice. */
  close(): Promise<void>;
}

/**
 * Opens everything but the network: the store migrated, the keys there, the services ready.
 * @throws DomainError with a sentence for the operator when something cannot be opened
 */
export async function openApp(config: Config, replaced: Replacements = {}): Promise<App> {
  const closers: Closer[] = [];
  try {
    const parts = await assemble(config, replaced, closers);
    const close = async () => {
      await closeAll(closers, () => parts.log.warn({ event: 'close_abandoned' }));
      await flushLog(parts.log);
    };
    return { ...parts, listen: (listening = {}) => listen(parts, listening, closers), close };
  } catch (error) {
    await closeAll(closers, () => undefined);
    throw error;
  }
}

async function assemble(config: Config, replaced: Replacements, closers: Closer[]) {
  const log = replaced.log ?? openLogger({ level: config.logLevel, format: config.logFormat });
  const clock = replaced.clock ?? SYSTEM_CLOCK;
  const random = clock === SYSTEM_CLOCK ? SYSTEM_RANDOM : randomAt(clock);
  const hasher = openPasswordHasher({ threads: config.hashThreads, queueLimit: config.hashQueue });
  closers.push(() => hasher.close());
  const metrics = openMetrics({ hashing: () => hasher.stats() });
  const redis = await connectRedis(config, {
    onDown: (err) => log.warn({ event: 'redis_unavailable', err }),
    onUp: () => log.info({ event: 'redis_available' }),
    onRefused: (err) => log.warn({ event: 'redis_refused', err }),
  });
  if (redis !== undefined) closers.push(() => redis.close());
  const opened =
    replaced.store ??
    (await openStore(config, {
      clock,
      redis,
      onFault: (err) => log.warn({ event: 'replica_unavailable', err }),
      onAnswer: (by) => metrics.pages.inc({ answered_by: by }),
    }));
  closers.push(() => opened.close());
  const measured = measuredStore(opened, (operation, outcome, seconds) => metrics.store.observe({ operation, outcome }, seconds));
  const access = new AccessService(measured, clock, getHeapStatistics().heap_size_limit * REMEMBERED);
  const changes = await openChangeChannel(config, { redis, alone: replaced.store !== undefined });
  const store = announcing(measured, access, changes);
  const keyFile = openSigningKeyFile({ folder: config.keysDir, strict: config.production, clock });
  const openedSigner = await openTokenSigner({ issuer: config.issuer, keyFile, clock, reloadEveryMs: 1000, log });
  closers.push(() => openedSigner.close());
  const keys = new KeyService({
    keyFile,
    clock,
    record: async (event) => {
      await openedSigner.reload();
      await store.transaction((tx) => tx.audit(event));
    },
  });
  const signer = makingKeys(openedSigner, keys);
  const { budget, userCodes, requests } = openBudgets(config, { redis, clock });
  const events = tokenEvents(log, metrics);
  const usage = new UsageRecorder({
    usage: store.usage,
    clock,
    onError: (err) => log.warn({ event: 'usage_not_added', err }),
    onLost: (counts) => log.warn({ event: 'usage_lost', counts }),
  });
  const reading = { access, grants: store.grants, revocations: store.revocations, signer, clock };
  const { definitions } = access;
  const signIn = new SignIn({ store: store.signIn, access, hasher, budget, clock });
  const revocation = new RevocationService(reading);
  const { outboxDir, smtpUrl, mailFrom: from } = config;
  const mailer = await openMail({ smtpUrl: smtpUrl?.reveal(), from, outboxDir, clock, random, ...mailEvents(log, metrics) });
  closers.push(() => mailer.close());
  const parts = { issuer: config.issuer, store, access, hasher, clock, random, mailer };
  const administering = administration(parts);
  const forPeople = people({ ...parts, ...administering, signIn, revocation, log });
  closers.push(() => forPeople.resets.idle());
  const introspection = new IntrospectionService(reading);
  const tokens = new TokenService({
    ...reading,
    issuer: config.issuer,
    orderCloudApi: config.orderCloudApi,
    accessTokenLifetimeSeconds: config.accessTokenLifetimeSeconds,
    refreshTokenLifetimeSeconds: config.refreshTokenLifetimeSeconds,
    signIn,
    impersonation: new ImpersonationService({ ...reading, issuer: config.issuer, introspection, transaction: store.transaction }),
    random,
    onIssued: (event) => {
      events.issued(event);
      usage.record(event);
    },
  });
  const explain = new ExplainService(access, clock);
  const administered = new Administration({
    issuer: config.issuer,
    store,
    access,
    hasher,
    clock,
    random,
    definitions,
    fullAccessHours: config.fullAccessHours,
  });
  const onUntold = (client_id: string, err: unknown) => log.warn({ event: 'backchannel_logout_failed', client_id, err });
  const interactive = interactiveServices({
    ...parts,
    ...reading,
    userCodes,
    revocation,
    send: formSender(config.logoutNetworks),
    onFailed: onUntold,
  });
  closers.push(() => interactive.backchannel.idle());
  const services = {
    access,
    keys,
    signIn,
    tokens,
    authentication: new ClientAuthentication(hasher, clock),
    introspection,
    revocation,
    revocationFeed: new RevocationFeedService({ issuer: config.issuer, revocationFeed: store.revocationFeed, clock }),
    explain,
    explainDocuments: new ExplainDocuments({
      ...parts,
      orderCloudApi: config.orderCloudApi,
      accessTokenLifetimeSeconds: config.accessTokenLifetimeSeconds,
      explain,
      nearest,
    }),
    definitions,
    administration: administered,
    passwordAdministration: new PasswordAdministration({ administration: administered, ...administering, ...forPeople, clock, random }),
    ...interactive,
    inviting: new InvitationAdministration({ administration: administered, invitations: forPeople.invitations, definitions, clock }),
    usageReview: new UsageReview({ usage: store.pages.usage, access, clock, usageDays: config.usageDays }),
    ...administering,
    ...forPeople,
  };
  /** For failures that nothing waited for. */
  const onStray = (err: unknown): void => {
    metrics.strayFailures.inc();
    log.error({ event: 'stray_failure', err });
  };
  return { config, log, onStray, clock, random, store, changes, hasher, signer, budget, requests, metrics, events, usage, services };
}

function administration(parts: UserServiceOptions & Omit<OneTimeLinkOptions, 'users'>) {
  const users = new UserService(parts);
  const clients = new ClientService(parts);
  const links = new OneTimeLinks({ ...parts, users });
  return { users, clients, links, bootstrap: new Bootstrap({ ...parts, clients, links }) };
}

interface PeopleParts extends UserServiceOptions, Omit<MeServiceOptions, 'passwords' | 'sessions'> {
  readonly links: OneTimeLinks;
  readonly revocation: RevocationService;
  readonly log: Logger;
}

/** What people do for themselves: invited, forgetful, or signed in. */
function people({ log, ...parts }: PeopleParts) {
  const passwords = new Passwords(parts);
  const sessions = new SessionService(parts);
  return {
    sessions,
    passwords,
    me: new MeService({ ...parts, passwords, sessions }),
    invitations: new InvitationService(parts),
    acceptance: new InvitationAcceptance({ ...parts, passwords, mayStill: inviterMayStill(parts.clock) }),
    resets: new PasswordResets({ ...parts, onFailed: (err) => log.warn({ event: 'password_reset_failed', err }) }),
  };
}

let serving: ReturnType<typeof importServing> | undefined;

/** What answers requests is loaded once, and only by who serves: the other commands do not wait for it. */
function loadServing(): ReturnType<typeof importServing> {
  serving ??= importServing();
  return serving;
}

async function importServing() {
  const { openEngine } = await import('./engine/engine.ts');
  const { localKeys } = await import('./engine/local-keys.ts');
  const { openManagement } = await import('./http/management/management.ts');
  const { openLook } = await import('./http/sign-in/look.ts');
  const { refusalPage } = await import('./http/sign-in/refusal.ts');
  const { signInPages } = await import('./http/sign-in/sign-in.ts');
  const { openOrderCloud } = await import('./http/ordercloud/ordercloud.ts');
  const { userinfoRoute } = await import('./http/userinfo.ts');
  const { openConsole } = await import('./http/console.ts');
  return { openEngine, localKeys, openManagement, openOrderCloud, openLook, refusalPage, signInPages, userinfoRoute, openConsole };
}

async function listen(
  { config, log, store, changes, hasher, signer, budget, requests, metrics, events, usage, services, clock, random }: Parts,
  { exposition = () => metrics.registry.metrics() }: ListenOptions,
  closers: Closer[],
): Promise<{ port: number }> {
  await ensureKeys(services.access, services.keys);
  const { access } = services;
  const loaded = await loadServing();
  const { openEngine, openManagement, openOrderCloud, localKeys, openLook, refusalPage, signInPages, userinfoRoute, openConsole } = loaded;
  const secret = await deploymentSecret({ store, random });
  const tls = config.issuer.startsWith('https:');
  const pages = { look: await openLook(config), secret: derivedSecret(secret, 'forms'), random, tls };
  const { endpoints, browser } = openEngine({
    ...services,
    issuer: config.issuer,
    clock,
    random,
    budget,
    requests,
    artifacts: store.artifacts,
    sessions: services.browserSessions,
    signer,
    sessionLifetimeSeconds: config.sessionLifetimeSeconds,
    cookieKeys: [derivedSecret(secret, 'cookies')],
    endGrant: (id, clientId) => services.revocation.endReused(id, clientId),
    refused: refusalPage(pages),
    replays: store.replays,
    orderCloudApi: config.orderCloudApi,
    jwks: () => signer.jwks(),
    onRefusal: (ctx, refusal) => events.refused({ ...refusal, requestId: requestIdOf(ctx) }),
  });
  const onFault: HttpOptions['onFault'] = (ctx, err) => log.error({ event: 'request_failed', path: ctx.path, request_id: requestIdOf(ctx), err });
  const onRefused: ManagementOptions['onRefused'] = (ctx, refusal) =>
    log.info({ event: 'api_refused', endpoint: endpointOf(ctx), method: ctx.method, ...refusal, request_id: requestIdOf(ctx) });
  const keys = localKeys(() => signer.jwks());
  const apis = { ...services, issuer: config.issuer, clock, random, keys, signer, store, onRefused, onFault };
  const management = openManagement({ ...apis, signingKeys: services.keys, secret });
  const orderCloud = config.orderCloudApi ? openOrderCloud({ ...apis, jwks: () => signer.jwks(), hasher, budget }) : [];
  // A test's clock is no clock to be right or wrong.
  const onSkew = (milliseconds: number) => log.error({ event: 'clock_skew', milliseconds });
  const assertClock = clock === SYSTEM_CLOCK ? clockWatch({ store, clock, onSkew }) : async () => {};
  const prefix = randomBytes(6).toString('base64url');
  let answered = 0;
  const ready = async () => {
    if (server.draining) throw new DomainError('unavailable', 'The server is stopping.');
    await store.ping();
    await assertClock();
  };
  const server = createHttpServer({
    tls,
    trustedProxyHops: config.trustedProxyHops,
    connections: {
      total: config.maxConnections,
      perCaller: config.trustedProxyHops > 0 ? undefined : config.maxConnectionsPerAddress,
      callerOf,
      onRefused: (limit) => metrics.refusedConnections.inc({ limit }),
    },
    requestId: () => `${prefix}-${(answered += 1).toString(36)}`,
    middleware: [
      ...orderCloud,
      endpoints,
      revocationFeedRoute(services.revocationFeed),
      ...management,
      userinfoRoute({ ...services, issuer: config.issuer, keys: localKeys(() => signer.jwks()), signer, replays: store.replays, clock }),
      ...signInPages({ ...pages, ...services, issuer: config.issuer, signer, browser, budget }),
      await openConsole({ issuer: config.issuer }),
      healthRoutes({ ready, exposition }),
    ],
    onAnswered: (ctx, seconds) => metrics.requests.observe({ endpoint: endpointOf(ctx), method: ctx.method, status: ctx.status }, seconds),
    onFault,
  });
  closers.push(changes.subscribe(() => access.expire()));
  const onError = (err: unknown) => log.warn({ event: 'reaping_failed', err });
  closers.push(startReaper({ store, clock, usageDays: config.usageDays, assertClock, onError }));
  closers.push(usage.start());
  const port = await server.listen(config.port, config.host);
  closers.push(() => server.drain(DRAIN_MS));
  return { port };
}

/** A signer that makes the first key of an algorithm when a resource server asks for one that nothing was signed with before. */
function makingKeys(signer: TokenSignerHandle, keys: KeyService): TokenSignerHandle {
  const sign: TokenSignerHandle['sign'] = async (claims, algorithm) => {
    try {
      return await signer.sign(claims, algorithm);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      await keys.ensure(algorithm, SERVER);
      return signer.sign(claims, algorithm);
    }
  };
  return { ...signer, sign };
}

/** A signing key for every algorithm that a token may be asked for. */
async function ensureKeys(access: AccessService, keys: KeyService): Promise<void> {
  await access.refresh(0);
  const { resourceServers } = await access.workspace();
  for (const alg of new Set<SigningAlgorithm>(['ES256', ...[...resourceServers.values()].map((server) => server.signingAlg)])) {
    await keys.ensure(alg, SERVER);
  }
}
