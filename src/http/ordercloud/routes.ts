import { accessTokenRoutes, type AccessTokenRouteParts } from './access-tokens.ts';
import { apiClientRoutes } from './api-clients.ts';
import { apiClientSecretRoutes, type ApiClientSecretRouteParts } from './api-client-secrets.ts';
import { companyRoutes, type CompanyRouteParts } from './companies.ts';
import { forgottenCredentialsRoutes, type ForgottenCredentialsParts } from './forgotten-credentials.ts';
import { impersonationRoutes, type ImpersonationRouteParts } from './impersonation-configs.ts';
import { meRoutes, type MeRouteParts } from './me.ts';
import { profileAssignmentRoutes, type ProfileAssignmentRouteParts } from './profile-assignments.ts';
import type { OrderCloudRoute } from './route.ts';
import { securityProfileRoutes, type SecurityProfileRouteParts } from './security-profiles.ts';
import { userGroupRoutes, type UserGroupRouteParts } from './user-groups.ts';
import { userRoutes, type UserRouteParts } from './users.ts';

/** What the routes work with. */
export type OrderCloudParts = CompanyRouteParts &
  UserRouteParts &
  UserGroupRouteParts &
  SecurityProfileRouteParts &
  ProfileAssignmentRouteParts &
  ApiClientSecretRouteParts &
  ImpersonationRouteParts &
  AccessTokenRouteParts &
  MeRouteParts &
  ForgottenCredentialsParts;

/** Every call of OrderCloud's API that is answered. */
export function orderCloudRoutes(parts: OrderCloudParts): readonly OrderCloudRoute[] {
  return [
    ...companyRoutes(parts),
    ...userRoutes(parts),
    ...userGroupRoutes(parts),
    ...securityProfileRoutes(parts),
    ...profileAssignmentRoutes(parts),
    ...apiClientRoutes(parts),
    ...apiClientSecretRoutes(parts),
    ...impersonationRoutes(parts),
    ...accessTokenRoutes(parts),
    ...meRoutes(parts),
    ...forgottenCredentialsRoutes(parts),
  ];
}
