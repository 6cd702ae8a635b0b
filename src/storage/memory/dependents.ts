/** @module What names an object, in memory. */
import { byCodeUnit } from '../../domain/catalogue.ts';
import type { Dependents, NounName } from '../../domain/directory.ts';
import type { Party, PartyKind } from '../../domain/party.ts';
import { permissionRole } from '../../domain/security-profile.ts';
import type { Tables } from './tables.ts';

interface Wanted {
  readonly noun: NounName;
  readonly key: string;
  readonly limit: number;
}

type Dependent = Dependents['some'][number];

export function dependentsOf(tables: Tables, { noun, key, limit }: Wanted): Dependents {
  const found = new Map([...naming(tables, noun, key)].map((dependent) => [`${dependent.noun} ${dependent.key}`, dependent]));
  const all = [...found.values()].sort((a, b) => byCodeUnit(a.noun, b.noun) || byCodeUnit(a.key, b.key));
  return { total: all.length, some: all.slice(0, limit) };
}

function* naming(tables: Tables, noun: NounName, key: string): Generator<Dependent> {
  switch (noun) {
    case 'organization_types':
      yield* some('organizations', tables.organizations, ({ type }) => type === key);
      yield* some('organization_types', tables.organizationTypes, ({ name, parents }) => name !== key && parents.includes(key));
      yield* some('clients', tables.clients, ({ allowedOrganizations }) => allowedOrganizations.types?.includes(key) === true);
      return;
    case 'roles':
      yield* namingRoles(tables, [key]);
      return;
    case 'permission_types':
      yield* namingRoles(
        tables,
        (tables.permissionTypes.get(key)?.operations ?? []).map((operation) => permissionRole(key, operation)),
      );
      yield* some('security_profiles', tables.securityProfiles, ({ permissions }) => permissions.some(({ type }) => matches(type, key)));
      return;
    case 'organizations':
      yield* some('organizations', tables.organizations, ({ parent }) => parent === key);
      yield* some('user_groups', tables.userGroups, ({ organization }) => organization === key);
      yield* some(
        'users',
        tables.users,
        ({ organization, authorizedOrganizations }) => organization === key || authorizedOrganizations.includes(key),
      );
      yield* some('security_profiles', tables.securityProfiles, ({ organization }) => organization === key);
      yield* some(
        'clients',
        tables.clients,
        ({ organization, allowedOrganizations }) => organization === key || allowedOrganizations.ids?.includes(key) === true,
      );
      yield* namingParty(tables, 'organization', key);
      return;
    case 'user_groups':
      yield* some('users', tables.users, ({ memberships }) => memberships.some(({ userGroup }) => userGroup === key));
      yield* namingParty(tables, 'user_group', key);
      return;
    case 'users':
      yield* some('clients', tables.clients, ({ contextUser }) => contextUser === key);
      yield* namingParty(tables, 'user', key);
      return;
    case 'security_profiles':
      yield* some('assignments', tables.assignments, ({ securityProfile }) => securityProfile === key);
      yield* some('impersonation_rules', tables.impersonationRules, ({ securityProfile }) => securityProfile === key);
      return;
    case 'clients':
      yield* some('assignments', tables.assignments, ({ client }) => client === key);
      yield* some('impersonation_rules', tables.impersonationRules, ({ client }) => client === key);
      yield* some('resource_servers', tables.resourceServers, ({ clients }) => clients.includes(key));
      yield* namingParty(tables, 'client', key);
      return;
    default:
  }
}

function* namingParty(tables: Tables, kind: PartyKind, id: string): Generator<Dependent> {
  const isIt = (party: Party): boolean => party.kind === kind && party.id === id;
  yield* some('assignments', tables.assignments, ({ party }) => isIt(party));
  yield* some('impersonation_rules', tables.impersonationRules, ({ impersonator, target }) => isIt(impersonator) || isIt(target));
}

function* namingRoles(tables: Tables, names: readonly string[]): Generator<Dependent> {
  const isNamed = (roles: readonly string[] | undefined): boolean => roles?.some((role) => names.includes(role)) === true;
  yield* some('security_profiles', tables.securityProfiles, ({ roles }) => isNamed(roles));
  yield* some('clients', tables.clients, ({ maximumRoles, minimumRoles, omittedScope }) =>
    [maximumRoles, minimumRoles, typeof omittedScope === 'string' ? [] : omittedScope].some(isNamed),
  );
  yield* some('resource_servers', tables.resourceServers, ({ roles }) => isNamed(roles));
  yield* some('organization_types', tables.organizationTypes, ({ barredRoles }) => isNamed(barredRoles));
}

const matches = (pattern: string, type: string): boolean => pattern === type || (pattern.endsWith('*') && type.startsWith(pattern.slice(0, -1)));

function* some<T>(noun: NounName, table: ReadonlyMap<string, T>, names: (object: T) => boolean): Generator<Dependent> {
  for (const [key, object] of table) if (names(object)) yield { noun, key };
}
