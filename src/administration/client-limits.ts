/** @module Through a client flows what its users hold: who opens it wider, or turns it elsewhere, could receive it. */
import type { Client } from '../domain/client.ts';
import type { WrittenChange } from '../workspace/change.ts';
import { above, aboveCeiling, type Ceiling } from './ceiling.ts';

const SIGNING_IN = new Set<string>(['password', 'authorization_code', 'urn:ietf:params:oauth:grant-type:device_code']);

/** Whether people get tokens through the client. */
const signsPeopleIn = ({ grantTypes }: Client): boolean => grantTypes.some((grant) => SIGNING_IN.has(grant));

/**
 * A client lets through what its maximum names; without one, everything that its users hold. What it lets through now and
 * did not before must be the administrator's, and so must everything when its answers go to other addresses.
 * @throws `above_ceiling`
 */
export function judgeClientLimits({ objects, meanings }: Pick<WrittenChange, 'objects' | 'meanings'>, ceiling: Ceiling): void {
  const everyRole = meanings.after.catalogue.roles;
  for (const { section, before, after, fields } of objects) {
    if (section !== 'clients' || after === undefined) continue;
    const was = before as Client | undefined;
    const becomes = after as Client;
    const elsewhere = was !== undefined && signsPeopleIn(becomes) && fields.some(({ field }) => field === 'redirect_uris');
    refuse(
      ceiling,
      elsewhere ? (becomes.maximumRoles ?? everyRole) : widened(was, becomes, everyRole),
      'The client would let roles through that you do not hold yourself:',
    );
    const minimum = was?.minimumRoles.filter((role) => !becomes.minimumRoles.includes(role)) ?? [];
    refuse(ceiling, minimum, 'The client would be open to people without roles that you do not hold yourself:');
  }
}

function widened(was: Client | undefined, becomes: Client, everyRole: readonly string[]): readonly string[] {
  const opens = signsPeopleIn(becomes) && (was === undefined || !signsPeopleIn(was));
  // For itself a client holds only what it is given, and that is judged when it is given.
  if (was === undefined && !opens) return becomes.maximumRoles ?? [];
  const known = new Set(was === undefined || opens ? [] : (was.maximumRoles ?? everyRole));
  return (becomes.maximumRoles ?? everyRole).filter((role) => !known.has(role));
}

function refuse(ceiling: Ceiling, roles: readonly string[], message: string): void {
  const refused = above(ceiling, roles);
  if (refused.length > 0) throw aboveCeiling(message, refused);
}
