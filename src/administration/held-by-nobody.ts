/**
 * @module Roles that a change takes from the last one who held them. That is told only where it is certain: of a role that
 * very many could hold, somebody will, and nobody waits for all of them to be looked at.
 */
import { heldUntil, holdings, isEffective, type Instant, type Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { covers, EVERYTHING, type Tenancy } from '../domain/tenancy.ts';

/** A role that stands in more profiles is taken for held. */
const MOST_PROFILES = 20;
/** The second round looks only for what the first one did not find, so that a rare role is not lost among common ones. */
const ROUNDS = 2;
const MOST_ASSIGNMENTS = 200;
const MOST_HOLDERS = 100;

export interface NobodyQuestion {
  readonly roles: readonly string[];
  readonly at: Instant;
  /** Whoever holds a role elsewhere does not count. */
  readonly tenancy: Tenancy;
}

/** Names of these roles that nobody holds any more, sorted; a few statements, however many there are. */
export async function heldByNobody(tx: StoreTransaction, catalogue: Catalogue, { roles, at, tenancy }: NobodyQuestion): Promise<string[]> {
  const gone = roles.filter((role) => catalogue.indexOf(role) === undefined);
  const open = new Set(roles.flatMap((role) => catalogue.indexOf(role) ?? []));
  for (const [role, profiles] of profilesByRole(catalogue, open)) if (profiles.length > MOST_PROFILES) open.delete(role);
  for (let round = 1; open.size > 0; round += 1) {
    const profiles = [...new Set([...profilesByRole(catalogue, open).values()].flat())];
    const { subjects, cut } = await holdersOf(tx, profiles);
    for (const subject of subjects) {
      if (subject.active && covers(tenancy, subject.organization?.path)) strikeHeld(open, { catalogue, subject, at });
    }
    if (!cut) break;
    if (round === ROUNDS) open.clear();
  }
  return [...gone, ...Array.from(open, (role) => catalogue.roles[role]!)].sort();
}

function profilesByRole(catalogue: Catalogue, wanted: ReadonlySet<number>): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, string[]>();
  for (const { profile, roles } of catalogue.profiles()) {
    for (const role of roles) {
      if (!wanted.has(role)) continue;
      const profiles = found.get(role);
      if (profiles === undefined) found.set(role, [profile.id]);
      else profiles.push(profile.id);
    }
  }
  return found;
}

/** Users and clients whom these profiles reach. */
async function holdersOf(
  tx: StoreTransaction,
  profiles: readonly string[],
): Promise<{ readonly subjects: readonly Subject[]; readonly cut: boolean }> {
  if (profiles.length === 0) return { subjects: [], cut: false };
  const { items, next } = await tx.directory.list('assignments', {
    visibility: { tenancy: EVERYTHING, inherited: false },
    filters: { security_profile: profiles },
    sort: 'id',
    descending: false,
    limit: MOST_ASSIGNMENTS,
    total: false,
  });
  if (items.length === 0) return { subjects: [], cut: false };
  const parties = items.map(({ party }) => party);
  const userIds = await tx.access.usersReachedBy(parties, MOST_HOLDERS);
  const users = userIds.length === 0 ? [] : (await tx.access.findUsers(userIds)).values();
  const clientIds = await tx.access.clientsReachedBy(parties, [], MOST_HOLDERS);
  const clients = clientIds.length === 0 ? [] : (await tx.access.findClients(clientIds)).values();
  return { subjects: [...users, ...clients], cut: next !== undefined || [userIds, clientIds].some(({ length }) => length === MOST_HOLDERS) };
}

interface Held {
  readonly catalogue: Catalogue;
  readonly subject: Subject;
  readonly at: Instant;
}

/** Takes out what the subject holds now, in tokens for any client. */
function strikeHeld(open: Set<number>, { catalogue, subject, at }: Held): void {
  if (open.size === 0) return;
  for (const client of [undefined, ...new Set(subject.reaches.flatMap((reach) => reach.client ?? []))]) {
    const held = holdings(catalogue, subject, client, at);
    for (const role of open) if (heldUntil(held, role) > at && isEffective(catalogue, held, role)) open.delete(role);
  }
}
