/** @module The services on the in-memory store, with a clock that a test turns and a signer and hasher that hide nothing. */
import type { AttemptBudget } from '../../../src/domain/attempt-budget.ts';
import type { Claims, Clock, PasswordHasher, Random, Store, TokenSigner } from '../../../src/domain/ports.ts';
import { AccessService } from '../../../src/services/access.ts';
import { ImpersonationService } from '../../../src/services/impersonation.ts';
import { IntrospectionService } from '../../../src/services/introspection.ts';
import type { PreparedClient } from '../../../src/services/prepared-client.ts';
import { RevocationService } from '../../../src/services/revocation.ts';
import { SignIn } from '../../../src/services/sign-in.ts';
import type { TokenIssued, TokenRequest } from '../../../src/services/token-request.ts';
import { TokenService } from '../../../src/services/tokens.ts';
import { openMemoryStore } from '../../../src/storage/memory/store.ts';
import { assignment, AUDIENCE, client, organization, profile, resourceServer, to, user } from '../../support/market.ts';

export const ISSUER = 'https://id.example.com';
export const START = Date.UTC(2026, 5, 15, 12);

export interface TestClock extends Clock {
  advance(milliseconds: number): void;
}

export function testClock(): TestClock {
  let now = START;
  return { now: () => now, advance: (milliseconds) => void (now += milliseconds) };
}

/** Ids of version 7 by this clock. */
export function countingRandom(clock: Clock): Random {
  let made = 0;
  return {
    id: () => {
      const time = clock.now().toString(16).padStart(12, '0');
      return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${String((made += 1)).padStart(12, '0')}`;
    },
    secret: () => `secret-${(made += 1)}`,
  };
}

/** A "token" is the claims between two dots. */
export const openSigner: TokenSigner = {
  sign: async (claims, algorithm) => `${algorithm}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`,
  verify: async (token) => {
    const [, payload] = token.split('.');
    try {
      return JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Claims;
    } catch {
      return undefined;
    }
  },
  signIdToken: async (claims) => `id.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`,
  signLogoutToken: async (claims) => `logout.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`,
  verifyIdTokenHint: async () => undefined,
};

/** The hash of a password is the password with a mark; what is done is written down. */
export function openHasher() {
  const verified: string[] = [];
  const hasher: PasswordHasher = {
    decoy: 'decoy',
    hash: async (password) => `new:${password}`,
    verify: async (hash, password) => {
      verified.push(hash);
      return hash === `new:${password}` || hash === `old:${password}`;
    },
    needsRehash: (hash) => hash.startsWith('old:'),
    slowestForeignMilliseconds: () => 0,
  };
  return { hasher, verified };
}

export function openBudget() {
  const calls: string[] = [];
  const budget: AttemptBudget = {
    take: async ({ address, name }) => void calls.push(`take ${address} ${name}`),
    giveBack: async ({ address, name }) => void calls.push(`give back ${address} ${name}`),
    recordFailure: async (address) => void calls.push(`failure ${address}`),
    blockedFor: () => undefined,
  };
  return { budget, calls };
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** Alice of Acme with the role Shopper and a password, the client shop that may do everything, its API. */
export async function openWorld(wrap: (store: Store) => Store = (store) => store) {
  const clock = testClock();
  const store = wrap(openMemoryStore({ clock }));
  const { hasher, verified } = openHasher();
  const { budget, calls } = openBudget();
  const random = countingRandom(clock);
  const access = new AccessService(store, clock, 64 * 1024 * 1024);
  const signIn = new SignIn({ store: store.signIn, access, hasher, budget, clock });
  const issued: TokenIssued[] = [];
  const reading = { access, grants: store.grants, revocations: store.revocations, signer: openSigner, clock };
  const introspection = new IntrospectionService(reading);
  const tokens = new TokenService({
    orderCloudApi: true,
    ...reading,
    issuer: ISSUER,
    impersonation: new ImpersonationService({ ...reading, issuer: ISSUER, introspection, transaction: store.transaction }),
    accessTokenLifetimeSeconds: 600,
    refreshTokenLifetimeSeconds: 86_400,
    signIn,
    random,
    onIssued: (event) => void issued.push(event),
  });
  const revocation = new RevocationService(reading);
  const change: Store['transaction'] = async (work) => {
    const result = await store.transaction(work);
    access.expire();
    return result;
  };
  await change(async (tx) => {
    await tx.organizationTypes.put([{ name: 'buyer', parents: [], barredRoles: [] }]);
    await tx.roles.put(['Shopper', 'OrderReader'].map((name) => ({ name, category: 'custom' as const })));
    await tx.organizations.put([organization('acme', 'buyer')]);
    await tx.users.put([user('alice', 'acme')]);
    await tx.setPassword('alice', 'new:pw', new Date(START));
    await tx.securityProfiles.put([profile('shopping', ['Shopper'])]);
    await tx.clients.put([client('shop'), client('api', { grantTypes: [] }), client('other')]);
    await tx.resourceServers.put([resourceServer(AUDIENCE.seller, { clients: ['api'] })]);
    await tx.assignments.put([assignment('shopping', to.user('alice')), assignment('shopping', to.client('shop'))]);
  });
  const request = async (given: Partial<TokenRequest> = {}, clientId = 'shop'): Promise<TokenRequest> => {
    await access.refresh(0);
    return {
      client: (await access.client(clientId)) as PreparedClient,
      scope: 'Shopper',
      resource: AUDIENCE.seller,
      dpopThumbprint: undefined,
      ...given,
    };
  };
  const credentials = { username: 'alice', password: 'pw', address: '192.0.2.1', shared: false };
  return {
    clock,
    store,
    hasher,
    verified,
    budgetCalls: calls,
    access,
    signIn,
    tokens,
    introspection,
    revocation,
    issued,
    change,
    request,
    credentials,
  };
}
