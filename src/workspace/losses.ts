/**
 * @module What APIs that verify tokens by themselves must hear of a change: who lost which roles, written down in the
 * transaction that takes them. What somebody gained is in the next token and is told nobody.
 */
import type { Instant } from '../domain/access.ts';
import type { Assignment } from '../domain/assignment.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { WHOLE_TOKEN, type RoleLoss } from '../domain/revocation-feed.ts';
import { LONGEST_TOKEN } from '../services/tokens.ts';
import type { BeforeAndAfter } from './desired.ts';
import type { RoleEffect, Snapshot } from './effects.ts';
import type { ObjectChange } from './object-change.ts';
import type { Reached } from './reach.ts';
import type { SectionName } from './schema.ts';

/** More pairs of subject and role than this are told as roles that everybody has to show anew. */
const MOST_PAIRS = 5000;

/** A change that was written, as far as it can take something from somebody. */
export interface LossyChange {
  readonly objects: readonly ObjectChange[];
  readonly meanings: BeforeAndAfter;
  readonly reached: Reached;
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly effects: readonly RoleEffect[];
  readonly at: Instant;
}

type Lost = Pick<RoleLoss, 'subject' | 'client' | 'role'>;

/** Writes down what the change takes; nothing when it only gives. */
export async function recordLosses(tx: StoreTransaction, change: LossyChange): Promise<void> {
  const all = [...shutOut(change), ...rolesLost(change.effects)];
  const lost = new Map((all.length > MOST_PAIRS ? forEverybody(all) : all).map((one) => [JSON.stringify(one), one]));
  if (change.reached.cut) for (const role of rolesAtStake(change)) lost.set(role, { role });
  if (lost.size === 0) return;
  const times = { notBefore: new Date(change.at), expiresAt: new Date(change.at + LONGEST_TOKEN) };
  await tx.loseRoles([...lost.values()].map((one) => ({ ...one, ...times })));
}

/** Who gets no token at all any more: their tokens end, also where no role is needed; and with a client all that came through it. */
function shutOut({ before, after }: Pick<LossyChange, 'before' | 'after'>): Lost[] {
  const lost: Lost[] = [];
  for (const [id, { active }] of before.users) {
    if (active && after.users.get(id)?.active !== true) lost.push({ subject: { kind: 'user', id }, role: WHOLE_TOKEN });
  }
  for (const [id, was] of before.clients) {
    const becomes = after.clients.get(id);
    const isOpen = becomes !== undefined && becomes.client.active && becomes.self.active;
    if (was.client.active && was.self.active && !isOpen) lost.push({ client: id, role: WHOLE_TOKEN });
    else if (was.acting.active && becomes?.acting.active !== true) lost.push({ subject: { kind: 'client', id }, role: WHOLE_TOKEN });
  }
  return lost;
}

function rolesLost(effects: readonly RoleEffect[]): Lost[] {
  const lost: Lost[] = [];
  for (const effect of effects) {
    const through = effect.client === undefined ? {} : { client: effect.client };
    for (const id of effect.subjects) {
      for (const role of effect.lost) lost.push({ subject: { kind: effect.kind, id }, ...through, role });
    }
  }
  return lost;
}

/** The same for anybody. A client that was closed stays the only one. */
function forEverybody(lost: readonly Lost[]): Lost[] {
  return lost.map(({ subject, client, role }) => (subject === undefined && client !== undefined ? { client, role } : { role }));
}

const SHAPING: ReadonlySet<SectionName> = new Set(['organizations', 'organization_types', 'user_groups', 'users', 'clients']);

/** Roles that somebody may have lost who was not looked at. */
function rolesAtStake({ objects, meanings: { before, after } }: LossyChange): ReadonlySet<string> {
  const roles = new Set<string>();
  const add = (catalogue: Catalogue, profile: string, kept: ReadonlySet<string> = new Set()) => {
    for (const role of rolesOf(catalogue, profile)) if (!kept.has(role)) roles.add(role);
  };
  for (const { section, before: was } of objects) {
    // Who moves, or is closed, may lose anything.
    if (was !== undefined && SHAPING.has(section)) return new Set([WHOLE_TOKEN]);
    if (was !== undefined && section === 'assignments') add(before.catalogue, (was as Assignment).securityProfile);
  }
  if (before !== after) {
    for (const { id } of before.definitions.securityProfiles) add(before.catalogue, id, new Set(rolesOf(after.catalogue, id)));
  }
  return roles;
}

const rolesOf = (catalogue: Catalogue, profile: string): string[] =>
  Array.from(catalogue.profile(profile)?.roles ?? [], (position) => catalogue.roles[position]!);
