/** @module Grants, refresh tokens, revocations and single-use ids of the in-memory store. */
import { byCodeUnit } from '../../domain/catalogue.ts';
import type { Page } from '../../domain/directory.ts';
import type { Grant, GrantStore, ReplayStore } from '../../domain/ports.ts';
import {
  EVERYBODY,
  type Revocation,
  type RevocationQuery,
  type RevocationStore,
  type SweepingRevocation,
  type TokenTrace,
} from '../../domain/revocation.ts';
import { covers } from '../../domain/tenancy.ts';
import { pageOf } from '../directory-query.ts';
import { missing, taken } from '../refusals.ts';
import { assertKey, copy, toJson } from '../values.ts';
import type { Tables } from './tables.ts';
import type { MemoryAccessor } from './accessor.ts';
import { stamped } from './revocation-feed.ts';

export function memoryGrants({ read, write, now }: MemoryAccessor): GrantStore {
  return {
    create: (grant, refreshTokenHash) =>
      write(({ tables }) => {
        assertKey(grant.id, 'a grant');
        if (refreshTokenHash !== undefined) assertKey(refreshTokenHash, 'a refresh token');
        if (grant.browser !== undefined) assertKey(grant.browser.sessionId, 'a session');
        toJson(grant, 'A grant');
        if (!tables.users.has(grant.userId)) throw missing('grants_user_fk', grant.userId);
        if (!tables.clients.has(grant.clientId)) throw missing('grants_client_fk', grant.clientId);
        if (tables.grants.has(grant.id)) throw taken('grants_pkey');
        if (refreshTokenHash !== undefined && tables.refreshTokens.has(refreshTokenHash)) throw taken('refresh_tokens_pkey');
        tables.grants.set(grant.id, copy(grant));
        if (refreshTokenHash !== undefined) tables.refreshTokens.set(refreshTokenHash, { grantId: grant.id, createdAt: copy(grant.createdAt) });
      }),
    findRefreshToken: async (hash) => {
      const { tables } = read();
      const token = tables.refreshTokens.get(hash);
      const grant = token && tables.grants.get(token.grantId);
      if (token === undefined || grant === undefined || grant.expiresAt.getTime() <= now()) return undefined;
      return copy({ hash, grant, createdAt: token.createdAt, consumedAt: token.consumedAt });
    },
    rotate: (hash, successorHash, at) =>
      write(({ tables }) => {
        assertKey(successorHash, 'a refresh token');
        const token = tables.refreshTokens.get(hash);
        const grant = token && tables.grants.get(token.grantId);
        if (token === undefined || grant === undefined || token.consumedAt !== undefined || grant.expiresAt <= at) return false;
        const trace = { jti: '', grantId: grant.id, userId: grant.userId, clientId: grant.clientId, issuedAt: grant.createdAt };
        const ofSession = grant.browser && { ...trace, grantId: grant.browser.sessionId };
        if (isRevoked(tables, trace) || (ofSession !== undefined && isRevoked(tables, ofSession))) return false;
        if (tables.refreshTokens.has(successorHash)) throw taken('refresh_tokens_pkey');
        tables.refreshTokens.set(hash, { ...token, consumedAt: copy(at) });
        tables.refreshTokens.set(successorHash, { grantId: grant.id, createdAt: copy(at) });
        return true;
      }),
    find: async (id) => {
      const grant = read().tables.grants.get(id);
      return grant === undefined || grant.expiresAt.getTime() <= now() ? undefined : copy(grant);
    },
    ofSession: async (sessionId) =>
      copy(
        [...read().tables.grants.values()]
          .filter(({ browser, expiresAt }) => browser?.sessionId === sessionId && expiresAt.getTime() > now())
          .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || byCodeUnit(b.id, a.id))
          .slice(0, 1000),
      ),
  };
}

export function memoryRevocations({ read, write }: MemoryAccessor): RevocationStore {
  return {
    add: (revocation, event) =>
      write((state) => {
        if (keepRevocation(state.tables, state.tables.revocations, revocation)) state.audit(event);
      }),
    isRevoked: async (trace) => isRevoked(read().tables, trace),
    list: async (query) => listRevocations(read().tables, query),
  };
}

