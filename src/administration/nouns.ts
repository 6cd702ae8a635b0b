/** @module What differs between the nouns: their keys, who sees them, whose they are when nobody says so. */
import type { NounName, Visibility } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import type { Random } from '../domain/ports.ts';
import { isRootTenancy } from '../domain/tenancy.ts';
import { KEY_FIELDS } from '../workspace/union.ts';
import type { Administrator } from './administrator.ts';
import type { Json } from './entries.ts';

/** Nouns whose id can be left out; the others are known by a name that people choose. */
export const GENERATED: ReadonlySet<NounName> = new Set([
  'organizations',
  'user_groups',
  'users',
  'security_profiles',
  'clients',
  'impersonation_rules',
]);

/** Nouns that are read, though not changed, also where they come from above. */
const READ_FROM_ABOVE: ReadonlySet<NounName> = new Set(['organization_types', 'roles', 'permission_types', 'security_profiles', 'resource_servers']);

/** Nouns that belong to the root where nobody says whose they are. */
const OWNED: ReadonlySet<NounName> = new Set(['security_profiles', 'clients']);

/** What an administrator may read of a noun. */
export function readable(noun: NounName, { tenancy }: Administrator): Visibility {
  return { tenancy, inherited: READ_FROM_ABOVE.has(noun) };
}

/** The same for what does not exist and for what lies outside. */
export const absent = (): DomainError => new DomainError('not_found', 'There is nothing here.');

/** The value with an id, generated where it has none. */
export function withKey(noun: NounName, value: Json, random: Random): Json {
  if (noun === 'assignments' || !GENERATED.has(noun) || Object.hasOwn(value, KEY_FIELDS[noun])) return value;
  return { [KEY_FIELDS[noun]]: random.id(), ...value };
}

/** The value with the id that it is addressed by. @throws `invalid_input` when it names another one */
export function keyed(noun: NounName, key: string, value: Json): Json {
  if (noun === 'assignments') return value;
  const field = KEY_FIELDS[noun];
  if (Object.hasOwn(value, field) && value[field] !== key) {
    throw new DomainError('invalid_input', `${field} cannot be changed: it is ${JSON.stringify(key)}.`, { pointer: `/${field}` });
  }
  return { ...value, [field]: key };
}

/**
 * The value with what nobody has to say. What a root administrator leaves out belongs to the root, else to the
 * organization it belonged to, or the own one. A clone stays the clone of what it was made of.
 */
export function completed(
  noun: NounName,
  value: Json,
  { administrator: { tenancy }, current }: { readonly administrator: Administrator; readonly current?: Json | undefined },
): Json {
  const isOwned = OWNED.has(noun) && !Object.hasOwn(value, 'organization') && !isRootTenancy(tenancy) && tenancy.kind === 'subtree';
  const owner = isOwned ? { organization: current?.['organization'] ?? tenancy.organization } : {};
  const origin = noun === 'security_profiles' && current?.['origin'] !== undefined ? { origin: current['origin'] } : {};
  return { ...owner, ...origin, ...value };
}
