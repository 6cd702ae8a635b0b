/**
 * @module Who holds which roles.
 *
 * The cast: **Alice** buys for *Acme*, a buyer organization below the *Market*. She is in the user group *Approvers* of
 * Acme. Somebody assigned the profile *Shopper* to Acme, *Order approval* to the Approvers, and *Invoices* to Alice
 * herself until Friday. Three assignments **reach** her: one through her organization, one through a group, one
 * directly. What she **holds** at an instant is the union of the roles of the profiles whose assignments are in force
 * then. What the Market holds does not reach her, unless it was assigned with `include_descendants`.
 *
 * The *Storefront*, a client, asks for a token on her behalf. An assignment may be limited to one client: then it counts
 * in tokens for that client only. *Nightly*, a client without a person, holds what is assigned to itself and to its
 * organization; with a context user it acts with that user's roles instead.
 *
 * Her **effective roles** are what she holds less what her organization's type is barred from. What of it a token
 * carries is the business of `scope.ts`.
 */
import type { Catalogue } from './catalogue.ts';
import type { Party } from './party.ts';

/** Instant in milliseconds since 1970; `Infinity` for a window without end. */
export type Instant = number;

/** One way in which one assignment reaches a subject. */
export interface Reach {
  readonly assignment: string;
  readonly profile: string;
  /** Whom the profile was assigned to: the subject, a group it is in, its organization or one above. */
  readonly party: Party;
  /** Counts only in tokens for this client. */
  readonly client?: string | undefined;
  readonly includeDescendants: boolean;
  /** In force from here (included), the later of the assignment's and the membership's start; -Infinity when open. */
  readonly from: Instant;
  /** In force until here (excluded), the earlier of the two ends; Infinity when open. */
  readonly until: Instant;
  readonly reason?: string | undefined;
  readonly assignedBy?: string | undefined;
  readonly assignedAt: Instant;
}

/** That a user is in a group, in force from `from` (included) until `until` (excluded). */
export interface MembershipWindow {
  readonly userGroup: string;
  readonly from: Instant;
  readonly until: Instant;
}

/** A user or a client with everything about it that a decision needs; loaded in one query. */
export interface Subject {
  readonly kind: 'user' | 'client';
  readonly id: string;
  readonly username?: string | undefined;
  /** False when it, or an organization that it belongs to, was disabled: then it gets no token at all. */
  readonly active: boolean;
  readonly organization?: { readonly id: string; readonly type: string; readonly path: readonly string[] } | undefined;
  readonly authorizedOrganizations: readonly string[];
  /** Every group that a user is in, also those that nothing is assigned to, by group id; none for clients. */
  readonly memberships: readonly MembershipWindow[];
  readonly reaches: readonly Reach[];
}

export type ReachState = 'in_force' | 'not_yet_valid' | 'expired' | 'other_client';

/** Whether an assignment counts at an instant in a token for a client. */
export function reachState(reach: Reach, client: string | undefined, at: Instant): ReachState {
  if (reach.client !== undefined && reach.client !== client) return 'other_client';
  // A membership that ends before the assignment begins never comes into force: it is not to be waited for.
  if (at >= reach.until || reach.from >= reach.until) return 'expired';
  if (at < reach.from) return 'not_yet_valid';
  return 'in_force';
}

/** What a subject holds through a client at an instant. */
export interface Holdings {
  readonly subject: Subject;
  readonly client: string | undefined;
  readonly at: Instant;
  /** Positions of the held roles in the catalogue, ascending. */
  readonly roles: Uint32Array;
  /** Beside each of {@link roles}: until when it is held at least, by the longest of its paths. */
  readonly until: Float64Array;
  /** Assignments that reach the subject and are not yet, or no longer, in force. */
  readonly dormant: readonly Reach[];
  /** First instant at which this may be wrong: an assignment begins or ends. */
  readonly goodUntil: Instant;
}

