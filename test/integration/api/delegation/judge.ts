/** @module What an administrator must never bring about, judged by comparing what the store says before and after. */
import {
  carriedByClient,
  everyRole,
  heldAsOthers,
  heldBy,
  instantsOf,
  limitingClients,
  organizationOf,
  pathOf,
  rolesOfProfile,
  usesAt,
  AS_OTHERS,
  type State,
  type Use,
  type Who,
} from './model.ts';

export interface Deed {
  readonly administrator: string;
  readonly before: State;
  readonly after: State;
  readonly now: number;
  /** Whose credentials were set. */
  readonly takenOver?: Who | undefined;
}

/** Sentences about what should not have happened. */
export function crimesOf(deed: Deed): string[] {
  const { administrator, before, after, now } = deed;
  if (isSame(before, after) && deed.takenOver === undefined) return [];
  const ceiling = heldBy(before, { kind: 'user', id: administrator }, 'console', now);
  return [...gainsAbove(deed, ceiling), ...profilesAbove(deed, ceiling), ...takeOvers(deed, ceiling), ...changesOutside(deed)];
}

function gainsAbove({ administrator, before, after, now }: Deed, ceiling: ReadonlySet<string>): string[] {
  const crimes = new Set<string>();
  const clients = limitingClients(before, after);
  for (const at of instantsOf(now, before, after)) {
    const had = usesAt(before, at, clients);
    for (const [key, use] of usesAt(after, at, clients)) {
      if (had.has(key) && !isFurther(before, after, use.who)) continue;
      if (isNewForAll(before, after, use)) continue;
      const whose = `${key}${at === now ? '' : ' later'}`;
      if (!ceiling.has(use.role)) crimes.add(`${whose}: above the ceiling`);
      else if (!isWithin(before, administrator, organizationOf(after, use.who), after)) crimes.add(`${whose}: outside`);
      else if (
        use.who.kind === 'user' &&
        use.who.id === administrator &&
        !(use.how === AS_OTHERS && heldBy(after, use.who, 'console', at).has(use.role))
      )
        crimes.add(`${whose}: the own rights`);
    }
  }
  return [...crimes];
}

/** Who moves up or sideways holds the same over others. */
function isFurther(before: State, after: State, who: Who): boolean {
  const was = organizationOf(before, who);
  const becomes = organizationOf(after, who);
  if (was === becomes || becomes === undefined) return false;
  return was === undefined || !pathOf(after, becomes).includes(was);
}

/** A role that did not exist is nothing to who had every role. */
function isNewForAll(before: State, after: State, { who, role }: Use): boolean {
  if (everyRole(before).has(role)) return false;
  const acting = who.kind === 'client' ? (after.clients.get(who.id)?.contextUser ?? who.id) : who.id;
  return [...after.assignments.values()].some(
    ({ party, securityProfile }) => party.id === acting && after.securityProfiles.get(securityProfile)?.fullAccess === true,
  );
}

function isWithin(before: State, administrator: string, organization: string | undefined, state: State): boolean {
  const own = before.users.get(administrator)!.organization;
  if (organization === undefined) return pathOf(before, own).length === 1;
  return pathOf(state, organization).includes(own);
}

function profilesAbove({ before, after }: Deed, ceiling: ReadonlySet<string>): string[] {
  const crimes: string[] = [];
  for (const id of new Set([...before.securityProfiles.keys(), ...after.securityProfiles.keys()])) {
    const [was, becomes] = [rolesOfProfile(before, id), rolesOfProfile(after, id)];
    const full = before.securityProfiles.get(id)?.fullAccess === true && after.securityProfiles.get(id)?.fullAccess === true;
    const gained = [...becomes].filter((role) => !was.has(role) && !ceiling.has(role) && !(full && !everyRole(before).has(role)));
    if (gained.length > 0) crimes.push(`profile ${id} gained ${gained.join(' ')}`);
    const isEdited =
      after.securityProfiles.has(id) &&
      !isSame({ ...before.securityProfiles.get(id), version: 0 }, { ...after.securityProfiles.get(id), version: 0 });
    const foreign = [...was].filter((role) => !ceiling.has(role));
    if (isEdited && before.securityProfiles.has(id) && foreign.length > 0) crimes.push(`profile ${id} with ${foreign.join(' ')} was edited`);
  }
  return crimes;
}

function takeOvers({ before, now, takenOver }: Deed, ceiling: ReadonlySet<string>): string[] {
  if (takenOver === undefined) return [];
  const { kind, id } = takenOver;
  const roles = new Set<string>();
  for (const at of instantsOf(now, before)) {
    if (kind === 'client') for (const role of carriedByClient(before, id, at)) roles.add(role);
    else {
      for (const client of [undefined, ...before.clients.keys()]) for (const role of heldBy(before, takenOver, client, at)) roles.add(role);
      for (const role of heldAsOthers(before, id, at)) roles.add(role);
    }
  }
  const above = [...roles].filter((role) => !ceiling.has(role));
  return above.length === 0 ? [] : [`${kind} ${id} with ${above.join(' ')} was taken over`];
}

/** Nothing changes that belongs to somebody else. */
function changesOutside({ administrator, before, after }: Deed): string[] {
  const crimes: string[] = [];
  const look = (what: string, section: keyof State, ownerOf: (state: State, object: never) => readonly (string | undefined)[]) => {
    for (const [state, other] of [
      [before, after],
      [after, before],
    ] as const) {
      for (const [key, object] of state[section]) {
        if (isSame(object, other[section].get(key))) continue;
        const owners = ownerOf(state, object as never);
        if (!owners.every((owner) => isWithin(before, administrator, owner, state))) crimes.push(`${what} ${key} of somebody else was changed`);
      }
    }
  };
  const partyOwner = (state: State, { kind, id }: { readonly kind: string; readonly id: string }): string | undefined => {
    if (kind === 'organization') return id;
    return kind === 'user_group' ? state.userGroups.get(id)?.organization : organizationOf(state, { kind: kind as Who['kind'], id });
  };
  look('organization', 'organizations', (_, { id }: { id: string }) => [id]);
  look('user', 'users', (_, { organization }: { organization: string }) => [organization]);
  look('group', 'userGroups', (_, { organization }: { organization: string }) => [organization]);
  look('client', 'clients', (_, { organization }: { organization?: string }) => [organization]);
  look('profile', 'securityProfiles', (_, { organization }: { organization?: string }) => [organization]);
  for (const section of ['roles', 'permissionTypes', 'organizationTypes', 'resourceServers'] as const) look(section, section, () => [undefined]);
  look('assignment', 'assignments', (state, { party }: { party: { kind: string; id: string } }) => [partyOwner(state, party)]);
  return crimes;
}

/** Paths follow from parents. */
export const isSame = (a: unknown, b: unknown): boolean => plain(a) === plain(b);
const plain = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => (key === 'path' ? undefined : inner instanceof Map ? [...inner] : inner)) ?? '';
