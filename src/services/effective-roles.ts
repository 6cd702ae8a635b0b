/** @module What somebody may do, and by which ways it came. */
import { barredFrom, heldUntil, holdings, reachState, type AccessPath, type Instant, type Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import type { Clock } from '../domain/ports.ts';
import type { AccessService } from './access.ts';

export interface EffectiveRole {
  readonly role: string;
  /** Until when it is held at least; Infinity when no path ends. */
  readonly until: Instant;
  /** Every assignment in force that brings it. */
  readonly paths: readonly AccessPath[];
}

export interface HeldRole extends EffectiveRole {
  /** The type of the organization is barred from it: no token carries it. */
  readonly barred: boolean;
}

/** Whose token it would be that carries the roles, and when. */
export interface Occasion {
  /** Undefined: only assignments that are not limited to a client count. */
  readonly client: string | undefined;
  readonly at: Instant;
}

/**
 * The effective roles of a user or client with their paths, sorted by code unit.
 * @param client the client that a token would be for; undefined: only assignments that are not limited to a client count
 */
export async function effectiveRolesOf(
  { access, clock }: { readonly access: AccessService; readonly clock: Clock },
  subject: Subject,
  client: string | undefined,
): Promise<readonly EffectiveRole[]> {
  await access.refresh(0);
  const { catalogue } = await access.workspace();
  return heldRoles(catalogue, subject, { client, at: clock.now() })
    .filter(({ barred }) => !barred)
    .map(({ role, until, paths }) => ({ role, until, paths }));
}

/** Every role that is held, those that the organization's type is barred from too, with their paths, sorted by code unit. */
export function heldRoles(catalogue: Catalogue, subject: Subject, { client, at }: Occasion): HeldRole[] {
  const held = holdings(catalogue, subject, client, at);
  const barred = barredFrom(catalogue, subject);
  const paths = new Map<number, AccessPath[]>(Array.from(held.roles, (role) => [role, []]));
  for (const reach of subject.reaches) {
    const resolved = catalogue.profile(reach.profile);
    if (resolved === undefined || reachState(reach, client, at) !== 'in_force') continue;
    const path: AccessPath = { reach, profileName: resolved.profile.name, state: 'in_force' };
    for (const role of resolved.roles) paths.get(role)?.push(path);
  }
  return Array.from(paths, ([role, found]) => ({
    role: catalogue.roles[role]!,
    until: heldUntil(held, role),
    paths: found,
    barred: barred.has(role),
  }));
}
