/** @module How objects are shown: the fields of a workspace file, and what the store knows besides. Never a secret. */
import type { Assignment } from '../domain/assignment.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import type { NounName, Nouns } from '../domain/directory.ts';
import { givesFullAccess } from '../domain/full-access.ts';
import type { Organization } from '../domain/organization.ts';
import type { SecurityProfile } from '../domain/security-profile.ts';
import { SECTIONS } from '../workspace/sections.ts';
import type { Json } from './entries.ts';

/** The object as JSON; fields that are not set are left out. */
export function represent<N extends NounName>(noun: N, object: Nouns[N], catalogue: Catalogue): Json {
  return withoutUndefined({ ...SECTIONS[noun].describe(object), ...EXTRAS[noun]?.(object, catalogue) });
}

/** The fields of a workspace file alone: what can be written. */
export function fieldsOf<N extends NounName>(noun: N, object: Nouns[N]): Json {
  return withoutUndefined(SECTIONS[noun].describe(object));
}

type Extras = { readonly [N in NounName]?: (object: never, catalogue: Catalogue) => Json };

const EXTRAS: Readonly<Record<string, ((object: object, catalogue: Catalogue) => Json) | undefined>> = {
  organizations: ({ path }: Organization) => ({ path }),
  assignments: (assignment: Assignment, catalogue: Catalogue) => ({
    id: assignment.id,
    assigned_by: assignment.assignedBy,
    assigned_at: assignment.assignedAt.toISOString(),
    gives_full_access: givesFullAccess(catalogue, assignment.securityProfile),
  }),
  security_profiles: (profile: SecurityProfile, catalogue: Catalogue) => ({
    version: profile.version,
    gives_full_access: givesFullAccess(catalogue, profile.id),
  }),
} satisfies Extras as never;

const withoutUndefined = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json;
