/** @module What somebody may do now, and by which ways it came. */
import { barredFrom, heldUntil, holdings, reachState, type AccessPath, type Instant, type Subject } from '../domain/access.ts';
import type { Clock } from '../domain/ports.ts';
import type { AccessService } from './access.ts';

export interface EffectiveRole {
  readonly role: string;
  /** Until when it is held at least; Infinity when no path ends. */
  readonly until: Instant;
  /** Every assignment in force that brings it. */
  readonly paths: readonly AccessPath[];
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
  const now = clock.now();
  const held = holdings(catalogue, subject, client, now);
  const barred = barredFrom(catalogue, subject);
  const paths = new Map<number, AccessPath[]>();
  for (const role of held.roles) if (!barred.has(role)) paths.set(role, []);
  for (const reach of subject.reaches) {
    const resolved = catalogue.profile(reach.profile);
    if (resolved === undefined || reachState(reach, client, now) !== 'in_force') continue;
    const path: AccessPath = { reach, profileName: resolved.profile.name, state: 'in_force' };
    for (const role of resolved.roles) paths.get(role)?.push(path);
  }
  return Array.from(paths, ([role, found]) => ({ role: catalogue.roles[role]!, until: heldUntil(held, role), paths: found }));
}
