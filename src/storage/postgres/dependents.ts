/** @module What names an object, in Postgres: one statement for each noun, by the indexes on what names. */
import type { Knex } from 'knex';
import type { Dependents, NounName } from '../../domain/directory.ts';
import { storableKeys } from '../values.ts';
import type { Session } from './session.ts';

interface Wanted {
  readonly noun: NounName;
  readonly key: string;
  readonly limit: number;
}

/** Each `?` is the key; what names it twice is found once. */
const NAMED_BY: Readonly<Partial<Record<NounName, string>>> = {
  organization_types: `
    SELECT 'organizations' AS noun, id::text AS key FROM organizations WHERE type = ?
    UNION SELECT 'organization_types', name FROM organization_types WHERE ? = ANY (parents) AND name <> ?
    UNION SELECT 'clients', client_id FROM clients WHERE ? = ANY (allowed_organization_types)`,
  organizations: `
    SELECT 'organizations' AS noun, id::text AS key FROM organizations WHERE parent_id = ?
    UNION SELECT 'user_groups', id FROM user_groups WHERE organization_id = ?
    UNION SELECT 'users', id FROM users WHERE organization_id = ?
    UNION SELECT 'users', id FROM users WHERE authorized_organizations @> ARRAY[?]::text[]
    UNION SELECT 'security_profiles', id FROM security_profiles WHERE organization_id = ?
    UNION SELECT 'clients', client_id FROM clients WHERE organization_id = ? OR ? = ANY (allowed_organization_ids)
    UNION SELECT 'assignments', id FROM assignments WHERE organization_id = ?
    UNION SELECT 'impersonation_rules', id FROM impersonation_rules WHERE ? IN (impersonator_organization_id, target_organization_id)`,
  user_groups: `
    SELECT 'users' AS noun, user_id::text AS key FROM user_group_members WHERE user_group_id = ?
    UNION SELECT 'assignments', id FROM assignments WHERE user_group_id = ?
    UNION SELECT 'impersonation_rules', id FROM impersonation_rules WHERE ? IN (impersonator_user_group_id, target_user_group_id)`,
  users: `
    SELECT 'clients' AS noun, client_id::text AS key FROM clients WHERE context_user_id = ?
    UNION SELECT 'assignments', id FROM assignments WHERE user_id = ?
    UNION SELECT 'impersonation_rules', id FROM impersonation_rules WHERE ? IN (impersonator_user_id, target_user_id)`,
  security_profiles: `
    SELECT 'assignments' AS noun, id::text AS key FROM assignments WHERE security_profile_id = ?
    UNION SELECT 'impersonation_rules', id FROM impersonation_rules WHERE security_profile_id = ?`,
  clients: `
    SELECT 'assignments' AS noun, id::text AS key FROM assignments WHERE client_id = ?
    UNION SELECT 'assignments', id FROM assignments WHERE via_client_id = ?
    UNION SELECT 'impersonation_rules', id FROM impersonation_rules WHERE client_id = ?
    UNION SELECT 'resource_servers', audience FROM resource_server_clients WHERE client_id = ?`,
};

const ROLES = {
  roles: 'SELECT ARRAY[?]::text[] AS names',
  permission_types: `SELECT ARRAY(SELECT t.type || ':' || operation FROM permission_types t CROSS JOIN unnest(t.operations) AS operation WHERE t.type = ?) AS names`,
} as const;

const NAMING_ROLES = `
  SELECT 'security_profiles' AS noun, id::text AS key FROM security_profiles, named WHERE roles && names
  UNION SELECT 'clients', client_id FROM clients, named WHERE maximum_roles && names OR minimum_roles && names
    OR CASE jsonb_typeof(omitted_scope) WHEN 'array' THEN jsonb_exists_any(omitted_scope, names) ELSE false END
  UNION SELECT 'resource_servers', audience FROM resource_servers, named WHERE roles && names
  UNION SELECT 'organization_types', name FROM organization_types, named WHERE barred_roles && names`;

const MATCHING_TYPE = `
  SELECT 'security_profiles', id FROM security_profiles WHERE EXISTS (SELECT FROM jsonb_array_elements(permissions) p
    WHERE p ->> 'type' = ? OR (right(p ->> 'type', 1) = '*' AND starts_with(?, left(p ->> 'type', -1))))`;

const TOTAL = '(SELECT count(*)::int FROM dependents) AS total';
const SOME = `
  (SELECT coalesce(json_agg(json_build_object('noun', noun, 'key', key) ORDER BY noun COLLATE "C", key COLLATE "C"), '[]')
    FROM (SELECT noun, key FROM dependents ORDER BY noun COLLATE "C", key COLLATE "C" LIMIT ?) first) AS some`;

export async function dependentsOf(session: Session, { noun, key, limit }: Wanted): Promise<Dependents> {
  const find = storableKeys([key]).length === 0 ? undefined : finder(noun, key);
  if (find === undefined) return { total: 0, some: [] };
  const [row] = await session.select<Dependents>((knex) => find(knex).select(knex.raw(TOTAL), knex.raw(SOME, [limit])));
  return row!;
}

/** Makes a query that has the `dependents`; undefined: nothing can name such an object. */
function finder(noun: NounName, key: string): ((knex: Knex) => Knex.QueryBuilder) | undefined {
  if (noun === 'roles' || noun === 'permission_types') {
    return (knex) => {
      const naming = knex.raw(NAMING_ROLES);
      const matching = noun === 'roles' ? naming : knex.raw('? UNION ?', [naming, knex.raw(MATCHING_TYPE, [key, key])]);
      return knex.with('named', knex.raw(ROLES[noun], [key])).with('dependents', matching);
    };
  }
  const sql = NAMED_BY[noun];
  return sql === undefined
    ? undefined
    : (knex) =>
        knex.with(
          'dependents',
          knex.raw(
            sql,
            Array.from(sql.matchAll(/\?/g), () => key),
          ),
        );
}
