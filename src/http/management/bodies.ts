/** What callers send of each noun: the fields of a workspace file, without those that have requests of their own. */
import { z } from 'zod';
import { GENERATED } from '../../administration/nouns.ts';
import type { NounName } from '../../domain/directory.ts';
import { entrySchemas } from '../../workspace/schema.ts';
import { KEY_FIELDS } from '../../workspace/union.ts';

const ENTRIES = entrySchemas({ insecurePlaintext: false, lookup: () => undefined });

const { password: _password, password_hash: _hash, ...user } = ENTRIES.users.shape;
const { client_secret: _secret, ...client } = ENTRIES.clients.shape;
const { origin: _origin, ...profile } = ENTRIES.security_profiles.shape;

const SHAPES: { readonly [N in NounName]: z.core.$ZodShape } = {
  organization_types: ENTRIES.organization_types.shape,
  roles: ENTRIES.roles.shape,
  permission_types: ENTRIES.permission_types.shape,
  organizations: ENTRIES.organizations.shape,
  user_groups: ENTRIES.user_groups.shape,
  users: user,
  security_profiles: profile,
  clients: client,
  resource_servers: ENTRIES.resource_servers.shape,
  assignments: {
    ...ENTRIES.assignments.shape,
    confirm: z.literal('full_access').optional().describe('Says yes to giving full access for good, or for long.'),
  },
  impersonation_rules: ENTRIES.impersonation_rules.shape,
};

/** What of a profile says which roles it gives. */
export const profileContents = z.strictObject({
  roles: ENTRIES.security_profiles.shape.roles,
  permissions: ENTRIES.security_profiles.shape.permissions,
  full_access: ENTRIES.security_profiles.shape.full_access,
});

const optional = (shape: z.core.$ZodShape, field: string): z.core.$ZodShape => ({ ...shape, [field]: z.optional(shape[field] as z.ZodType) });

/** The body of a POST. */
export function creationOf(noun: NounName): z.ZodType {
  const shape = SHAPES[noun];
  return z
    .strictObject(noun !== 'assignments' && GENERATED.has(noun) ? optional(shape, KEY_FIELDS[noun]) : shape)
    .meta({ id: `${nameOf(noun)}Creation` });
}

/** The body of a PUT: what is left out gets its default; the key stands in the path. */
export function replacementOf(noun: NounName): z.ZodType {
  return z.strictObject(noun === 'assignments' ? SHAPES[noun] : optional(SHAPES[noun], KEY_FIELDS[noun])).meta({ id: `${nameOf(noun)}Replacement` });
}

/** The body of a PATCH: `null` takes a value away. */
export function patchOf(noun: NounName): z.ZodType {
  const fields = Object.entries(SHAPES[noun]).map(([field, schema]) => [field, z.nullish(schema as z.ZodType)]);
  return z.strictObject(Object.fromEntries(fields) as z.core.$ZodShape).meta({ id: `${nameOf(noun)}Patch` });
}

/** Secrets as they are sent; what they must be is said where they are taken. */
const SECRETS: { readonly [N in NounName]?: z.core.$ZodShape } = {
  users: { password: z.string().optional(), password_hash: z.string().optional() },
  clients: { client_secret: z.string().optional() },
};

/** An entry of a workspace: what a file says of an object, secrets included. */
export function entryOf(noun: NounName): z.ZodType {
  return z.strictObject({ ...ENTRIES[noun].shape, ...SECRETS[noun] }).meta({ id: `${nameOf(noun)}Entry` });
}

/** An entry that says what a token must carry. */
export const expectation = z.strictObject(ENTRIES.expectations.shape).meta({ id: 'ExpectationEntry' });

/** `security_profiles` is a `SecurityProfile`. */
export function nameOf(noun: NounName): string {
  const words = noun.replace(/s$/, '').split('_');
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}
