/** @module Counts of use of the in-memory store. */
import { byCodeUnit } from '../../domain/catalogue.ts';
import type { Visibility } from '../../domain/directory.ts';
import type { Assignment } from '../../domain/assignment.ts';
import { covers, inherits, type OrganizationPath } from '../../domain/tenancy.ts';
import type { Day, Span, UsageCount, UsageQuery, UsageStore, UsageTotal } from '../../domain/usage.ts';
import { assertCounts, countKey, isAnswerable } from '../usage-counts.ts';
import type { MemoryAccessor } from './accessor.ts';
import type { Tables } from './tables.ts';

export function memoryUsage({ read, write }: MemoryAccessor): UsageStore {
  let since: Day | undefined;
  return {
    begin: (day) => write(() => void (since ??= day)),
    countedSince: async () => {
      read();
      return since;
    },
    add: (counts) => write(({ tables }) => add(tables, counts)),
    list: async (query) => {
      const { tables } = read();
      const { after, limit } = query;
      const all = isAnswerable(query) ? LISTS[query.by](tables, query) : [];
      const rest = after === undefined ? all : all.filter(({ name }) => name > after.key);
      const items = rest.slice(0, limit);
      const last = items.at(-1)?.name;
      const next = rest.length > limit && last !== undefined ? { value: last, key: last } : undefined;
      return { items, next, total: query.total ? all.length : undefined };
    },
    grantedRoles: async (query) => {
      const granted = counted(read().tables, query).filter((count) => count.kind === 'role' && count.granted > 0);
      return [...new Set(granted.map(({ name }) => name))].sort(byCodeUnit);
    },
    profilesInUse: async (visibility, now) => {
      const { tables } = read();
      const assigned = new Set(
        [...tables.assignments.values()]
          .filter((assignment) => (assignment.validUntil === undefined || assignment.validUntil > now) && concerns(tables, assignment, visibility))
          .map(({ securityProfile }) => securityProfile),
      );
      return visibleProfiles(tables, visibility).map((id) => ({ id, assigned: assigned.has(id) }));
    },
    reap: (before, limit) =>
      write(({ tables }) => {
        const old = [...tables.usage].filter(([, { day }]) => day < before).slice(0, limit);
        for (const [key] of old) tables.usage.delete(key);
        return old.length;
      }),
  };
}

function add({ usage, clients }: Tables, counts: readonly UsageCount[]): void {
  assertCounts(counts);
  for (const { day, client, kind, name, granted, dropped } of counts) {
    if (!clients.has(client)) continue;
    const key = countKey({ day, client, kind, name, granted, dropped });
    const known = usage.get(key);
    usage.set(key, { day, client, kind, name, granted: granted + (known?.granted ?? 0), dropped: dropped + (known?.dropped ?? 0) });
  }
}

const LISTS: Readonly<Record<UsageQuery['by'], (tables: Tables, query: UsageQuery) => UsageTotal[]>> = {
  role: (tables, query) => {
    const counts = counted(tables, query).filter(({ kind }) => kind === 'role');
    return [...new Set(counts.map(({ name }) => name))]
      .filter((name) => isChosen(query, name))
      .map((name) =>
        totalOf(
          name,
          counts.filter((count) => count.name === name),
        ),
      )
      .filter(({ granted }) => query.inVain !== true || granted === 0)
      .sort((a, b) => byCodeUnit(a.name, b.name));
  },
  client: (tables, query) => {
    const counts = counted(tables, { ...query, client: undefined });
    return [...tables.clients.keys()]
      .filter((id) => isOwn(tables, id, query.visibility) && isChosen(query, id))
      .sort(byCodeUnit)
      .map((id) =>
        totalOfClient(
          id,
          counts.filter(({ client }) => client === id),
        ),
      );
  },
  security_profile: (tables, query) => {
    const counts = counted(tables, query).filter(({ kind }) => kind === 'security_profile');
    return visibleProfiles(tables, query.visibility)
      .filter((id) => isChosen(query, id))
      .map((id) =>
        totalOf(
          id,
          counts.filter(({ name }) => name === id),
        ),
      );
  },
};

const isChosen = ({ names }: UsageQuery, name: string): boolean => names === undefined || names.includes(name);

/** Counts of a span that come from clients of the tenancy. */
function counted(tables: Tables, { from, to, visibility, client }: Span & Pick<UsageQuery, 'visibility' | 'client'>): UsageCount[] {
  return [...tables.usage.values()].filter(
    (count) => count.day >= from && count.day <= to && (client === undefined || count.client === client) && isOwn(tables, count.client, visibility),
  );
}

const pathOf = (tables: Tables, organization: string | undefined): OrganizationPath =>
  organization === undefined ? undefined : tables.organizations.get(organization)?.path;

const isOwn = (tables: Tables, client: string, { tenancy }: Visibility): boolean =>
  covers(tenancy, pathOf(tables, tables.clients.get(client)?.organization));

function visibleProfiles(tables: Tables, { tenancy, inherited }: Visibility): string[] {
  return [...tables.securityProfiles.values()]
    .filter(({ organization }) => (inherited ? inherits : covers)(tenancy, pathOf(tables, organization)))
    .map(({ id }) => id)
    .sort(byCodeUnit);
}

/** Whether an assignment brings anything to somebody within the tenancy. */
function concerns(tables: Tables, { party, includeDescendants }: Assignment, { tenancy }: Visibility): boolean {
  const organization = {
    user: () => tables.users.get(party.id)?.organization,
    user_group: () => tables.userGroups.get(party.id)?.organization,
    organization: () => party.id,
    client: () => tables.clients.get(party.id)?.organization,
  }[party.kind]();
  const fromAbove = includeDescendants && tenancy.kind === 'subtree' && tenancy.path.includes(party.id);
  return covers(tenancy, pathOf(tables, organization)) || (party.kind === 'organization' && fromAbove);
}

function totalOf(name: string, counts: readonly UsageCount[]): UsageTotal {
  return {
    name,
    tokens: undefined,
    granted: sum(counts.map(({ granted }) => granted)),
    dropped: sum(counts.map(({ dropped }) => dropped)),
    lastUsedOn: latest(counts.filter(({ granted }) => granted > 0)),
    lastRequestedOn: latest(counts),
  };
}

function totalOfClient(name: string, counts: readonly UsageCount[]): UsageTotal {
  const tokens = sum(counts.filter(({ kind }) => kind === 'client').map(({ granted }) => granted));
  const lastUsedOn = latest(counts);
  return {
    ...totalOf(
      name,
      counts.filter(({ kind }) => kind === 'role'),
    ),
    tokens,
    lastUsedOn,
    lastRequestedOn: lastUsedOn,
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const latest = (counts: readonly UsageCount[]): Day | undefined =>
  counts
    .map(({ day }) => day)
    .sort(byCodeUnit)
    .at(-1);
