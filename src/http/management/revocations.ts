/** Ending what was issued before its time: to a user, through a client, in one sign-in, or one token. */
import { z } from 'zod';
import { callerOf, type Administrator } from '../../administration/administrator.ts';
import { absent } from '../../administration/nouns.ts';
import type { Store, TokenSigner } from '../../domain/ports.ts';
import type { SweepingRevocation } from '../../domain/revocation.ts';
import { isRootTenancy } from '../../domain/tenancy.ts';
import type { RevocationService } from '../../services/revocation.ts';
import { GRANT_SEPARATOR, looksLikeJwt, traceOf } from '../../services/token-trace.ts';
import type { Cursors } from '../api/cursor.ts';
import { PAGE_PARAMETERS, pageOf, tenancyKey } from '../api/list.ts';
import { assertMayTouch } from '../api/guard.ts';
import { route, type Route } from '../api/route.ts';
import { assertClient, assertHoldsOneOf, assertUser, holdsOneOf, nothingDone } from './demands.ts';
import { instant } from './representations.ts';

export interface RevocationRouteOptions {
  readonly store: Pick<Store, 'directory' | 'grants' | 'pages'>;
  readonly signer: Pick<TokenSigner, 'verify'>;
  readonly revocation: RevocationService;
  readonly clock: { now(): number };
  readonly cursors: Cursors;
}

type Kind = SweepingRevocation['kind'];

/** Whose tokens they are says which roles it takes. */
const DEMANDS = {
  user: { resource: 'users', readers: ['UserReader', 'UserAdmin'], writers: ['UserAdmin'] },
  client: { resource: 'clients', readers: ['ApiClientReader', 'ApiClientAdmin'], writers: ['ApiClientAdmin'] },
} as const;

const revoked = z
  .strictObject({
    kind: z.enum(['user', 'client']),
    id: z.string(),
    not_before: instant.describe('What was issued up to then is ended.'),
    expires_at: instant.describe('When nothing that it ends would be alive anyway.'),
  })
  .meta({ id: 'Revocation' });

const id = z.string().min(1).max(500);
const target = z
  .strictObject({
    user: id.optional().describe('Everything that was issued to this user so far.'),
    client_id: id.optional().describe('Everything that was issued through this client so far.'),
    session: id.optional().describe('One sign-in: its refresh tokens, and the access tokens that came of it.'),
    token: z.string().min(1).max(20_000).optional().describe('One access token, itself or its `jti`.'),
  })
  .refine((body) => Object.values(body).filter((value) => value !== undefined).length === 1, {
    error: 'must name exactly one of user, client_id, session, token.',
  })
  .meta({ id: 'RevocationCreation' });

/** What is to be ended, once it is known to be the administrator's to end. */
type Ending = () => Promise<void>;

export function revocationRoutes(options: RevocationRouteOptions): readonly Route[] {
  const { store, cursors, clock } = options;
  return [
    route({
      method: 'GET',
      path: '/revocations',
      resource: 'revocations',
      roles: ['UserReader', 'UserAdmin', 'ApiClientReader', 'ApiClientAdmin'],
      summary: 'List the users and clients whose tokens were ended',
      description: 'As long as some of these tokens could be alive. Users take a role for users, clients one for clients.',
      query: z.object({ ...PAGE_PARAMETERS, kind: z.enum(['user', 'client']).optional() }),
      answers: { 200: pageOf(revoked) },
      handle: async ({ query, administrator }) => {
        const { tenancy } = administrator;
        const kinds = readableKinds(query.kind, administrator);
        const context = ['revocations', kinds, tenancyKey(tenancy)];
        const after = query.cursor === undefined ? undefined : cursors.open(context, query.cursor);
        const page = await store.pages.revocations.list({
          tenancy,
          kinds,
          now: new Date(clock.now()),
          after,
          limit: query.limit,
          total: query.total,
        });
        const items = page.items.map(({ kind, id: key, notBefore, expiresAt }) => ({ kind, id: key, not_before: notBefore, expires_at: expiresAt }));
        return { status: 200, body: { items, next_cursor: page.next && cursors.seal(context, page.next), total: page.total } };
      },
    }),
    route({
      method: 'POST',
      path: '/revocations',
      resource: 'revocations',
      roles: ['UserAdmin', 'ApiClientAdmin'],
      summary: 'End what was issued',
      description: 'What belongs to a user takes UserAdmin, what belongs to a client ApiClientAdmin.',
      body: target,
      answers: { 200: nothingDone, 204: undefined },
      refuses: ['not_found'],
      handle: async ({ body, administrator, dryRun }) => {
        const end = await endingOf(body, administrator, options);
        if (dryRun) return { status: 200, body: { dry_run: true } };
        await end();
        return { status: 204 };
      },
    }),
  ];
}

