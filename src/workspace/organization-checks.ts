/** @module Organizations hang where their types allow it, and never below themselves. */
import type { Organization, OrganizationType } from '../domain/organization.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { soundEntries, type Desired } from './desired.ts';
import type { Problem } from './problem.ts';
import { batches, everything } from './sections.ts';
import { problemAt, type Workspace } from './workspace.ts';

export async function checkOrganizations(
  tx: StoreTransaction,
  workspace: Workspace,
  desired: Desired,
  types: readonly OrganizationType[],
): Promise<Problem[]> {
  const known = new Map(types.map((type) => [type.name, type]));
  const declared = desired.objects.organizations as ReadonlyMap<string, Organization>;
  const stored = await ancestors(tx, declared);
  const find = (id: string): Organization | undefined => declared.get(id) ?? stored.get(id);
  const problems: Problem[] = [];
  for (const entry of soundEntries(workspace, 'organizations')) {
    const organization = declared.get(entry.key)!;
    const type = known.get(organization.type);
    const parent = organization.parent === undefined ? undefined : find(organization.parent);
    if (isBelowItself(organization, find)) problems.push(problemAt(entry, ['parent'], 'would put the organization below itself.'));
    else if (type !== undefined && (organization.parent === undefined || parent !== undefined)) {
      const misfit = misfitOf(organization, type, parent?.type);
      if (misfit !== undefined) problems.push(problemAt(entry, ['parent'], misfit));
    }
  }
  return [...problems, ...(await checkStored(tx, desired, known))];
}

function misfitOf(organization: Organization, type: OrganizationType, parentType: string | undefined): string | undefined {
  if (parentType === undefined) {
    return type.parents.length === 0
      ? undefined
      : `is missing: an organization of the type ${type.name} hangs under one of the type ${type.parents.join(' or ')}.`;
  }
  if (type.parents.includes(parentType)) return undefined;
  const allowed = type.parents.length === 0 ? 'is a root and has no parent' : `hangs under one of the type ${type.parents.join(' or ')}`;
  return `an organization of the type ${type.name} ${allowed}; found ${JSON.stringify(organization.parent)} of the type ${parentType}.`;
}

function isBelowItself(organization: Organization, find: (id: string) => Organization | undefined): boolean {
  const seen = new Set([organization.id]);
  let { parent } = organization;
  while (parent !== undefined && !seen.has(parent)) {
    seen.add(parent);
    parent = find(parent)?.parent;
  }
  return parent === organization.id;
}

/** Stored organizations above the declared ones, level by level. */
async function ancestors(tx: StoreTransaction, declared: ReadonlyMap<string, Organization>): Promise<ReadonlyMap<string, Organization>> {
  const found = new Map<string, Organization>();
  let wanted = new Set<string>();
  const want = (organizations: Iterable<Organization>) => {
    wanted = new Set(
      [...organizations].map(({ parent }) => parent).filter((id) => id !== undefined && !declared.has(id) && !found.has(id)) as string[],
    );
  };
  want(declared.values());
  while (wanted.size > 0) {
    const level: Organization[] = [];
    for (const batch of batches([...wanted])) level.push(...(await tx.organizations.findMany(batch)).values());
    for (const organization of level) found.set(organization.id, organization);
    want(level);
  }
  return found;
}

/** Stored organizations that a change of types, or of the type of one above them, puts in a wrong place. */
async function checkStored(tx: StoreTransaction, desired: Desired, types: ReadonlyMap<string, OrganizationType>): Promise<Problem[]> {
  const matters = desired.changes.some(
    ({ section, action, fields }) =>
      action === 'update' &&
      ((section === 'organization_types' && fields.some(({ field }) => field === 'parents')) ||
        (section === 'organizations' && fields.some(({ field }) => field === 'type'))),
  );
  if (!matters) return [];
  const organizations = new Map<string, Organization>();
  for await (const organization of everything(
    (page) => tx.organizations.list(page),
    ({ id }) => id,
  ))
    organizations.set(organization.id, organization);
  const declared = desired.objects.organizations as ReadonlyMap<string, Organization>;
  const problems: Problem[] = [];
  for (const organization of organizations.values()) {
    if (declared.has(organization.id) || desired.removed.organizations.has(organization.id)) continue;
    const parent = organization.parent === undefined ? undefined : (declared.get(organization.parent) ?? organizations.get(organization.parent));
    const type = types.get(organization.type);
    const misfit = type && misfitOf(organization, type, parent?.type);
    if (misfit !== undefined)
      problems.push({ file: '(store)', line: 0, column: 0, path: `organizations.${organization.id}.parent`, message: misfit });
  }
  return problems;
}
