/** @module Every role that is named is defined, every permission exists, and built-in roles stay what they are. */
import type { Catalogue, Definitions } from '../domain/catalogue.ts';
import { BUILT_IN_ROLES, OIDC_SCOPES } from '../domain/role.ts';
import { soundEntries, type BeforeAndAfter } from './desired.ts';
import type { Path, Problem } from './problem.ts';
import { placeInList, rolesOf } from './references.ts';
import { SECTION_NAMES } from './sections.ts';
import { didYouMean } from './suggest.ts';
import { problemAt, type Entry, type Workspace } from './workspace.ts';

/** Roles that nobody defined, permissions that do not exist, built-in roles that are redefined. */
export function checkRoles(workspace: Workspace, meanings: BeforeAndAfter): Problem[] {
  const { catalogue, definitions } = meanings.after;
  const isKnown = knownRoles(workspace, catalogue);
  const problems: Problem[] = [];
  const check = (entry: Entry, field: Path, role: string) => {
    if (isKnown(role) || (field[0] === 'omitted_scope' && OIDC_SCOPES.has(role))) return;
    problems.push(problemAt(entry, placeInList(entry, field, role), noRole(role, catalogue)));
  };
  for (const section of SECTION_NAMES) {
    for (const entry of soundEntries(workspace, section)) for (const { field, role } of rolesOf(section, entry.declared)) check(entry, field, role);
  }
  const { impersonationRole } = workspace;
  if (impersonationRole !== undefined && !isKnown(impersonationRole.value))
    problems.push(problemAt(impersonationRole, [], noRole(impersonationRole.value, catalogue)));
  return [...problems, ...checkBuiltIns(workspace), ...checkPermissions(workspace, definitions), ...checkLeftBehind(meanings)];
}

const noRole = (role: string, catalogue: Catalogue): string =>
  `there is no role ${JSON.stringify(role.slice(0, 120))}.${didYouMean(role, catalogue.roles)}`;

/** Entries that have a problem of their own still define their roles, so that one slip is reported once. */
function knownRoles(workspace: Workspace, catalogue: Catalogue): (role: string) => boolean {
  const prefixes = unsoundTypes(workspace).map((type) => `${type}:`);
  return (role) => catalogue.indexOf(role) !== undefined || workspace.entries.roles.has(role) || prefixes.some((prefix) => role.startsWith(prefix));
}

const unsoundTypes = (workspace: Workspace): string[] =>
  [...workspace.entries.permission_types.values()].filter(({ declared }) => declared === undefined).map(({ key }) => key);

const BUILT_IN_CATEGORIES: ReadonlyMap<string, string> = new Map(BUILT_IN_ROLES.map(({ name, category }) => [name, category]));

function checkBuiltIns(workspace: Workspace): Problem[] {
  const problems: Problem[] = [];
  for (const entry of soundEntries(workspace, 'roles')) {
    const category = BUILT_IN_CATEGORIES.get(entry.key);
    if (category === undefined || entry.declared.category === undefined || entry.declared.category === category) continue;
    const message = `${entry.key} is a built-in role of the category ${category}; it can be restated, not redefined. Found ${JSON.stringify(entry.declared.category)}.`;
    problems.push(problemAt(entry, ['category'], message));
  }
  return problems;
}

/** Type permissions that no permission type answers to. */
function checkPermissions(workspace: Workspace, definitions: Definitions): Problem[] {
  const types = new Map(definitions.permissionTypes.map(({ type, operations }) => [type, operations]));
  const unsound = unsoundTypes(workspace);
  const problems: Problem[] = [];
  for (const entry of soundEntries(workspace, 'security_profiles')) {
    for (const [index, { type, operations }] of (entry.declared.permissions ?? []).entries()) {
      const field = ['permissions', index];
      const matches = (name: string): boolean => (type.endsWith('*') ? name.startsWith(type.slice(0, -1)) : name === type);
      if (unsound.some(matches)) continue;
      const matching = [...types.keys()].filter(matches);
      if (matching.length === 0) {
        problems.push(problemAt(entry, [...field, 'type'], `there is no permission type ${JSON.stringify(type)}.${didYouMean(type, types.keys())}`));
        continue;
      }
      const known = new Set(matching.flatMap((name) => types.get(name)!));
      for (const operation of operations.filter((name) => !known.has(name))) {
        const message = `${JSON.stringify(operation.slice(0, 120))} is no operation of ${type}.${didYouMean(operation, known)} Allowed: ${[...known].join(', ')}.`;
        problems.push(problemAt(entry, placeInList(entry, [...field, 'operations'], operation), message));
      }
    }
  }
  return problems;
}

/** Stored definitions that still name a role which this change takes away. */
function checkLeftBehind(meanings: BeforeAndAfter): Problem[] {
  if (meanings.before === meanings.after) return [];
  const before = meanings.before.definitions;
  const after = meanings.after.definitions;
  const lost = meanings.before.catalogue.roles.filter((role) => meanings.after.catalogue.indexOf(role) === undefined);
  if (lost.length === 0) return [];
  const gone = new Set(lost);
  const report = (path: string, roles: readonly string[]): Problem[] =>
    roles
      .filter((role) => gone.has(role))
      .map((role) => ({
        file: '(store)',
        line: 0,
        column: 0,
        path,
        message: `still names the role ${JSON.stringify(role)}, which this change removes.`,
      }));
  const kept = new Set<object>([...before.securityProfiles, ...before.organizationTypes]);
  return [
    ...after.securityProfiles.filter((profile) => kept.has(profile)).flatMap(({ id, roles }) => report(`security_profiles.${id}`, roles)),
    ...after.organizationTypes.filter((type) => kept.has(type)).flatMap(({ name, barredRoles }) => report(`organization_types.${name}`, barredRoles)),
  ];
}
