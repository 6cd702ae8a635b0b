/**
 * @module The ceiling: nobody hands out what they do not hold. *Dana* of Acme may write users and assignments there and
 * holds OrderAdmin and Shopper. Her ceiling is those two roles and her administration roles, for people and clients of
 * Acme and below. A change of hers is made, looked at as it would be, and taken back when it gives anybody a role above
 * that, now or at a later time; whether by an assignment, a group, a move, a profile, a client or a rule, is all one.
 */
import { effectiveRoles, heldUntil, holdings, type Instant, type Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { DomainError } from '../domain/errors.ts';
import { FULL_ACCESS } from '../domain/role.ts';
import { covers, isRootTenancy, tenancyOf, type Tenancy } from '../domain/tenancy.ts';
import type { ReachedClient, Snapshot } from '../workspace/effects.ts';
import type { Reached } from '../workspace/reach.ts';

/** What an administrator may hand out, and to whom. */
export interface Ceiling {
  /** Holds FullAccess now: every role. */
  readonly everyRole: boolean;
  /** Until when; 0 when it is not held. */
  readonly everyRoleUntil: Instant;
  readonly roles: ReadonlySet<string>;
  readonly tenancy: Tenancy;
}

/** How an administrator acts. */
export interface Acting {
  /** Client through which. */
  readonly clientId: string;
  readonly now: Instant;
  readonly tenancy: Tenancy;
  /** Of a client that acts in its own name: no token of its carries more. Unset: no limit. */
  readonly maximumRoles?: readonly string[] | undefined;
}

export function ceilingOf(catalogue: Catalogue, acting: Subject, at: Acting): Ceiling {
  const held = holdings(catalogue, acting, at.clientId, at.now);
  const effective = acting.active ? effectiveRoles(catalogue, held) : [];
  const roles = new Set(at.maximumRoles === undefined ? effective : effective.filter((role) => at.maximumRoles!.includes(role)));
  const everyRole = roles.has(FULL_ACCESS);
  return { everyRole, everyRoleUntil: everyRole ? heldUntil(held, catalogue.indexOf(FULL_ACCESS)!) : 0, roles, tenancy: at.tenancy };
}

/** Names of these that may not be handed out, sorted. */
export function above(ceiling: Ceiling, roles: Iterable<string>): string[] {
  return ceiling.everyRole ? [] : [...new Set(roles)].filter((role) => !ceiling.roles.has(role)).sort();
}

/** Somebody who holds more after a change than before, or the same over more, at some instant from now on. */
export interface Gain {
  readonly subject: Subject;
  readonly roles: readonly string[];
}

/**
 * Everybody who gains, with the roles gained; who comes to act on another part of the tree gains everything there. What a
 * new role means to whoever has every role is no gain; what it means to other profiles is judged with the profiles.
 */
export function gainsOf(before: Snapshot, after: Snapshot, reached: Reached, now: Instant): Gain[] {
  const comparison = new Comparison(before.catalogue, after.catalogue, now);
  const gains: Gain[] = [];
  const note = (subject: Subject | undefined, roles: readonly string[]) => {
    if (subject !== undefined && roles.length > 0) gains.push({ subject, roles });
  };
  for (const id of reached.users) {
    const [was, becomes] = [before.users.get(id), after.users.get(id)];
    note(becomes, comparison.gained(was, becomes, [undefined, ...clientsNamedBy(was, becomes)]));
  }
  for (const id of reached.clients) {
    const [was, becomes] = [before.clients.get(id), after.clients.get(id)];
    note(becomes?.self, comparison.gainedByClient(was, becomes));
  }
  return gains;
}

/** Every role that somebody holds now or will hold without another change, whatever the client. */
export function rolesFromNowOn(catalogue: Catalogue, subject: Subject, now: Instant, clients: readonly (string | undefined)[]): string[] {
  const comparison = new Comparison(catalogue, catalogue, now);
  return comparison.gained(undefined, { ...subject, active: true }, [undefined, ...clients, ...clientsNamedBy(subject)]);
}

function clientsNamedBy(...subjects: (Subject | undefined)[]): string[] {
  return [...new Set(subjects.flatMap((subject) => subject?.reaches.flatMap(({ client }) => client ?? []) ?? []))];
}

/** Effective roles before and after, compared at every instant at which something begins or ends. */
class Comparison {
  readonly #before: Catalogue;
  readonly #after: Catalogue;
  readonly #now: Instant;
  readonly #known = new Map<string, readonly string[]>();

  constructor(before: Catalogue, after: Catalogue, now: Instant) {
    this.#before = before;
    this.#after = after;
    this.#now = now;
  }

  gained(was: Subject | undefined, becomes: Subject | undefined, clients: readonly (string | undefined)[]): string[] {
    if (becomes === undefined || !becomes.active) return [];
    const key = JSON.stringify([clients, ...[was, becomes].map(standing)]);
    let roles = this.#known.get(key);
    if (roles === undefined) {
      roles = this.#gained(was, becomes, clients);
      this.#known.set(key, roles);
    }
    return [...roles];
  }

  gainedByClient(was: ReachedClient | undefined, becomes: ReachedClient | undefined): string[] {
    if (becomes === undefined || !becomes.acting.active || !canAct(becomes)) return [];
    const id = becomes.client.clientId;
    const gained = new Set<string>();
    for (const at of instants(this.#now, was?.acting, becomes.acting)) {
      const had = new Set(isFurther(was?.acting, becomes.acting) || !canAct(was) ? [] : limited(was, rolesOf(this.#before, was.acting, id, at)));
      for (const role of limited(becomes, rolesOf(this.#after, becomes.acting, id, at))) if (!had.has(role)) gained.add(role);
    }
    return this.#existing(gained);
  }

  #gained(was: Subject | undefined, becomes: Subject, clients: readonly (string | undefined)[]): string[] {
    const gained = new Set<string>();
    for (const client of clients) {
      for (const at of instants(this.#now, was, becomes)) {
        const had = new Set(isFurther(was, becomes) ? [] : rolesOf(this.#before, was, client, at));
        for (const role of rolesOf(this.#after, becomes, client, at)) if (!had.has(role)) gained.add(role);
      }
    }
    return this.#existing(gained);
  }

  #existing(roles: Iterable<string>): string[] {
    return [...roles].filter((role) => this.#before.indexOf(role) !== undefined).sort();
  }
}

/** Everything about a subject that its roles follow from. */
const standing = (subject: Subject | undefined): unknown =>
  subject === undefined
    ? null
    : [
        subject.active,
        subject.organization?.type,
        subject.organization?.path,
        subject.reaches.map(({ assignment, profile, client, from, until }) => [assignment, profile, client, String(from), String(until)]),
      ];

function rolesOf(catalogue: Catalogue, subject: Subject | undefined, client: string | undefined, at: Instant): string[] {
  if (subject === undefined || !subject.active) return [];
  return effectiveRoles(catalogue, holdings(catalogue, subject, client, at));
}

/** Whether a client gets tokens of its own at all. */
const canAct = (reached: ReachedClient | undefined): reached is ReachedClient =>
  reached?.client.active === true && reached.client.grantTypes.includes('client_credentials');

/** Whether a subject comes to act on a part of the tree that it did not act on before. */
function isFurther(was: Subject | undefined, becomes: Subject): boolean {
  if (was === undefined) return true;
  if (becomes.organization === undefined) return false;
  const [before, after] = [tenancyOf(was), tenancyOf(becomes)];
  return !covers(before, becomes.organization.path) || (isRootTenancy(after) && !isRootTenancy(before));
}

const limited = ({ client }: ReachedClient, roles: readonly string[]): readonly string[] =>
  client.maximumRoles === undefined ? roles : roles.filter((role) => client.maximumRoles!.includes(role));

/** Now, and every later instant at which an assignment begins or ends; in between nothing changes. */
function instants(now: Instant, ...subjects: (Subject | undefined)[]): ReadonlySet<Instant> {
  const found = new Set([now]);
  for (const subject of subjects) {
    for (const { from, until } of subject?.reaches ?? []) {
      if (from > now && from < until) found.add(from);
      if (until > now && Number.isFinite(until)) found.add(until);
    }
  }
  return found;
}

/** Whether a subject belongs to what the ceiling covers. */
export function isWithin({ tenancy }: Ceiling, subject: Subject): boolean {
  return covers(tenancy, subject.organization?.path);
}

const MOST_NAMED = 20;

/** A refusal that names the roles, so that the reader knows whom to ask. */
export function aboveCeiling(message: string, roles: readonly string[]): DomainError {
  const named =
    roles.length === 0
      ? ''
      : ` ${roles.slice(0, MOST_NAMED).join(', ')}${roles.length > MOST_NAMED ? ` and ${roles.length - MOST_NAMED} more` : ''}.`;
  return new DomainError('above_ceiling', `${message}${named}`, { details: { roles } });
}

/** Names of the roles that a catalogue gives a profile; none when there is no such profile. */
export function rolesOfProfile(catalogue: Catalogue, id: string): string[] {
  return Array.from(catalogue.profile(id)?.roles ?? [], (role) => catalogue.roles[role]!);
}
