/** @module What of a noun lies within an administrator's sight, as conditions that the indexes on organizations serve. */
import type { NounName, Visibility } from '../../domain/directory.ts';
import { isRootTenancy, type Tenancy } from '../../domain/tenancy.ts';
import type { Value } from './session.ts';

/** A constant text with a `?` for each value. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** What the path of an organization must contain to be in the tenancy. */
export const rootsOf = (tenancy: Tenancy): readonly string[] => (tenancy.kind === 'subtree' ? [tenancy.organization] : []);

/** undefined: everything of the noun; `nothing`: nothing of it. */
export type Sight = Condition | undefined | 'nothing';

/** @param narrowed whether something else leaves only few rows to look at */
export function sightOf(noun: NounName, { tenancy, inherited }: Visibility, narrowed: boolean): Sight {
  if (tenancy.kind === 'everything') return undefined;
  if (tenancy.kind === 'nothing') return 'nothing';
  const roots = rootsOf(tenancy);
  const isRoot = isRootTenancy(tenancy);
  switch (noun) {
    case 'organization_types':
    case 'roles':
    case 'permission_types':
    case 'resource_servers':
      return inherited || isRoot ? undefined : 'nothing';
    case 'security_profiles':
    case 'clients':
      return { sql: OWNED[noun], values: [roots, inherited || isRoot, inherited ? tenancy.path : []] };
    case 'impersonation_rules':
      return { sql: RULES, values: [roots, roots] };
    case 'assignments':
      // Below a root most assignments would be looked at in vain.
      if (isRoot || narrowed) return { sql: ASSIGNMENTS, values: [roots, isRoot] };
      return { sql: ASSIGNMENTS_BY_PARTY, values: [roots, roots, roots, roots] };
    default:
      return { sql: IN_TREE[noun], values: [roots] };
  }
}

const IN_TREE = {
  organizations: 'organizations.path @> ?::text[]',
  user_groups: 'EXISTS (SELECT FROM organizations o WHERE o.id = user_groups.organization_id AND o.path @> ?::text[])',
  users: 'EXISTS (SELECT FROM organizations o WHERE o.id = users.organization_id AND o.path @> ?::text[])',
} as const;

/** Of the tree, of no organization, of an organization above. */
const OWNED = {
  security_profiles: `(security_profiles.organization_id IN (SELECT o.id FROM organizations o WHERE o.path @> ?::text[])
    OR (?::boolean AND security_profiles.organization_id IS NULL) OR security_profiles.organization_id = ANY (?::text[]))`,
  clients: `(clients.organization_id IN (SELECT o.id FROM organizations o WHERE o.path @> ?::text[])
    OR (?::boolean AND clients.organization_id IS NULL) OR clients.organization_id = ANY (?::text[]))`,
} as const;

const RULES = `
  EXISTS (SELECT FROM organizations o WHERE o.path @> ?::text[] AND o.id = coalesce(impersonation_rules.impersonator_organization_id,
    (SELECT u.organization_id FROM users u WHERE u.id = impersonation_rules.impersonator_user_id),
    (SELECT g.organization_id FROM user_groups g WHERE g.id = impersonation_rules.impersonator_user_group_id)))
  AND EXISTS (SELECT FROM organizations o WHERE o.path @> ?::text[] AND o.id = coalesce(impersonation_rules.target_organization_id,
    (SELECT u.organization_id FROM users u WHERE u.id = impersonation_rules.target_user_id),
    (SELECT g.organization_id FROM user_groups g WHERE g.id = impersonation_rules.target_user_group_id)))`;

/** Looks at assignments and who has them. */
const ASSIGNMENTS = `
  assignments.id IN (
    SELECT a.id FROM assignments a LEFT JOIN users u ON u.id = a.user_id LEFT JOIN user_groups g ON g.id = a.user_group_id
      LEFT JOIN clients c ON c.client_id = a.client_id
      LEFT JOIN organizations o ON o.id = coalesce(a.organization_id, u.organization_id, g.organization_id, c.organization_id)
    WHERE o.path @> ?::text[] OR (?::boolean AND a.client_id IS NOT NULL AND c.organization_id IS NULL))`;

/** The same without what belongs to nobody, beginning with the parties. */
const ASSIGNMENTS_BY_PARTY = `
  assignments.id IN (
    SELECT a.id FROM organizations o JOIN assignments a ON a.organization_id = o.id WHERE o.path @> ?::text[]
    UNION ALL
    SELECT a.id FROM organizations o JOIN user_groups g ON g.organization_id = o.id JOIN assignments a ON a.user_group_id = g.id WHERE o.path @> ?::text[]
    UNION ALL
    SELECT a.id FROM organizations o JOIN users u ON u.organization_id = o.id JOIN assignments a ON a.user_id = u.id WHERE o.path @> ?::text[]
    UNION ALL
    SELECT a.id FROM organizations o JOIN clients c ON c.organization_id = o.id JOIN assignments a ON a.client_id = c.client_id WHERE o.path @> ?::text[])`;
