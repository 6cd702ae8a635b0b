/**
 * @module The in-memory twin of the Postgres store: the same answers, the same refusals, the same order of changes. For
 * tests and for trying things out; what it holds ends with the process.
 */
import { INVITATION_KEPT_MS } from '../../domain/invitation.ts';
import type { Store } from '../../domain/ports.ts';
import { CHANGES_KEPT_MS, SYSTEM_CLOCK, type StoreOptions } from '../options.ts';
import { runTransaction, transactionScope } from '../transaction-scope.ts';
import { memoryAccess } from './access.ts';
import type { MemoryAccessor } from './accessor.ts';
import { memoryArtifacts } from './artifacts.ts';
import { appendAuditEvents, memoryAudit } from './audit.ts';
import { findClientRecord } from './clients.ts';
import { memoryDirectory } from './directory.ts';
import { memoryGrants, memoryReplays, memoryRevocations, stillHits } from './grants.ts';
import { memoryInvitations } from './invitations.ts';
import { memoryLinks } from './links.ts';
import { assertPlaces } from './organizations.ts';
import { memoryRevocationFeed } from './revocation-feed.ts';
import { memorySignIn, restEnds } from './sign-in.ts';
import { Draft, emptyState, type State } from './tables.ts';
import { memoryTransaction } from './transaction.ts';
import { memoryUsage } from './usage.ts';

export function openMemoryStore(options: StoreOptions = {}): Store {
  const clock = options.clock ?? SYSTEM_CLOCK;
  const state = emptyState();
  const scope = transactionScope();
  const queue = serialQueue();
  const read = () => {
    scope.assertOutside();
    return state;
  };
  const accessor: MemoryAccessor = {
    read,
    write: async (work) => {
      scope.assertOutside();
      return queue(async () => work({ tables: state.tables, audit: (event) => appendAuditEvents(state, [event]) }));
    },
    now: () => clock.now(),
  };
  const transaction: Store['transaction'] = async (work, { rollback = false, snapshot = false } = {}) => {
    scope.assertOutside();
    return queue(() => {
      const draft = new Draft(state, clock.now());
      return runTransaction({
        scope,
        work,
        open: (guard) => memoryTransaction(draft, guard),
        finish: async () => {
          if (draft.tables.organizationTypes !== state.tables.organizationTypes) assertPlaces(draft);
          if (!rollback && !snapshot) appendAuditEvents(state, draft.commit());
        },
      });
    });
  };
  const directory = memoryDirectory(() => read().tables);
  const revocations = memoryRevocations(accessor);
  const invitations = memoryInvitations(() => read().tables);
  const usage = memoryUsage(accessor);
  const audit = memoryAudit(read);
  return {
    access: memoryAccess(read),
    directory,
    signIn: memorySignIn(accessor),
    grants: memoryGrants(accessor),
    revocations,
    revocationFeed: memoryRevocationFeed(() => read().tables),
    replays: memoryReplays(accessor),
    artifacts: memoryArtifacts(accessor),
    invitations,
    links: memoryLinks(accessor),
    usage,
    audit,
    pages: { directory, audit, usage, revocations, invitations },
    findClient: async (clientId, now) => findClientRecord(read().tables, clientId, now),
    transaction,
    reap: (now, limit) => accessor.write(() => reap(state, now.getTime(), limit)),
    analyze: async () => {},
    ping: async () => void read(),
    time: async () => new Date(SYSTEM_CLOCK.now()),
    close: async () => {},
  };
}

/** One after the other, whether or not the one before succeeded. */
function serialQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}

function reap({ tables, heading }: State, now: number, limit: number): number {
  let count = sweep(tables.refreshTokens, limit, ({ grantId }) => tables.grants.get(grantId)!.expiresAt.getTime() <= now);
  const needed = new Set([...tables.refreshTokens.values()].map(({ grantId }) => grantId));
  count += sweep(tables.grants, limit, (grant) => grant.expiresAt.getTime() <= now && !needed.has(grant.id));
  count += sweep(tables.revocations, limit, (revocation) => revocation.expiresAt.getTime() <= now && !stillHits(tables, revocation));
  count += sweep(tables.roleLosses, limit, ({ expiresAt }) => expiresAt.getTime() <= now);
  count += sweep(tables.replays, limit, (expiresAt) => expiresAt <= now);
  count += sweep(tables.artifacts, limit, ({ expiresAt }) => expiresAt.getTime() <= now);
  count += sweep(tables.attempts, limit, (row) => restEnds(row) <= now);
  count += sweep(tables.links, limit, ({ expiresAt }) => expiresAt.getTime() <= now);
  count += sweep(tables.invitations, limit, ({ expiresAt }) => expiresAt.getTime() + INVITATION_KEPT_MS <= now);
  for (const [clientId, secrets] of tables.secrets) {
    const left = secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt.getTime() > now);
    count += secrets.length - left.length;
    if (left.length < secrets.length) tables.secrets.set(clientId, left);
  }
  count += sweep(tables.changes, limit, ({ version, at }) => {
    const old = at + CHANGES_KEPT_MS <= now;
    if (old) heading.logStart = Math.max(heading.logStart, version);
    return old;
  });
  return count;
}

function sweep<T>(table: Map<string, T>, limit: number, expired: (row: T) => boolean): number {
  let count = 0;
  for (const [key, row] of table) {
    if (count >= limit) break;
    if (expired(row)) {
      table.delete(key);
      count += 1;
    }
  }
  return count;
}
