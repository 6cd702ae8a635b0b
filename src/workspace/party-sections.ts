/** @module The sections of parties and of what links them: organizations, groups, users, clients, assignments, impersonation rules. */
import type { Assignment } from '../domain/assignment.ts';
import type { Client } from '../domain/client.ts';
import type { ImpersonationRule } from '../domain/impersonation-rule.ts';
import type { Organization } from '../domain/organization.ts';
import type { Membership, User, UserGroup } from '../domain/party.ts';
import { assignmentId } from '../services/assignment-id.ts';
import { partyField, partyOf } from './declared-party.ts';
import type { Declared } from './schema.ts';
import { declaredOr, isoInstant, sorted, type Section } from './section.ts';

export const organizations: Section<Declared<'organizations'>, Organization> = {
  noun: 'organization',
  required: ['type'],
  repository: (tx) => tx.organizations,
  keyOf: (organization) => organization.id,
  label: (organization) => organization.id,
  merge: (declared, existing) => ({
    id: declared.id,
    name: declared.name ?? existing?.name ?? declared.id,
    type: declared.type ?? existing?.type ?? '',
    parent: declaredOr(declared.parent, existing?.parent),
    active: declared.active ?? existing?.active ?? true,
    path: existing?.path ?? [],
  }),
  describe: ({ id, name, type, parent, active }) => ({ id, name, type, parent, active }),
  defaults: ({ id }) => ({ name: id, active: true }),
};

export const userGroups: Section<Declared<'user_groups'>, UserGroup> = {
  noun: 'user_group',
  required: ['organization'],
  repository: (tx) => tx.userGroups,
  keyOf: (group) => group.id,
  label: (group) => group.id,
  merge: (declared, existing) => ({
    id: declared.id,
    name: declared.name ?? existing?.name ?? declared.id,
    organization: declared.organization ?? existing?.organization ?? '',
    description: declaredOr(declared.description, existing?.description),
  }),
  describe: ({ id, name, organization, description }) => ({ id, name, organization, description }),
  defaults: ({ id }) => ({ name: id }),
};

type DeclaredMembership = NonNullable<Declared<'users'>['user_groups']>[number];

const membershipOf = ({ user_group, valid_from, valid_until, reason }: DeclaredMembership): Membership => ({
  userGroup: user_group,
  validFrom: valid_from,
  validUntil: valid_until,
  reason,
});

/** A membership for good is written as the group's id alone. */
function describeMembership({ userGroup, validFrom, validUntil, reason }: Membership): unknown {
  if (validFrom === undefined && validUntil === undefined && reason === undefined) return userGroup;
  return { user_group: userGroup, valid_from: isoInstant(validFrom), valid_until: isoInstant(validUntil), reason };
}

export const users: Section<Declared<'users'>, User> = {
  noun: 'user',
  required: ['organization'],
  repository: (tx) => tx.users,
  keyOf: (user) => user.id,
  label: (user) => user.id,
  merge: (declared, existing) => ({
    id: declared.id,
    username: declared.username ?? existing?.username ?? declared.id,
    organization: declared.organization ?? existing?.organization ?? '',
    email: declaredOr(declared.email, existing?.email),
    givenName: declaredOr(declared.given_name, existing?.givenName),
    familyName: declaredOr(declared.family_name, existing?.familyName),
    phoneNumber: declaredOr(declared.phone_number, existing?.phoneNumber),
    active: declared.active ?? existing?.active ?? true,
    authorizedOrganizations: declared.authorized_organizations ?? existing?.authorizedOrganizations ?? [],
    memberships: declared.user_groups?.map(membershipOf) ?? existing?.memberships ?? [],
  }),
  describe: (user) => ({
    id: user.id,
    username: user.username,
    organization: user.organization,
    email: user.email,
    given_name: user.givenName,
    family_name: user.familyName,
    phone_number: user.phoneNumber,
    user_groups: [...user.memberships].sort((a, b) => (a.userGroup < b.userGroup ? -1 : 1)).map(describeMembership),
    authorized_organizations: sorted(user.authorizedOrganizations),
    active: user.active,
  }),
  defaults: ({ id }) => ({ username: id, user_groups: [], authorized_organizations: [], active: true }),
};

