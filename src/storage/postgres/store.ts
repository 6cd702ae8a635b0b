/**
 * @module The store on Postgres. The same statements serve a server and the Postgres that is embedded in the process;
 * only connecting differs.
 */
import type { Knex } from 'knex';
import type { Store } from '../../domain/ports.ts';
import { SYSTEM_CLOCK, type StoreOptions } from '../options.ts';
import { transactionScope } from '../transaction-scope.ts';
import { postgresAccess } from './access.ts';
import { postgresArtifacts } from './artifacts.ts';
import { postgresAudit } from './audit.ts';
import { findClientRecord } from './clients.ts';
import { connect, type PostgresConnection } from './connection.ts';
import { postgresDirectory } from './directory.ts';
import { postgresGrants } from './grants.ts';
import { postgresInvitations } from './invitations.ts';
import { postgresLinks } from './links.ts';
import { migrate } from './migrate.ts';
import { reap } from './reap.ts';
import { postgresRevocationFeed } from './revocation-feed.ts';
import { postgresReplays, postgresRevocations } from './revocations.ts';
import { database, type Statement } from './session.ts';
import { postgresSignIn } from './sign-in.ts';
import { postgresTransaction } from './transaction.ts';
import { postgresUsage } from './usage.ts';

export interface PostgresStoreOptions extends StoreOptions, PostgresConnection {
  /** Bring the schema up to date first; true when unset. */
  readonly migrate?: boolean | undefined;
}

/** @throws `unavailable` when the server does not answer */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  if (options.migrate !== false) await migrate(options.url);
  const knex = connect(options);
  return storeOver(knex, { clock: options.clock, close: () => knex.destroy() });
}

const PING: Statement = { name: 'ping', sql: 'SELECT version FROM workspace_state' };

/** A store over a pool of connections. */
export function storeOver(knex: Knex, { clock = SYSTEM_CLOCK, close }: StoreOptions & { readonly close: () => Promise<void> }): Store {
  const scope = transactionScope();
  const now = () => new Date(clock.now());
  const parts = database(knex, scope, now);
  const { reading, writing } = parts;
  let closing: Promise<void> | undefined;
  return {
    access: postgresAccess(reading),
    directory: postgresDirectory(reading),
    signIn: postgresSignIn(parts),
    grants: postgresGrants(parts),
    revocations: postgresRevocations(parts),
    revocationFeed: postgresRevocationFeed(reading),
    replays: postgresReplays(parts),
    artifacts: postgresArtifacts(parts),
    invitations: postgresInvitations(reading),
    links: postgresLinks(parts),
    usage: postgresUsage(parts),
    audit: postgresAudit(reading),
    findClient: (clientId, at) => findClientRecord(reading, clientId, at),
    transaction: postgresTransaction({ knex, scope, now }),
    reap: (at, limit) => reap(writing, at, limit),
    ping: async () => void (await reading.rows(PING)),
    close: () => (closing ??= close()),
  };
}
