/** @module FullAccess opens everything that accepts it. Wherever somebody is given it, that is marked. */
import type { Catalogue } from './catalogue.ts';
import { FULL_ACCESS } from './role.ts';

/** Whether a profile opens everything: it has the role FullAccess, or every role of the catalogue. */
export function givesFullAccess(catalogue: Catalogue, securityProfile: string): boolean {
  const resolved = catalogue.profile(securityProfile);
  const position = catalogue.indexOf(FULL_ACCESS);
  return resolved !== undefined && (resolved.profile.fullAccess || (position !== undefined && resolved.roles.includes(position)));
}
