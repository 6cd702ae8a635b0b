/**
 * @module The store on Postgres. The same statements serve a server and the Postgres that is embedded in the process;
 * only connecting differs.
 */
import type { Knex } from 'knex';
import type { Pages } from '../../domain/pages.ts';
import type { Store } from '../../domain/ports.ts';
import { copiedArtifacts, type CopiedArtifacts } from '../copied-artifacts.ts';
import { SYSTEM_CLOCK, type SharedStoreOptions } from '../options.ts';
import { redisArtifacts } from '../redis/artifacts.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { transactionScope } from '../transaction-scope.ts';
import { postgresAccess, versionMarks } from './access.ts';
import { postgresArtifactNotes } from './artifact-notes.ts';
import { postgresArtifacts, reapCopied } from './artifacts.ts';
import { postgresAudit } from './audit.ts';
import { findClientRecord } from './clients.ts';
import { connect, type PostgresConnection } from './connection.ts';
import { postgresDirectory } from './directory.ts';
import { postgresGrants } from './grants.ts';
import { postgresInvitations } from './invitations.ts';
import { postgresLinks } from './links.ts';
import { migrate } from './migrate.ts';
import { reap } from './reap.ts';
import { replicaOf, type Replica, type ReplicaOptions } from './replica.ts';
import { postgresRevocationFeed } from './revocation-feed.ts';
import { postgresReplays, postgresRevocations } from './revocations.ts';
import { database, type Database, type Statement } from './session.ts';
import { postgresSignIn } from './sign-in.ts';
import { postgresTransaction } from './transaction.ts';
import { postgresUsage } from './usage.ts';

export interface PostgresStoreOptions extends SharedStoreOptions, PostgresConnection {
  /** A streaming replica for pages. */
  readonly replica?: (ReplicaOptions & { readonly url: string }) | undefined;
  /** Bring the schema up to date first; true when unset. */
  readonly migrate?: boolean | undefined;
  /** Whether changes are told to those who listen in the database; unset: not. */
  readonly notify?: boolean | undefined;
}

/** @throws `unavailable` when the server does not answer */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  if (options.migrate !== false) await migrate(options.url);
  const knex = connect(options);
  const replica = options.replica && { ...options.replica, knex: connect({ ...options, url: options.replica.url }) };
  const close = async () => void (await Promise.all([knex.destroy(), replica?.knex.destroy()]));
  return storeOver(knex, { clock: options.clock, redis: options.redis, notify: options.notify, replica, close });
}

/** By the plans that are made before this, each row that names another one looks through all of those. */
const ANALYZE: Statement = { sql: 'ANALYZE subjects, users, user_group_members' };
const PING: Statement = { name: 'ping', sql: 'SELECT version FROM workspace_state' };
const TIME: Statement = { name: 'time', sql: 'SELECT clock_timestamp() AS time' };

export interface OpenStoreOptions extends SharedStoreOptions {
  /** Whether changes are told to those who listen in the database; unset: not. */
  readonly notify?: boolean | undefined;
  readonly replica?: (ReplicaOptions & { readonly knex: Knex }) | undefined;
  readonly close: () => Promise<void>;
}

/** A store over a pool of connections. */
export function storeOver(knex: Knex, { clock = SYSTEM_CLOCK, redis, notify = false, replica, close }: OpenStoreOptions): Store {
  const scope = transactionScope();
  const now = () => new Date(clock.now());
  const marks = versionMarks();
  const parts = database(knex, scope, now);
  const { reading, writing } = parts;
  const artifacts = artifactsIn(parts, redis);
  let closing: Promise<void> | undefined;
  const store: Store = {
    access: postgresAccess(reading, marks),
    directory: postgresDirectory(reading),
    signIn: postgresSignIn(parts),
    grants: postgresGrants(parts),
    revocations: postgresRevocations(parts),
    revocationFeed: postgresRevocationFeed(reading),
    replays: postgresReplays(parts),
    artifacts: artifacts.store,
    invitations: postgresInvitations(reading),
    links: postgresLinks(parts),
    usage: postgresUsage(parts),
    audit: postgresAudit(reading),
    pages: postgresPages(parts),
    findClient: (clientId, at) => findClientRecord(reading, clientId, at),
    transaction: postgresTransaction({ knex, notify, scope, now, marks }),
    reap: async (at, limit) => (await artifacts.settle(at, limit)) + (await reap(writing, at, limit)),
    analyze: async () => void (await writing.rows(ANALYZE).catch(() => undefined)),
    ping: async () => void (await reading.rows(PING)),
    time: async () => (await reading.rows<{ readonly time: Date }>(TIME))[0]!.time,
    close: () => (closing ??= close()),
  };
  return replica === undefined
    ? store
    : showingFrom(replicaOf({ ...parts, knex: replica.knex, assertOutside: scope.assertOutside }, replica), store, parts);
}

function postgresPages(parts: Database): Pages {
  return {
    directory: postgresDirectory(parts.reading),
    audit: postgresAudit(parts.reading),
    usage: postgresUsage(parts),
    revocations: postgresRevocations(parts),
    invitations: postgresInvitations(parts.reading),
  };
}

/** The store, its pages from a replica that is told what they must show. */
function showingFrom({ showing, heardOf, changed }: Replica, store: Store, parts: Database): Store {
  const { access, revocations, signIn } = store;
  /** Also what failed may have been committed. */
  const changing = <T>(work: Promise<T>): Promise<T> => work.finally(changed);
  return {
    ...store,
    pages: postgresPages({ ...parts, reading: showing }),
    access: {
      ...access,
      readChanges: async (since) => {
        const log = await access.readChanges(since);
        heardOf(log.version);
        return log;
      },
    },
    revocations: { ...revocations, add: (revocation, event) => changing(revocations.add(revocation, event)) },
    signIn: { ...signIn, unlock: (key, event) => changing(signIn.unlock(key, event)) },
    transaction: (work, options) => changing(store.transaction(work, options)),
  };
}

function artifactsIn(parts: Database, redis: RedisConnection | undefined): CopiedArtifacts {
  const rows = postgresArtifacts(parts);
  if (redis === undefined) return { store: rows, settle: (at, limit) => reapCopied(parts, at, limit) };
  return copiedArtifacts({ copies: redisArtifacts(redis), rows, notes: postgresArtifactNotes(parts), now: parts.now });
}