export const clients: Section<Declared<'clients'>, Client> = {
  noun: 'client',
  required: [],
  repository: (tx) => tx.clients,
  keyOf: (client) => client.clientId,
  label: (client) => client.clientId,
  merge: (declared, existing) => ({
    clientId: declared.client_id,
    clientName: declared.client_name ?? existing?.clientName ?? declared.client_id,
    organization: declaredOr(declared.organization, existing?.organization),
    active: declared.active ?? existing?.active ?? true,
    // The defaults of RFC 7591 §2.
    grantTypes: declared.grant_types ?? existing?.grantTypes ?? ['authorization_code'],
    tokenEndpointAuthMethod: declared.token_endpoint_auth_method ?? existing?.tokenEndpointAuthMethod ?? 'client_secret_basic',
    redirectUris: declared.redirect_uris ?? existing?.redirectUris ?? [],
    postLogoutRedirectUris: declared.post_logout_redirect_uris ?? existing?.postLogoutRedirectUris ?? [],
    backchannelLogoutUri: declaredOr(declared.backchannel_logout_uri, existing?.backchannelLogoutUri),
    requireConsent: (declared.require_consent ?? existing?.requireConsent) === false ? false : undefined,
    jwks: declaredOr<NonNullable<Client['jwks']>>(declared.jwks, existing?.jwks),
    dpopBoundAccessTokens: declared.dpop_bound_access_tokens ?? existing?.dpopBoundAccessTokens ?? false,
    contextUser: declaredOr(declared.context_user, existing?.contextUser),
    isAnonymousBuyer: (declared.is_anonymous_buyer ?? existing?.isAnonymousBuyer) || undefined,
    anonymousTokenLifetimeSeconds: declaredOr(declared.anonymous_token_lifetime_seconds, existing?.anonymousTokenLifetimeSeconds),
    allowedOrganizations: declaredOr(declared.allowed_organizations, existing?.allowedOrganizations) ?? {},
    maximumRoles: declaredOr(declared.maximum_roles, existing?.maximumRoles),
    minimumRoles: declared.minimum_roles ?? existing?.minimumRoles ?? [],
    omittedScope: declared.omitted_scope ?? existing?.omittedScope ?? 'none',
    accessTokenLifetimeSeconds: declaredOr(declared.access_token_lifetime_seconds, existing?.accessTokenLifetimeSeconds),
    refreshTokenLifetimeSeconds: declaredOr(declared.refresh_token_lifetime_seconds, existing?.refreshTokenLifetimeSeconds),
  }),
  describe: (client) => ({
    client_id: client.clientId,
    client_name: client.clientName,
    organization: client.organization,
    active: client.active,
    grant_types: sorted(client.grantTypes),
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    redirect_uris: sorted(client.redirectUris),
    post_logout_redirect_uris: sorted(client.postLogoutRedirectUris),
    backchannel_logout_uri: client.backchannelLogoutUri,
    require_consent: client.requireConsent ?? true,
    jwks: client.jwks,
    dpop_bound_access_tokens: client.dpopBoundAccessTokens,
    context_user: client.contextUser,
    is_anonymous_buyer: client.isAnonymousBuyer ?? false,
    anonymous_token_lifetime_seconds: client.anonymousTokenLifetimeSeconds,
    allowed_organizations: {
      types: client.allowedOrganizations.types && sorted(client.allowedOrganizations.types),
      ids: client.allowedOrganizations.ids && sorted(client.allowedOrganizations.ids),
    },
    maximum_roles: client.maximumRoles && sorted(client.maximumRoles),
    minimum_roles: sorted(client.minimumRoles),
    omitted_scope: typeof client.omittedScope === 'string' ? client.omittedScope : sorted(client.omittedScope),
    access_token_lifetime_seconds: client.accessTokenLifetimeSeconds,
    refresh_token_lifetime_seconds: client.refreshTokenLifetimeSeconds,
  }),
  defaults: ({ clientId }) => ({
    client_name: clientId,
    active: true,
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [],
    post_logout_redirect_uris: [],
    require_consent: true,
    dpop_bound_access_tokens: false,
    is_anonymous_buyer: false,
    allowed_organizations: {},
    minimum_roles: [],
    omitted_scope: 'none',
  }),
};

export const assignments: Section<Declared<'assignments'>, Assignment> = {
  noun: 'assignment',
  required: [],
  repository: (tx) => tx.assignments,
  keyOf: (assignment) => assignment.id,
  label: ({ securityProfile, party, client, validFrom }) => {
    const through = client === undefined ? '' : ` through ${client}`;
    return `${securityProfile} → ${party.kind} ${party.id}${through}${validFrom === undefined ? '' : ` from ${isoInstant(validFrom)}`}`;
  },
  merge: (declared, existing, origin) => {
    const key = { securityProfile: declared.security_profile, party: partyOf(declared), client: declared.client, validFrom: declared.valid_from };
    return {
      id: assignmentId(key),
      ...key,
      includeDescendants: declared.include_descendants ?? existing?.includeDescendants ?? false,
      validUntil: declaredOr(declared.valid_until, existing?.validUntil),
      reason: declaredOr(declared.reason, existing?.reason),
      assignedBy: existing === undefined ? origin.by : existing.assignedBy,
      assignedAt: existing?.assignedAt ?? origin.at,
    };
  },
  describe: (assignment) => ({
    security_profile: assignment.securityProfile,
    ...partyField(assignment.party),
    client: assignment.client,
    include_descendants: assignment.includeDescendants,
    valid_from: isoInstant(assignment.validFrom),
    valid_until: isoInstant(assignment.validUntil),
    reason: assignment.reason,
  }),
  defaults: () => ({ include_descendants: false }),
};

export const impersonationRules: Section<Declared<'impersonation_rules'>, ImpersonationRule> = {
  noun: 'impersonation_rule',
  required: ['impersonator', 'target', 'security_profile', 'client'],
  repository: (tx) => tx.impersonationRules,
  keyOf: (rule) => rule.id,
  label: (rule) => rule.id,
  merge: (declared, existing) => ({
    id: declared.id,
    impersonator: declared.impersonator === undefined ? (existing?.impersonator ?? NOBODY) : partyOf(declared.impersonator),
    target: declared.target === undefined ? (existing?.target ?? NOBODY) : partyOf(declared.target),
    securityProfile: declared.security_profile ?? existing?.securityProfile ?? '',
    client: declared.client ?? existing?.client ?? '',
    maxLifetimeSeconds: declaredOr(declared.max_lifetime_seconds, existing?.maxLifetimeSeconds),
  }),
  describe: (rule) => ({
    id: rule.id,
    impersonator: partyField(rule.impersonator),
    target: partyField(rule.target),
    security_profile: rule.securityProfile,
    client: rule.client,
    max_lifetime_seconds: rule.maxLifetimeSeconds,
  }),
  defaults: () => ({}),
};

/** Never stored: a rule that lacks a party is refused before. */
const NOBODY = { kind: 'user', id: '' } as const;
