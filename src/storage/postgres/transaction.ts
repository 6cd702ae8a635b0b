/**
 * @module Administrative changes in Postgres. Each takes the one row of `workspace_state` first, so that they run one
 * after the other on all nodes and their versions become visible in order. The version moves only when something changed.
 */
import type { Knex } from 'knex';
import type { AuditEvent } from '../../domain/audit-event.ts';
import { MOST_REMEMBERED } from '../../domain/password-policy.ts';
import type { AccessReader, Change, Store, StoreTransaction, TransactionOptions } from '../../domain/ports.ts';
import { auditEntry, type AuditEntry } from '../audit-entry.ts';
import { unknownUser } from '../refusals.ts';
import { runTransaction, type Guard, type TransactionScope } from '../transaction-scope.ts';
import { assertKey, assertStorable, batches, isStorable, storableKeys } from '../values.ts';
import { postgresAccess, type VersionMarks } from './access.ts';
import { postgresAssignments, postgresImpersonationRules } from './assignments.ts';
import { addAuditEvents } from './audit.ts';
import { TELL } from './change-channel.ts';
import { postgresClients, postgresClientSecrets, postgresResourceServers } from './clients.ts';
import { postgresOrganizationTypes, postgresPermissionTypes, postgresRoles, postgresSecurityProfiles } from './definitions.ts';
import { postgresDirectory } from './directory.ts';
import { translate } from './errors.ts';
import { postgresInvitationTable } from './invitations.ts';
import { postgresLinkTable } from './links.ts';
import { assertPlaces, postgresOrganizations } from './organizations.ts';
import { postgresUserGroups, postgresUsers } from './parties.ts';
import type { ChangeRecorder, Writing } from './repository.ts';
import { addRoleLosses } from './revocation-feed.ts';
import { addRevocation } from './revocations.ts';
import { transactionSession, type Statement, type TransactionSession } from './session.ts';

