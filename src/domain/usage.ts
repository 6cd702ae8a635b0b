/**
 * @module Use of what was given, as counts by day (UTC): never a row per token, and nothing about who the token was for.
 *
 * What is counted is what tokens were asked for and what they got. Whether an API ever looked at a role in a token is
 * not known here: a role that is not even asked for is surely unused, one that is granted may be.
 */
import { reachState, type Holdings, type Instant } from './access.ts';
import type { Catalogue, ResolvedProfile } from './catalogue.ts';
import type { Page, Position, Visibility } from './directory.ts';
import type { Negotiation, Verdict } from './scope.ts';

/** A day in UTC: `2026-11-22`. */
export type Day = string;

const DAY_MS = 86_400_000;

export const dayOf = (at: Instant): Day => new Date(at).toISOString().slice(0, 10);
export const startOfDay = (day: Day): Instant => Date.parse(day);
/** The day that lies so many days later, or earlier when negative. */
export const dayAfter = (day: Day, days: number): Day => dayOf(startOfDay(day) + days * DAY_MS);
export const endOfDay = (day: Day): Instant => startOfDay(day) + DAY_MS;

/** How many distinct names that nobody knows are counted by name, for a client and a day, by each process. */
export const UNKNOWN_NAMES_COUNTED = 20;

/** The name under which all further unknown names of a client are counted together. */
export const OTHER_NAMES = '';

/**
 * What a count is about.
 * - `client`: tokens that the client was issued, all in `granted`; it has no name.
 * - `role`: tokens that asked for the role, and carry it (`granted`) or not (`dropped`).
 * - `security_profile`: tokens that asked for one of its roles on behalf of somebody whom the profile then reached, and
 *   carry such a role (`granted`) or none (`dropped`: the client, the API or the organization's type let none through).
 *   Roles that come by several profiles count for each of them.
 */
export type UsageKind = 'client' | 'role' | 'security_profile';

export interface UsageCount {
  readonly day: Day;
  readonly client: string;
  readonly kind: UsageKind;
  /** Role name or profile id; empty for `client`, and {@link OTHER_NAMES}. */
  readonly name: string;
  readonly granted: number;
  readonly dropped: number;
}

/** Days from `from` to `to`, both included. */
export interface Span {
  readonly from: Day;
  readonly to: Day;
}

export interface UsageQuery extends Span {
  /**
   * `role`: every name that was asked for; `client`, `security_profile`: all that may be seen, the unused ones too.
   * Figures come from clients of the tenancy only, whoever owns the profile: clients above serve others as well.
   */
  readonly by: UsageKind;
  readonly visibility: Visibility;
  /** Only what was counted for this client; for roles and profiles. */
  readonly client?: string | undefined;
  /** Only these. */
  readonly names?: readonly string[] | undefined;
  /** Only roles that were asked for and never granted. */
  readonly inVain?: boolean | undefined;
  readonly after?: Position | undefined;
  readonly limit: number;
  /** Whether to count everything that matches; costs a second statement. */
  readonly total: boolean;
}

export interface UsageTotal {
  readonly name: string;
  /** For clients: how many were issued. */
  readonly tokens: number | undefined;
  /** Names that stood in requests; for profiles tokens, see {@link UsageKind}. */
  readonly granted: number;
  readonly dropped: number;
  /** Latest day with a grant; for clients: with a token. */
  readonly lastUsedOn: Day | undefined;
  /** Latest day on which it was asked for; for clients: as {@link lastUsedOn}. */
  readonly lastRequestedOn: Day | undefined;
}

/** A profile that may be seen, and whether an assignment brings, or will bring, it to somebody within the tenancy. */
export interface ProfileInUse {
  readonly id: string;
  readonly assigned: boolean;
}

export interface UsageStore {
  /** Remembers since when counting runs; only the first call ever counts. */
  begin(day: Day): Promise<void>;
  /** First day of counting; undefined: nothing was ever counted. */
  countedSince(): Promise<Day | undefined>;
  /**
   * Adds to what was counted, in one atomic statement; at most 2,000, each key once. Counts of clients that do not exist
   * are passed over, and counts of a client go with the client.
   */
  add(counts: readonly UsageCount[]): Promise<void>;
  /** One page of totals over a span, by name in code-unit order, in one statement, and one more for the total. */
  list(query: UsageQuery): Promise<Page<UsageTotal>>;
  /** Names of all roles that were granted in a span, to clients of the tenancy or to one of them, in code-unit order. */
  grantedRoles(query: Span & Pick<UsageQuery, 'visibility' | 'client'>): Promise<readonly string[]>;
  /** Every profile that may be seen, by id. An assignment that has ended by then brings nothing any more. */
  profilesInUse(visibility: Visibility, now: Date): Promise<readonly ProfileInUse[]>;
  /** Deletes at most `limit` counts of days before this one; returns how many went. */
  reap(before: Day, limit: number): Promise<number>;
}

