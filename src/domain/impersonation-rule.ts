/**
 * @module An impersonation rule says who may act as whom, through which client, with the roles of which profile, for how
 * long. Acting as somebody gives what the rules give, never what either of the two holds: the profile of a rule is put
 * into the place of the target's assignments, and the rule of `scope.ts` decides on it as on everything else.
 */
import { barredFrom, holdings, reachState, type Holdings, type Instant, type Reach, type Subject } from './access.ts';
import { byCodeUnit, type Catalogue } from './catalogue.ts';
import type { Party } from './party.ts';
import { FULL_ACCESS } from './role.ts';

export interface ImpersonationRule {
  readonly id: string;
  readonly impersonator: Party;
  readonly target: Party;
  readonly securityProfile: string;
  readonly client: string;
  readonly maxLifetimeSeconds?: number | undefined;
}

/** Impersonation needs this role where no workspace names another. */
export const DEFAULT_IMPERSONATION_ROLE = 'Impersonation';

/** Setting under which a workspace names the role. */
export const IMPERSONATION_ROLE_SETTING = 'impersonation_role';

/** No token with which somebody acts as somebody else lives longer. */
export const LONGEST_IMPERSONATION_SECONDS = 900;

/** Somebody wants to act as somebody else, through a client, at an instant. */
export interface ImpersonationCase {
  readonly actor: Subject;
  readonly target: Subject;
  readonly client: string;
  readonly at: Instant;
}

/** What acting as somebody gives. */
export interface Impersonated {
  /** Ids of the rules that allow it, sorted by code unit. */
  readonly rules: readonly string[];
  /** Of the target: the roles of the rules' profiles, each until no rule gives it any more. */
  readonly held: Holdings;
  /** When the last of the rules ceases to allow it. */
  readonly until: Instant;
}

/**
 * What the rules give to an actor who acts as a target. A rule matches users by id, by a membership that is in force and
 * by their own organization, never by one above; several that match add up.
 * @param rules those that do not name the client are passed over
 * @returns undefined when no rule allows it, and for acting as oneself
 * @example
 * impersonate(catalogue, [rule], { actor: carla, target: alice, client: 'shop', at: now })?.held
 */
export function impersonate(catalogue: Catalogue, rules: readonly ImpersonationRule[], given: ImpersonationCase): Impersonated | undefined {
  const { actor, target, client, at } = given;
  if (actor.kind !== 'user' || target.kind !== 'user' || actor.id === target.id) return undefined;
  const reaches: Reach[] = [];
  for (const rule of rules) {
    const reach = rule.client === client ? reachThrough(rule, given) : undefined;
    if (reach !== undefined && reachState(reach, client, at) === 'in_force') reaches.push(reach);
  }
  if (reaches.length === 0) return undefined;
  return {
    rules: reaches.map(({ assignment }) => assignment).toSorted(byCodeUnit),
    held: holdings(catalogue, { ...target, reaches }, client, at),
    until: Math.max(...reaches.map(({ until }) => until)),
  };
}

/** The rule as if its profile were assigned to the target for as long as it applies to the two; undefined: it does not. */
function reachThrough(rule: ImpersonationRule, { actor, target, at }: ImpersonationCase): Reach | undefined {
  const impersonator = windowOf(rule.impersonator, actor);
  const impersonated = windowOf(rule.target, target);
  if (impersonator === undefined || impersonated === undefined) return undefined;
  return {
    assignment: rule.id,
    profile: rule.securityProfile,
    party: rule.target,
    client: rule.client,
    includeDescendants: false,
    from: Math.max(impersonator.from, impersonated.from),
    until: Math.min(impersonator.until, impersonated.until, at + (rule.maxLifetimeSeconds ?? Infinity) * 1000),
    assignedAt: at,
  };
}

const ALWAYS = { from: -Infinity, until: Infinity } as const;

/** From when until when a party of a rule stands for a user; undefined: it does not. */
export function windowOf(party: Party, user: Subject): { readonly from: Instant; readonly until: Instant } | undefined {
  switch (party.kind) {
    case 'user':
      return party.id === user.id ? ALWAYS : undefined;
    case 'organization':
      return party.id === user.organization?.id ? ALWAYS : undefined;
    case 'user_group':
      return user.memberships.find(({ userGroup }) => userGroup === party.id);
    case 'client':
      return undefined;
  }
}

/** Whether somebody with these roles may impersonate at all, rules aside. FullAccess suffices. */
export function suffices(roles: readonly string[], impersonationRole: string): boolean {
  return roles.includes(impersonationRole) || roles.includes(FULL_ACCESS);
}

/**
 * Whether a user still holds what impersonation needs, through whichever client: a token tells who acts, not through
 * which client the actor signed in.
 */
export function mayStillImpersonate(catalogue: Catalogue, actor: Subject, { role, at }: { readonly role: string; readonly at: Instant }): boolean {
  const barred = barredFrom(catalogue, actor);
  const sufficient = [role, FULL_ACCESS].flatMap((name) => catalogue.indexOf(name) ?? []).filter((one) => !barred.has(one));
  return actor.reaches.some((reach) => {
    if (reachState(reach, reach.client, at) !== 'in_force') return false;
    const roles = catalogue.profile(reach.profile)?.roles;
    return roles !== undefined && sufficient.some((one) => roles.includes(one));
  });
}
