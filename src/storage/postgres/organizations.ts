/** @module The organization tree in Postgres. Each organization keeps its path, so that reading never climbs. */
import type { Organization } from '../../domain/organization.ts';
import type { WritableRepository } from '../../domain/ports.ts';
import { parentsFirst } from '../organization-order.ts';
import { circular, misplaced } from '../refusals.ts';
import { postgresRepository, withoutNulls, type Writing } from './repository.ts';
import type { Statement, TransactionSession } from './session.ts';

interface OrganizationRow {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly parent_id: string | null;
  readonly active: boolean;
  readonly path: readonly string[];
}

export function fromOrganizationRow({ id, name, type, parent_id: parent, active, path }: OrganizationRow): Organization {
  return withoutNulls<Organization>({ id, name, type, parent, active, path });
}

const PUT: Statement = {
  sql: `
    INSERT INTO organizations (id, name, type, parent_id, active, path, created_at)
    SELECT id, name, type, parent, active, ARRAY[id], made
    FROM jsonb_to_recordset(?::jsonb) AS r (id text, name text, type text, parent text, active boolean, made timestamptz)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, type = excluded.type, parent_id = excluded.parent_id, active = excluded.active`,
};

/** Climbs from everything that was put, and from everything that was below it, and writes the paths that differ. */
const PATHS: Statement = {
  sql: `
    WITH RECURSIVE climb (id, next, path, circular) AS (
      SELECT id::text COLLATE "C", parent_id::text COLLATE "C", ARRAY[id::text COLLATE "C"], false
      FROM organizations WHERE path && ?::text[]
      UNION ALL
      SELECT c.id, o.parent_id::text COLLATE "C", (o.id::text COLLATE "C") || c.path, o.id = ANY (c.path)
      FROM climb c JOIN organizations o ON o.id = c.next
      WHERE NOT c.circular
    ), moved AS (
      UPDATE organizations o SET path = c.path FROM climb c
      WHERE c.id = o.id AND c.next IS NULL AND NOT c.circular AND o.path <> c.path
    )
    SELECT id FROM climb WHERE circular ORDER BY id LIMIT 1`,
};

const MISPLACED: Statement = {
  sql: `
    SELECT o.id, o.type, p.type AS parent_type
    FROM organizations o JOIN organization_types t ON t.name = o.type LEFT JOIN organizations p ON p.id = o.parent_id
    WHERE (o.id = ANY (?::text[]) OR o.parent_id = ANY (?::text[]))
      AND NOT CASE WHEN p.id IS NULL THEN cardinality(t.parents) = 0 ELSE p.type = ANY (t.parents) END
    ORDER BY o.id LIMIT 1`,
};

const MISPLACED_ANYWHERE: Statement = {
  sql: `
    SELECT o.id, o.type, p.type AS parent_type
    FROM organizations o JOIN organization_types t ON t.name = o.type LEFT JOIN organizations p ON p.id = o.parent_id
    WHERE NOT CASE WHEN p.id IS NULL THEN cardinality(t.parents) = 0 ELSE p.type = ANY (t.parents) END
    ORDER BY o.id LIMIT 1`,
};

const REMOVE: Statement = {
  removes: true,
  sql: `
    WITH deauthorized AS (
      UPDATE users SET authorized_organizations =
        ARRAY(SELECT id FROM unnest(authorized_organizations) WITH ORDINALITY AS a (id, n) WHERE id <> ALL (?::text[]) ORDER BY n)
      WHERE authorized_organizations && ?::text[] RETURNING id
    ), gone AS (DELETE FROM organizations WHERE id = ANY (?::text[]) RETURNING id)
    SELECT 'organization' AS kind, id::text FROM gone UNION ALL SELECT 'user', id::text FROM deauthorized
    UNION ALL
    SELECT 'catalogue', ''
    WHERE EXISTS (SELECT FROM impersonation_rules r JOIN gone g ON g.id IN (r.impersonator_organization_id, r.target_organization_id))`,
};

export function postgresOrganizations(writing: Writing): WritableRepository<Organization> {
  const { session, at } = writing;
  const repository = postgresRepository<Organization, OrganizationRow>(writing, {
    what: 'an organization',
    table: 'organizations',
    keyColumn: 'id',
    columns: ['id', 'name', 'type', 'parent_id', 'active', 'path'],
    key: (organization) => organization.id,
    fromRow: fromOrganizationRow,
    toRow: ({ id, name, type, parent, active }) => ({ id, name, type, parent, active, made: at }),
    put: PUT,
    afterPut: async (batch) => {
      const ids = batch.map(({ id }) => id);
      const [loop] = await session.rows<{ readonly id: string }>(PATHS, [ids]);
      if (loop !== undefined) throw circular(loop.id);
      assertNone(await session.rows<MisplacedRow>(MISPLACED, [ids, ids]));
    },
    changesOfPut: (batch, changes) =>
      changes.changed(
        'organization',
        batch.map(({ id }) => id),
      ),
    remove: REMOVE,
    removeBindings: 3,
  });
  return { ...repository, put: (organizations) => repository.put(parentsFirst(organizations)) };
}

/** For the end of a transaction that changed organization types. */
export async function assertPlaces(session: TransactionSession): Promise<void> {
  assertNone(await session.rows<MisplacedRow>(MISPLACED_ANYWHERE));
}

interface MisplacedRow {
  readonly id: string;
  readonly type: string;
  readonly parent_type: string | null;
}

function assertNone([first]: readonly MisplacedRow[]): void {
  if (first !== undefined) throw misplaced(first, first.parent_type ?? undefined);
}
