/**
 * @module Administrative changes in Postgres. Each takes the one row of `workspace_state` first, so that they run one
 * after the other on all nodes and their versions become visible in order. The version moves only when something changed.
 */
import type { Knex } from 'knex';
import type { AccessReader, Change, Store, StoreTransaction } from '../../domain/ports.ts';
import { missing, unknownUser } from '../refusals.ts';
import { runTransaction, type Guard, type TransactionScope } from '../transaction-scope.ts';
import { assertKey, assertStorable, isStorable, storableKeys } from '../values.ts';
import { postgresAccess } from './access.ts';
import { postgresAssignments, postgresImpersonationRules } from './assignments.ts';
import { addAuditEvent } from './audit.ts';
import { postgresClients, postgresClientSecrets, postgresResourceServers } from './clients.ts';
import { postgresOrganizationTypes, postgresPermissionTypes, postgresRoles, postgresSecurityProfiles } from './definitions.ts';
import { translate } from './errors.ts';
import { assertPlaces, postgresOrganizations } from './organizations.ts';
import { postgresUserGroups, postgresUsers } from './parties.ts';
import type { ChangeRecorder, Writing } from './repository.ts';
import { addRevocation } from './revocations.ts';
import { transactionSession, type Statement, type TransactionSession } from './session.ts';

const LOCK: Statement = { sql: 'SELECT version FROM workspace_state FOR UPDATE' };
const RECORD: Statement = {
  sql: `
    WITH bumped AS (UPDATE workspace_state SET version = version + ?::int RETURNING version)
    INSERT INTO changes (version, kind, id, at)
    SELECT b.version, c.kind, c.id, ? FROM bumped b CROSS JOIN jsonb_to_recordset(?::jsonb) AS c (kind text, id text)
    ON CONFLICT DO NOTHING`,
};
const GET_SETTING: Statement = { sql: 'SELECT value FROM settings WHERE name = ?' };
const SET_SETTING: Statement = { sql: 'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value' };
const SET_PASSWORD: Statement = { sql: 'UPDATE users SET password_hash = ?, password_changed_at = ? WHERE id = ? RETURNING id' };
const PASSWORD_OWNERS: Statement = { sql: 'SELECT id FROM users WHERE id = ANY (?::text[]) AND password_hash IS NOT NULL' };

export interface TransactionContext {
  readonly knex: Knex;
  readonly scope: TransactionScope;
  readonly now: () => Date;
}

/** Thrown through knex to undo what was done without a fault. */
const ROLLBACK = Symbol('rollback');

export function postgresTransaction({ knex, scope, now }: TransactionContext): Store['transaction'] {
  return async <T>(work: (tx: StoreTransaction) => Promise<T>, { rollback = false } = {}): Promise<T> => {
    scope.assertOutside();
    let result: { readonly value: T } | undefined;
    try {
      await knex.transaction(async (trx) => {
        const session = transactionSession(trx);
        await session.rows(LOCK);
        const recorder = changeLog(session, now());
        let typesChanged = false;
        const writing: Writing = { session, changes: recorder };
        const hooks = { typesChanged: () => void (typesChanged = true) };
        const finish = async () => {
          if (typesChanged) await assertPlaces(session);
          if (!rollback) await recorder.flush();
        };
        result = { value: await runTransaction({ scope, work, finish, open: (guard) => open(writing, recorder, { guard, hooks }) }) };
        if (rollback) throw ROLLBACK;
      });
    } catch (error) {
      if (error !== ROLLBACK) throw isOurs(error) ? error : translate(error, false);
    }
    return result!.value;
  };
}