const LOCK: Statement = { sql: 'SELECT version FROM workspace_state FOR UPDATE' };
const SNAPSHOT: Statement = { sql: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY' };
/** Whoever takes the pieces of a long reading may take them slowly; no lock waits. */
const PATIENT: Statement = { sql: "SELECT set_config('idle_in_transaction_session_timeout', '0', true)" };
const RECORD: Statement = {
  sql: `
    WITH bumped AS (UPDATE workspace_state SET version = version + ?::int RETURNING version)
    INSERT INTO changes (version, kind, id, at)
    SELECT b.version, c.kind, c.id, ? FROM bumped b CROSS JOIN jsonb_to_recordset(?::jsonb) AS c (kind text, id text)
    ON CONFLICT DO NOTHING`,
};
const GET_SETTING: Statement = { sql: 'SELECT value FROM settings WHERE name = ?' };
const SET_SETTING: Statement = { sql: 'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value' };
const SET_PASSWORDS: Statement = {
  sql: `
    UPDATE users SET password_hash = given.hash, password_changed_at = ?,
      former_password_hashes = CASE WHEN password_hash IS NULL THEN former_password_hashes ELSE (array_prepend(password_hash, former_password_hashes))[1:?::int] END
    FROM unnest(?::text[], ?::text[]) AS given (id, hash) WHERE users.id = given.id RETURNING users.id`,
};
const PASSWORD_HASHES: Statement = {
  sql: 'SELECT id, password_hash AS hash FROM users WHERE id = ANY (?::text[]) AND password_hash IS NOT NULL',
};
const PASSWORD_OWNERS: Statement = { sql: 'SELECT id FROM users WHERE id = ANY (?::text[]) AND password_hash IS NOT NULL' };

export interface TransactionContext {
  readonly knex: Knex;
  /** Whether those who listen are told of changes. */
  readonly notify: boolean;
  readonly scope: TransactionScope;
  readonly now: () => Date;
  readonly marks: VersionMarks;
}

/** Thrown through knex to undo what was done without a fault. */
const ROLLBACK = Symbol('rollback');

export function postgresTransaction({ knex, notify, scope, now, marks }: TransactionContext): Store['transaction'] {
  return async <T>(work: (tx: StoreTransaction) => Promise<T>, { rollback = false, snapshot = false }: TransactionOptions = {}): Promise<T> => {
    scope.assertOutside();
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    try {
      await knex.transaction(async (trx) => {
        const parts = openParts(transactionSession(trx), { at: now(), notify, rollback, snapshot, marks });
        try {
          await parts.begin();
          outcome = { value: await runTransaction({ scope, work, open: parts.open, finish: parts.finish }) };
        } catch (error) {
          outcome = { error };
        }
        if (rollback || 'error' in outcome) throw ROLLBACK;
      });
    } catch (error) {
      // What the work threw comes out as it is; only beginning and committing are the driver's.
      if (outcome === undefined || (error !== ROLLBACK && !('error' in outcome))) throw translate(error, false);
    }
    if ('error' in outcome!) throw outcome.error;
    return outcome!.value;
  };
}

interface PartsOptions extends Required<TransactionOptions> {
  readonly at: Date;
  readonly notify: boolean;
  readonly marks: VersionMarks;
}

function openParts(session: TransactionSession, { at, notify, rollback, snapshot, marks }: PartsOptions) {
  const log = changeLog(session, at);
  const writing: Writing = { session, changes: log, at };
  const events: AuditEntry[] = [];
  let typesChanged = false;
  const hooks = { typesChanged: () => void (typesChanged = true) };
  return {
    begin: async () => {
      if (!snapshot) return void (await session.rows(LOCK));
      await session.rows(SNAPSHOT);
      await session.rows(PATIENT);
    },
    open: (guard: Guard): StoreTransaction => ({
      access: guard(readingOwnChanges(postgresAccess(session, marks), log)),
      directory: guard(postgresDirectory(session)),
      organizationTypes: guard(postgresOrganizationTypes(writing, hooks)),
      roles: guard(postgresRoles(writing)),
      permissionTypes: guard(postgresPermissionTypes(writing)),
      organizations: guard(postgresOrganizations(writing)),
      userGroups: guard(postgresUserGroups(writing)),
      users: guard(postgresUsers(writing)),
      securityProfiles: guard(postgresSecurityProfiles(writing)),
      clients: guard(postgresClients(writing)),
      resourceServers: guard(postgresResourceServers(writing)),
      assignments: guard(postgresAssignments(writing)),
      impersonationRules: guard(postgresImpersonationRules(writing)),
      invitations: guard(postgresInvitationTable(session)),
      links: guard(postgresLinkTable(session)),
      settings: guard(settings(writing)),
      ...guard({ ...postgresClientSecrets(writing), ...passwords(session) }),
      ...guard({
        revoke: (revocation: Parameters<StoreTransaction['revoke']>[0]) => addRevocation(session, revocation),
        loseRoles: (losses: Parameters<StoreTransaction['loseRoles']>[0]) => addRoleLosses(session, losses),
        audit: async (event: AuditEvent) => void events.push(auditEntry(event)),
      }),
    }),
    finish: async () => {
      if (snapshot) return;
      if (typesChanged) await assertPlaces(session);
      await log.flush();
      if (notify && !rollback && log.flushed) await session.rows(TELL);
      // Last of all: nothing is waited for with the end of the chain in hand, which everybody who writes an event wants.
      if (!rollback) await addAuditEvents(session, events);
    },
  };
}

interface ChangeLogWriter extends ChangeRecorder {
  /** Writes what was recorded; the first time it moves the version. */
  flush(): Promise<void>;
  /** Whether there was anything to write. */
  readonly flushed: boolean;
}

function changeLog(session: TransactionSession, at: Date): ChangeLogWriter {
  const pending = new Map<string, Change>();
  let bump = 1;
  return {
    changed(kind, ids) {
      for (const id of ids) pending.set(`${kind} ${id}`, { kind, id });
    },
    async flush() {
      const changes = [...pending.values()];
      pending.clear();
      for (const batch of batches(changes, 10_000)) {
        await session.rows(RECORD, [bump, at, JSON.stringify(batch)]);
        bump = 0;
      }
    },
    get flushed() {
      return bump === 0;
    },
  };
}

function readingOwnChanges(access: AccessReader, log: ChangeLogWriter): AccessReader {
  return {
    ...access,
    readChanges: async (since) => {
      await log.flush();
      return access.readChanges(since);
    },
  };
}

function settings({ session, changes }: Writing): StoreTransaction['settings'] {
  return {
    get: async (name) => (isStorable(name) ? (await session.rows<{ readonly value: string }>(GET_SETTING, [name]))[0]?.value : undefined),
    set: async (name, value) => {
      assertKey(name, 'a setting');
      assertStorable(value, 'A setting');
      await session.rows(SET_SETTING, [name, value]);
      changes.changed('catalogue', ['']);
    },
  };
}

function passwords(
  session: TransactionSession,
): Pick<StoreTransaction, 'setPassword' | 'setPasswords' | 'findPasswordOwners' | 'findPasswordHashes'> {
  const setPasswords: StoreTransaction['setPasswords'] = async (hashes, changedAt) => {
    for (const hash of hashes.values()) assertStorable(hash, 'A password hash');
    for (const batch of batches([...hashes])) {
      const sound = batch.filter(([id]) => isStorable(id));
      const values = [changedAt, MOST_REMEMBERED - 1, sound.map(([id]) => id), sound.map(([, hash]) => hash)];
      const known = new Set((await session.rows<{ readonly id: string }>(SET_PASSWORDS, values)).map(({ id }) => id));
      for (const [id] of batch) if (!known.has(id)) throw unknownUser(id);
    }
  };
  return {
    setPassword: (userId, passwordHash, changedAt) => setPasswords(new Map([[userId, passwordHash]]), changedAt),
    setPasswords,
    findPasswordOwners: async (userIds) => {
      const rows = await session.rows<{ readonly id: string }>(PASSWORD_OWNERS, [storableKeys(userIds)]);
      return new Set(rows.map(({ id }) => id));
    },
    findPasswordHashes: async (userIds) => {
      const rows = await session.rows<{ readonly id: string; readonly hash: string }>(PASSWORD_HASHES, [storableKeys(userIds)]);
      return new Map(rows.map(({ id, hash }) => [id, hash]));
    },
  };
}
