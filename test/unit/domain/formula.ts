/**
 * @module The rule as it is written down, and nothing else: sets of names and loops over everything there is. Slow, and
 * plain enough to be checked by reading. The implementation is compared with it.
 *
 *     resolve(profile)         = profile.roles ∪ expand(profile.permissions) ∪ (full_access ? every role : ∅)
 *     held(subject, client, t) = ∪ resolve(a.profile) over assignments a that reach the subject at t, a.client unset or = client
 *     effective                = held − barred_roles(organization type of the subject)
 *     granted                  = requested ∩ effective ∩ client.maximum_roles ∩ resource_server.roles
 */
import type { Instant } from '../../../src/domain/access.ts';
import type { Definitions } from '../../../src/domain/catalogue.ts';
import { BUILT_IN_ROLES } from '../../../src/domain/role.ts';
import type { ScopeLimits, Verdict } from '../../../src/domain/scope.ts';
import type { SecurityProfile } from '../../../src/domain/security-profile.ts';
import { lineage, type Window, type World, type WorldAssignment } from './world.ts';

export interface Question {
  readonly world: World;
  readonly kind: 'user' | 'client';
  readonly id: string;
  readonly client: string | undefined;
  readonly at: Instant;
}

export function everyRole(definitions: Definitions): Set<string> {
  return new Set([
    ...BUILT_IN_ROLES.map(({ name }) => name),
    ...definitions.roles.map(({ name }) => name),
    ...definitions.permissionTypes.flatMap(({ type, operations }) => operations.map((operation) => `${type}:${operation}`)),
  ]);
}

/** How closely a pattern fits a type: -1 not at all, an exact name closer than any wildcard. */
function closeness(pattern: string, type: string): number {
  if (pattern === type) return Infinity;
  return pattern.endsWith('*') && type.startsWith(pattern.slice(0, -1)) ? pattern.length : -1;
}

export function resolveByFormula(definitions: Definitions, profile: SecurityProfile): Set<string> {
  const every = everyRole(definitions);
  if (profile.fullAccess) return every;
  const roles = new Set(profile.roles.filter((name) => every.has(name)));
  for (const { type, operations } of definitions.permissionTypes) {
    const closest = Math.max(-1, ...profile.permissions.map((entry) => closeness(entry.type, type)));
    for (const entry of profile.permissions) {
      if (closest < 0 || closeness(entry.type, type) !== closest) continue;
      for (const operation of operations) if (entry.operations.includes(operation)) roles.add(`${type}:${operation}`);
    }
  }
  return roles;
}

const overlap = (a: Window, b: Window): Window => ({ from: Math.max(a.from, b.from), until: Math.min(a.until, b.until) });
const ALWAYS: Window = { from: -Infinity, until: Infinity };

/** Windows in which an assignment reaches the subject, one for each way; empty when it does not reach it. */
function windowsOf({ world, kind, id }: Question, assignment: WorldAssignment): Window[] {
  const { party, includeDescendants } = assignment;
  if (party.kind === 'user_group') {
    const person = kind === 'user' ? world.people.find((one) => one.id === id) : undefined;
    return (person?.memberships ?? []).filter(({ group }) => group === party.id).map((membership) => overlap(membership, assignment));
  }
  if (party.kind === 'organization') {
    const [own, ...above] = lineage(world, (kind === 'user' ? world.people : world.clients).find((one) => one.id === id)?.organization);
    return own === party.id || (includeDescendants && above.includes(party.id)) ? [overlap(ALWAYS, assignment)] : [];
  }
  return party.kind === kind && party.id === id ? [overlap(ALWAYS, assignment)] : [];
}

/** Every window in which the subject has the role through the client: past, present and future ones. */
export function windowsFor(question: Question, role: string): Window[] {
  const { definitions, assignments } = question.world;
  return assignments
    .filter(({ client }) => client === undefined || client === question.client)
    .filter((assignment) => {
      const profile = definitions.securityProfiles.find(({ id }) => id === assignment.profile);
      return profile !== undefined && resolveByFormula(definitions, profile).has(role);
    })
    .flatMap((assignment) => windowsOf(question, assignment));
}

const inForce = ({ from, until }: Window, at: Instant) => from <= at && at < until;

/** Until when the role is held by the longest of its paths; 0 when it is not. */
export function heldUntilByFormula(question: Question, role: string): Instant {
  return Math.max(
    0,
    ...windowsFor(question, role)
      .filter((window) => inForce(window, question.at))
      .map(({ until }) => until),
  );
}

function barredByFormula({ world, kind, id }: Question): readonly string[] {
  const organization = (kind === 'user' ? world.people : world.clients).find((one) => one.id === id)?.organization;
  const type = world.organizations.find((one) => one.id === organization)?.type;
  return world.definitions.organizationTypes.find(({ name }) => name === type)?.barredRoles ?? [];
}

export function effectiveByFormula(question: Question): string[] {
  const barred = barredByFormula(question);
  return [...everyRole(question.world.definitions)].filter((role) => heldUntilByFormula(question, role) > 0 && !barred.includes(role)).toSorted();
}

export function grantedByFormula(question: Question, limits: ScopeLimits, requested: readonly string[]): string[] {
  return effectiveByFormula(question)
    .filter((role) => requested.includes(role))
    .filter((role) => limits.maximumRoles?.has(role) ?? true)
    .filter((role) => limits.resourceServerRoles?.has(role) ?? true);
}

export function verdictByFormula(question: Question, limits: ScopeLimits, name: string): Verdict {
  if (!everyRole(question.world.definitions).has(name)) return 'unknown';
  if (heldUntilByFormula(question, name) === 0) {
    const windows = windowsFor(question, name);
    if (windows.some(({ from, until }) => question.at < from && from < until)) return 'not_yet_valid';
    return windows.length > 0 ? 'expired' : 'unheld';
  }
  if (barredByFormula(question).includes(name)) return 'barred_for_organization_type';
  if (limits.maximumRoles?.has(name) === false) return 'above_client_maximum';
  if (limits.resourceServerRoles?.has(name) === false) return 'outside_resource_server';
  return 'granted';
}