/**
 * What the subject holds: the union over every assignment that reaches it and is in force, each profile resolved for
 * itself. A role that arrives by two paths survives the loss of one.
 * @param client the client that the token is for; undefined: only assignments that are not limited to a client count
 */
export function holdings(catalogue: Catalogue, subject: Subject, client: string | undefined, at: Instant): Holdings {
  const dormant: Reach[] = [];
  let goodUntil: Instant = Infinity;
  const union = new Union(catalogue.roles.length);
  for (const reach of subject.reaches) {
    const state = reachState(reach, client, at);
    if (state === 'other_client') continue;
    if (state !== 'in_force') {
      dormant.push(reach);
      if (state === 'not_yet_valid') goodUntil = Math.min(goodUntil, reach.from);
      continue;
    }
    goodUntil = Math.min(goodUntil, reach.until);
    const resolved = catalogue.profile(reach.profile);
    if (resolved !== undefined) union.add(resolved.roles, reach.until);
  }
  return { subject, client, at, ...union.take(), dormant, goodUntil };
}

/** By position: until when; all 0 between two unions. Kept, so that a union costs what it holds and not what exists. */
let board = new Float64Array(0);

/** Collects positions with the latest instant of each. Only one is ever being made, from beginning to end. */
class Union {
  readonly #found: number[] = [];

  constructor(positions: number) {
    if (board.length < positions) board = new Float64Array(positions);
  }

  add(roles: Uint32Array, until: Instant): void {
    const cells = board;
    // The one loop that costs: over a typed array an index is a third faster than an iterator.
    for (let index = 0; index < roles.length; index += 1) {
      const role = roles[index]!;
      const known = cells[role]!;
      if (known === 0) this.#found.push(role);
      if (known < until) cells[role] = until;
    }
  }

  /** What was collected, ascending, and a clean board. */
  take(): Pick<Holdings, 'roles' | 'until'> {
    const roles = Uint32Array.from(this.#found).sort();
    const until = Float64Array.from(roles, (role) => board[role]!);
    for (const role of roles) board[role] = 0;
    return { roles, until };
  }
}

/** Until when a role is held at least; 0 when it is not. */
export function heldUntil({ roles, until }: Holdings, role: number): Instant {
  let low = 0;
  let high = roles.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (roles[middle]! < role) low = middle + 1;
    else high = middle;
  }
  return roles[low] === role ? until[low]! : 0;
}

/** Whether a role is held, and its organization's type not barred from it. */
export function isEffective(catalogue: Catalogue, held: Holdings, role: number): boolean {
  return heldUntil(held, role) > 0 && !barredFrom(catalogue, held.subject).has(role);
}

/** Positions of the roles that the subject's organization type is barred from. */
export function barredFrom(catalogue: Catalogue, subject: Subject): ReadonlySet<number> {
  return subject.organization === undefined ? NONE : catalogue.barred(subject.organization.type);
}

const NONE: ReadonlySet<number> = new Set();

/** Names of the effective roles, sorted by code unit. */
export function effectiveRoles(catalogue: Catalogue, held: Holdings): string[] {
  const barred = barredFrom(catalogue, held.subject);
  return Array.from(
    held.roles.filter((role) => !barred.has(role)),
    (role) => catalogue.roles[role]!,
  );
}

/** Every path by which a role comes, or would come, to a subject. */
export interface AccessPath {
  readonly reach: Reach;
  readonly profileName: string;
  readonly state: ReachState;
}

/** Every assignment that reaches the subject and whose profile has the role, with what it is worth at this instant. */
export function pathsTo(catalogue: Catalogue, subject: Subject, client: string | undefined, at: Instant, role: number): AccessPath[] {
  const paths: AccessPath[] = [];
  for (const reach of subject.reaches) {
    const resolved = catalogue.profile(reach.profile);
    if (resolved === undefined || !resolved.roles.includes(role)) continue;
    paths.push({ reach, profileName: resolved.profile.name, state: reachState(reach, client, at) });
  }
  return paths;
}
