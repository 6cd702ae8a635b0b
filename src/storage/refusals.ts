/** @module The sentences with which every store refuses a write, so that it does not matter which store refused. */
import type { Client } from '../domain/client.ts';
import { DomainError } from '../domain/errors.ts';
import type { ImpersonationRule } from '../domain/impersonation-rule.ts';
import type { User } from '../domain/party.ts';

/** What names what. The names are those of the foreign keys in Postgres. */
export const REFERENCES = {
  organizations_type_fk: { thing: 'organization type', by: 'an organization' },
  organization_types_parents: { thing: 'organization type', by: 'an organization type' },
  organizations_parent_fk: { thing: 'organization', by: 'an organization' },
  user_groups_organization_fk: { thing: 'organization', by: 'a user group' },
  users_organization_fk: { thing: 'organization', by: 'a user' },
  users_authorized_organizations: { thing: 'organization', by: 'a user' },
  user_group_members_group_fk: { thing: 'user group', by: 'a user' },
  user_group_members_user_fk: { thing: 'user', by: 'a membership' },
  security_profiles_organization_fk: { thing: 'organization', by: 'a security profile' },
  clients_organization_fk: { thing: 'organization', by: 'a client' },
  clients_context_user_fk: { thing: 'user', by: 'a client' },
  client_secrets_client_fk: { thing: 'client', by: 'a client secret' },
  resource_server_clients_client_fk: { thing: 'client', by: 'a resource server' },
  assignments_profile_fk: { thing: 'security profile', by: 'an assignment' },
  assignments_user_fk: { thing: 'user', by: 'an assignment' },
  assignments_user_group_fk: { thing: 'user group', by: 'an assignment' },
  assignments_organization_fk: { thing: 'organization', by: 'an assignment' },
  assignments_client_fk: { thing: 'client', by: 'an assignment' },
  assignments_via_fk: { thing: 'client', by: 'an assignment' },
  impersonation_rules_profile_fk: { thing: 'security profile', by: 'an impersonation rule' },
  impersonation_rules_client_fk: { thing: 'client', by: 'an impersonation rule' },
  impersonation_rules_impersonator_user_fk: { thing: 'user', by: 'an impersonation rule' },
  impersonation_rules_impersonator_user_group_fk: { thing: 'user group', by: 'an impersonation rule' },
  impersonation_rules_impersonator_organization_fk: { thing: 'organization', by: 'an impersonation rule' },
  impersonation_rules_target_user_fk: { thing: 'user', by: 'an impersonation rule' },
  impersonation_rules_target_user_group_fk: { thing: 'user group', by: 'an impersonation rule' },
  impersonation_rules_target_organization_fk: { thing: 'organization', by: 'an impersonation rule' },
  grants_user_fk: { thing: 'user', by: 'a grant' },
  grants_client_fk: { thing: 'client', by: 'a grant' },
  invitations_organization_fk: { thing: 'organization', by: 'an invitation' },
  one_time_links_user_fk: { thing: 'user', by: 'a one-time link' },
  one_time_links_invitation_fk: { thing: 'invitation', by: 'a one-time link' },
} as const;

export type Reference = keyof typeof REFERENCES;

export function missing(reference: Reference, id: string, cause?: unknown): DomainError {
  const { thing, by } = REFERENCES[reference];
  return new DomainError('invalid_input', `The ${thing} ${quote(id)}, named by ${by}, does not exist.`, { cause });
}

export function stillNeeded(reference: Reference, id: string, cause?: unknown): DomainError {
  const { thing, by } = REFERENCES[reference];
  return new DomainError('in_use', `The ${thing} ${quote(id)} is still needed by ${by}.`, { cause });
}

/** What can be taken. The names are those of the unique constraints in Postgres. */
export const UNIQUES = {
  users_username_key: 'The user name is taken by another user.',
  users_subject_fk: 'The id belongs, or once belonged, to a client; user ids and client ids are never equal.',
  clients_subject_fk: 'The id belongs, or once belonged, to a user; user ids and client ids are never equal.',
  assignments_natural_key: 'The security profile is already assigned to this party, through the same client and from the same instant.',
  client_secrets_pkey: 'The client already has a secret with this id.',
  grants_pkey: 'The grant already exists.',
  refresh_tokens_pkey: 'The refresh token already exists.',
} as const;

export type Unique = keyof typeof UNIQUES;

export function taken(unique: Unique, cause?: unknown): DomainError {
  return new DomainError('already_exists', UNIQUES[unique], { cause });
}

export function misplaced(organization: { readonly id: string; readonly type: string }, parentType: string | undefined): DomainError {
  const where = parentType === undefined ? 'at the root' : `under one of type ${quote(parentType)}`;
  return new DomainError('invalid_input', `The organization ${quote(organization.id)} of type ${quote(organization.type)} cannot be ${where}.`);
}

export function circular(id: string): DomainError {
  return new DomainError('invalid_input', `The organization ${quote(id)} would be below itself.`);
}

export function unknownUser(id: string): DomainError {
  return new DomainError('not_found', `There is no user ${quote(id)}.`);
}

export function unknownSecret(clientId: string, secretId: string): DomainError {
  return new DomainError('not_found', `The client ${quote(clientId)} has no secret ${quote(secretId)}.`);
}

export const quote = (id: string): string => JSON.stringify(id.slice(0, 120));

/** @throws `invalid_input` when a client would act, or be acted for */
export function assertRule(rule: ImpersonationRule): void {
  if (rule.impersonator.kind === 'client' || rule.target.kind === 'client') {
    throw new DomainError('invalid_input', 'Impersonation is between users: a client can be neither impersonator nor target.');
  }
}

/** @throws `invalid_input` when a membership is given twice or contradicts itself */
export function assertMemberships(user: User): void {
  const groups = new Set<string>();
  for (const { userGroup, validFrom, validUntil } of user.memberships) {
    if (groups.has(userGroup)) throw new DomainError('invalid_input', `The user ${quote(user.id)} is in the user group ${quote(userGroup)} twice.`);
    groups.add(userGroup);
    if (validFrom !== undefined && validUntil !== undefined && validFrom >= validUntil) {
      throw new DomainError('invalid_input', 'valid_until must be later than valid_from.');
    }
  }
}

/** @throws `invalid_input` when a lifetime is not a whole number of seconds, or longer than 68 years */
export function assertLifetimes({ accessTokenLifetimeSeconds, refreshTokenLifetimeSeconds, anonymousTokenLifetimeSeconds }: Client): void {
  for (const seconds of [accessTokenLifetimeSeconds, refreshTokenLifetimeSeconds, anonymousTokenLifetimeSeconds]) {
    if (seconds === undefined || (Number.isInteger(seconds) && seconds >= 0 && seconds < 2 ** 31)) continue;
    throw new DomainError('invalid_input', 'A lifetime must be a whole number of seconds, at most 68 years.');
  }
}
