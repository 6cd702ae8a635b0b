import type { Route } from '../api/route.ts';
import { accessRoutes, type AccessRouteOptions } from './access.ts';
import { auditRoutes, type AuditRouteOptions } from './audit.ts';
import { clientRoutes, type ClientRouteOptions } from './clients.ts';
import { invitationRoutes, type InvitationRouteOptions } from './invitations.ts';
import { keyRoutes, type KeyRouteOptions } from './keys.ts';
import { leaseRoutes, type LeaseRouteOptions } from './leases.ts';
import { meRoutes, type MeRouteOptions } from './me.ts';
import { memberRoutes, type MemberRouteOptions } from './members.ts';
import { NOUNS, nounRoutes, type NounOptions } from './nouns.ts';
import { peopleRoutes, type PeopleRouteOptions } from './people.ts';
import { profileRoutes, type ProfileRouteOptions } from './profiles.ts';
import { revocationRoutes, type RevocationRouteOptions } from './revocations.ts';
import { usageRoutes, type UsageRouteOptions } from './usage.ts';
import { userRoutes, type UserRouteOptions } from './users.ts';
import { workspaceRoutes, type WorkspaceRouteOptions } from './workspace.ts';

/** What the routes work with. */
export type ManagementParts = NounOptions &
  ClientRouteOptions &
  MemberRouteOptions &
  ProfileRouteOptions &
  AccessRouteOptions &
  UserRouteOptions &
  KeyRouteOptions &
  RevocationRouteOptions &
  WorkspaceRouteOptions &
  InvitationRouteOptions &
  AuditRouteOptions &
  UsageRouteOptions &
  LeaseRouteOptions &
  MeRouteOptions &
  PeopleRouteOptions;

/** Every route of the management API. */
export function managementRoutes(parts: ManagementParts): readonly Route[] {
  return [
    ...NOUNS.flatMap((line) => nounRoutes(line, parts)),
    ...clientRoutes(parts),
    ...memberRoutes(parts),
    ...profileRoutes(parts),
    ...accessRoutes(parts),
    ...userRoutes(parts),
    ...keyRoutes(parts),
    ...revocationRoutes(parts),
    ...workspaceRoutes(parts),
    ...invitationRoutes(parts),
    ...auditRoutes(parts),
    ...usageRoutes(parts),
    ...leaseRoutes(parts),
    ...meRoutes(parts),
    ...peopleRoutes(parts),
  ];
}