/** Drops of roles that are held all the same: the profile did its part. */
const STOPPED: ReadonlySet<Verdict> = new Set(['barred_for_organization_type', 'above_client_maximum', 'outside_resource_server']);

/** Tells which of the profiles in force a token made use of, and which were asked for a role and could not give it. */
export function profileUse(catalogue: Catalogue, held: Holdings, negotiation: Negotiation, tell: (profile: string, granted: boolean) => void): void {
  const profiles = profilesInForce(catalogue, held);
  if (profiles.length === 0) return;
  const granted = positions(catalogue, negotiation.granted);
  const stopped = negotiation.dropped.length === 0 ? [] : positions(catalogue, negotiation.dropped.filter(isStopped).map(nameOf)).sort(ascending);
  const asked = new Asked(catalogue.roles.length, granted, stopped);
  for (const { profile, roles } of profiles) {
    const use = asked.bestOf(roles);
    if (use !== NOT_ASKED) tell(profile.id, use === GRANTED);
  }
  asked.clear();
}

const isStopped = ({ verdict }: { readonly verdict: Verdict }): boolean => STOPPED.has(verdict);
const nameOf = ({ name }: { readonly name: string }): string => name;
const ascending = (a: number, b: number): number => a - b;

/** Profiles in force, each once: holdings are remembered between tokens, so this mostly costs a look. */
const inForce = new WeakMap<Holdings, readonly ResolvedProfile[]>();

function profilesInForce(catalogue: Catalogue, held: Holdings): readonly ResolvedProfile[] {
  const known = inForce.get(held);
  if (known !== undefined) return known;
  const found = new Map<string, ResolvedProfile>();
  for (const reach of held.subject.reaches) {
    const resolved = catalogue.profile(reach.profile);
    if (resolved !== undefined && reachState(reach, held.client, held.at) === 'in_force') found.set(reach.profile, resolved);
  }
  const profiles = [...found.values()];
  inForce.set(held, profiles);
  return profiles;
}

/** In the order of the names, which is ascending where the names are sorted. */
function positions(catalogue: Catalogue, names: readonly string[]): number[] {
  const found: number[] = [];
  for (const name of names) {
    const position = catalogue.indexOf(name);
    if (position !== undefined) found.push(position);
  }
  return found;
}

const NOT_ASKED = 0;
const NOT_GRANTED = 1;
const GRANTED = 2;

/** By position: what became of the role. Kept, so that a token costs what it asks for and not what exists. */
let board = new Uint8Array(0);

/** Steps along a profile's roles that cost as much as looking for one role among them. */
const STEPS_OF_A_SEARCH = 8;

/** What a token asked for, to be held against one profile after the other. */
class Asked {
  readonly #granted: readonly number[];
  readonly #stopped: readonly number[];

  /** @param granted ascending, as is `stopped` */
  constructor(size: number, granted: readonly number[], stopped: readonly number[]) {
    if (board.length < size) board = new Uint8Array(size);
    this.#granted = granted;
    this.#stopped = stopped;
    for (const role of granted) board[role] = GRANTED;
    for (const role of stopped) board[role] = NOT_GRANTED;
  }

  clear(): void {
    for (const role of this.#granted) board[role] = NOT_ASKED;
    for (const role of this.#stopped) board[role] = NOT_ASKED;
  }

  /** The best that became of any of the roles. */
  bestOf(roles: Uint32Array): number {
    if (roles.length <= STEPS_OF_A_SEARCH * (this.#granted.length + this.#stopped.length)) return bestOnBoard(roles);
    if (meet(this.#granted, roles)) return GRANTED;
    return meet(this.#stopped, roles) ? NOT_GRANTED : NOT_ASKED;
  }
}

function bestOnBoard(roles: Uint32Array): number {
  let best = NOT_ASKED;
  for (let index = 0; index < roles.length && best < GRANTED; index += 1) {
    const use = board[roles[index]!]!;
    if (use > best) best = use;
  }
  return best;
}

/** Whether two ascending lists have anything in common; each step leaps over all that lies before the other's next. */
function meet(few: readonly number[], many: Uint32Array): boolean {
  let start = 0;
  for (const wanted of few) {
    start = firstFrom(many, start, wanted);
    if (start === many.length) return false;
    if (many[start] === wanted) return true;
  }
  return false;
}

/** Index of the first that is not below, looked for in steps that double, from `start` on. */
function firstFrom(many: Uint32Array, start: number, wanted: number): number {
  let low = start;
  let step = 1;
  while (low + step < many.length && many[low + step]! < wanted) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, many.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (many[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
