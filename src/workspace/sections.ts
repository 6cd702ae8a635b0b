/** @module All sections, in the order in which they are written to a store and exported: what is named comes before what names it. */
import { organizationTypes, permissionTypes, resourceServers, roles, securityProfiles } from './definition-sections.ts';
import { assignments, clients, impersonationRules, organizations, userGroups, users } from './party-sections.ts';
import type { SectionName } from './schema.ts';
import type { Section } from './section.ts';

export const SECTIONS: Readonly<Record<SectionName, Section>> = {
  organization_types: organizationTypes,
  roles,
  permission_types: permissionTypes,
  organizations,
  user_groups: userGroups,
  users,
  security_profiles: securityProfiles,
  clients,
  resource_servers: resourceServers,
  assignments,
  impersonation_rules: impersonationRules,
};

export const SECTION_NAMES = Object.keys(SECTIONS) as readonly SectionName[];

/** Most keys or objects in one call to a store. */
export const BATCH = 1000;

export function batches<T>(list: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(list.length / BATCH) }, (_, index) => list.slice(index * BATCH, (index + 1) * BATCH));
}

type ListPage<T> = (options: { after?: string; limit: number }) => Promise<readonly T[]>;

/** Everything that a repository holds, page by page. */
export async function* pages<T>(list: ListPage<T>, keyOf: (object: T) => string): AsyncGenerator<readonly T[]> {
  let page = await list({ limit: BATCH });
  while (page.length > 0) {
    yield page;
    if (page.length < BATCH) return;
    page = await list({ after: keyOf(page.at(-1)!), limit: BATCH });
  }
}

/** The same, one by one. */
export async function* everything<T>(list: ListPage<T>, keyOf: (object: T) => string): AsyncGenerator<T> {
  for await (const page of pages(list, keyOf)) yield* page;
}