function listRevocations(tables: Tables, { tenancy, kinds, now, after, limit, total }: RevocationQuery): Page<SweepingRevocation> {
  const isListed = (revocation: Revocation): revocation is SweepingRevocation => {
    const { kind, id, expiresAt } = revocation;
    if ((kind !== 'user' && kind !== 'client') || !kinds.includes(kind) || expiresAt <= now) return false;
    const owner = (kind === 'user' ? tables.users : tables.clients).get(id);
    return owner !== undefined && covers(tenancy, owner.organization === undefined ? undefined : tables.organizations.get(owner.organization)!.path);
  };
  const all = [...tables.revocations.values()].filter(isListed).sort((a, b) => byCodeUnit(a.kind, b.kind) || byCodeUnit(a.id, b.id));
  const rest = all.filter(({ kind, id }) => after === undefined || (byCodeUnit(kind, after.value) || byCodeUnit(id, after.key)) > 0);
  return pageOf(copy(rest), limit, { position: ({ kind, id }) => ({ value: kind, key: id }), total: total ? all.length : undefined });
}

/** Keeps the later of two revocations of the same thing; false when there was nothing to add. */
export function keepRevocation(tables: Tables, into: Map<string, Revocation>, revocation: Revocation): boolean {
  assertKey(revocation.id, 'a revocation');
  toJson(revocation, 'A revocation');
  const key = `${revocation.kind}:${revocation.id}`;
  const known = into.get(key);
  const notBefore = later(revocation.notBefore, known?.notBefore);
  let expiresAt = later(revocation.expiresAt, known?.expiresAt);
  for (const grant of tables.grants.values()) if (concerns(revocation, grant)) expiresAt = later(expiresAt, grant.expiresAt);
  const timed = isTimed(revocation);
  const changes = known === undefined || expiresAt > known.expiresAt || (timed && notBefore > known.notBefore);
  if (changes) into.set(key, stamped(copy({ ...revocation, notBefore, expiresAt })));
  return changes;
}

const later = (a: Date, b: Date | undefined): Date => (b === undefined || a > b ? a : b);

function concerns({ kind, id }: Revocation, grant: Grant): boolean {
  if (kind === 'grant') return grant.id === id;
  if (kind === 'user') return grant.userId === id;
  return kind === 'everybody' || (kind === 'client' && grant.clientId === id);
}

const isTimed = ({ kind }: Revocation): boolean => kind === 'user' || kind === 'client' || kind === 'everybody';

export function isRevoked({ revocations }: Tables, trace: TokenTrace): boolean {
  const until = (kind: 'user' | 'client' | 'everybody', id: string | undefined) => revocations.get(`${kind}:${id}`)?.notBefore.getTime() ?? -Infinity;
  return (
    revocations.has(`token:${trace.jti}`) ||
    (trace.grantId !== undefined && revocations.has(`grant:${trace.grantId}`)) ||
    [trace.userId, trace.actorId].some((id) => id !== undefined && trace.issuedAt.getTime() <= until('user', id)) ||
    trace.issuedAt.getTime() <= Math.max(until('client', trace.clientId), until('everybody', EVERYBODY))
  );
}

/** Whether a revocation may still be needed after its expiry: a grant that it hits would come to life again. */
export function stillHits(tables: Tables, revocation: Revocation): boolean {
  const timed = isTimed(revocation);
  return [...tables.grants.values()].some((grant) => concerns(revocation, grant) && (!timed || grant.createdAt <= revocation.notBefore));
}

export function memoryReplays({ write, now }: MemoryAccessor): ReplayStore {
  return {
    useOnce: (id, expiresAt) =>
      write(({ tables }) => {
        assertKey(id, 'a single-use id');
        const known = tables.replays.get(id);
        if (known !== undefined && known > now()) return false;
        tables.replays.set(id, expiresAt.getTime());
        return true;
      }),
  };
}