/** Asked for or not, nobody is shown a kind without a role for it. */
function readableKinds(asked: Kind | undefined, administrator: Administrator): readonly Kind[] {
  if (asked !== undefined) {
    assertHoldsOneOf(administrator, DEMANDS[asked].readers);
    assertMayTouch(administrator, DEMANDS[asked].resource);
    return [asked];
  }
  const kinds = ['client', 'user'] as const;
  return kinds.filter((kind) => holdsOneOf(administrator, DEMANDS[kind].readers) && !administrator.barred.has(DEMANDS[kind].resource));
}

/** @throws `not_found` for what is not there and for what lies outside */
async function endingOf(body: z.output<typeof target>, administrator: Administrator, options: RevocationRouteOptions): Promise<Ending> {
  const { user, client_id: client, session, token } = body;
  const { revocation } = options;
  const caller = callerOf(administrator);
  if (user !== undefined) {
    await assertMayEnd('user', user, { administrator, options });
    return () => revocation.revokeAll('user', user, caller);
  }
  if (client !== undefined) {
    await assertMayEnd('client', client, { administrator, options });
    return () => revocation.revokeAll('client', client, caller);
  }
  if (session !== undefined) {
    assertHoldsOneOf(administrator, DEMANDS.user.writers);
    const grant = await options.store.grants.find(session);
    if (grant === undefined) throw absent();
    await assertMayEnd('user', grant.userId, { administrator, options });
    return () => revocation.revokeGrant(grant, caller);
  }
  const { jti, organization } = await tokenToEnd(token!, administrator, options);
  return () => revocation.revokeAccessToken(jti, caller, organization);
}

/** Two UUIDs for a token of a sign-in, else one. */
const JTI = /^(?:([0-9a-f-]{36})~)?[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

interface TokenToEnd {
  readonly jti: string;
  /** Of the user or client that it was issued to; undefined when that cannot be known. */
  readonly organization: string | undefined;
}

/** A token that the administrator may end. */
async function tokenToEnd(token: string, administrator: Administrator, options: RevocationRouteOptions): Promise<TokenToEnd> {
  if (looksLikeJwt(token)) {
    const claims = await options.signer.verify(token);
    if (claims === undefined) throw absent();
    const { jti, userId, clientId } = traceOf(claims);
    const [kind, key] = userId === undefined ? (['client', clientId] as const) : (['user', userId] as const);
    return { jti, organization: await assertMayEnd(kind, key, { administrator, options }) };
  }
  if (!JTI.test(token)) throw absent();
  const [sessionId] = token.split(GRANT_SEPARATOR);
  const grant = token.includes(GRANT_SEPARATOR) ? await options.store.grants.find(sessionId!) : undefined;
  if (grant !== undefined) return { jti: token, organization: await assertMayEnd('user', grant.userId, { administrator, options }) };
  assertMayEndAnything(administrator);
  return { jti: token, organization: undefined };
}

interface Asking {
  readonly administrator: Administrator;
  readonly options: RevocationRouteOptions;
}

/** @returns the organization of the user or client */
async function assertMayEnd(kind: Kind, key: string, { administrator, options }: Asking): Promise<string | undefined> {
  const { writers, resource } = DEMANDS[kind];
  assertHoldsOneOf(administrator, writers);
  assertMayTouch(administrator, resource);
  const { directory } = options.store;
  const found =
    kind === 'user'
      ? await assertUser(directory, key, administrator)
      : await assertClient(directory, key, { tenancy: administrator.tenancy, inherited: false });
  return found.organization;
}

/** Tokens leave no row, so whose a bare id is cannot be known: that is for the administrators of a whole tree. */
function assertMayEndAnything(administrator: Administrator): void {
  for (const { writers, resource } of Object.values(DEMANDS)) {
    assertHoldsOneOf(administrator, writers);
    assertMayTouch(administrator, resource);
  }
  if (!isRootTenancy(administrator.tenancy)) throw absent();
}
