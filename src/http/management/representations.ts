/** What is answered of each noun. */
import { z } from 'zod';
import { CLIENT_AUTHENTICATION_METHODS, GRANT_TYPES } from '../../domain/client.ts';
import type { NounName } from '../../domain/directory.ts';
import { RESOURCES } from '../../domain/organization.ts';
import { SIGNING_ALGORITHMS } from '../../domain/resource-server.ts';
import { ROLE_CATEGORIES } from '../../domain/role.ts';
import { nameOf } from './bodies.ts';

export const instant = z.iso.datetime({ offset: true });
const id = z.string();
const ids = z.array(z.string());

const window = { valid_from: instant.optional(), valid_until: instant.optional(), reason: z.string().optional() };
const permission = z.strictObject({ type: z.string(), operations: ids });
const party = z.strictObject({ user: id.optional(), user_group: id.optional(), organization: id.optional() }).describe('Exactly one of them.');

const passwordPolicy = z.strictObject({
  minimum_length: z.int().optional(),
  allowed_failed_attempts: z.int().optional(),
  lockout_minutes: z.int().optional(),
  uppercase_required: z.boolean().optional(),
  lowercase_required: z.boolean().optional(),
  digit_required: z.boolean().optional(),
  special_required: z.boolean().optional(),
  maximum_repeated_characters: z.int().optional(),
  history: z.int().optional(),
  maximum_age_days: z.int().optional(),
  minimum_age_minutes: z.int().optional(),
});

/** A membership for good is the group's id alone. */
const membership = z.union([id, z.strictObject({ user_group: id, ...window })]);

export const REPRESENTATIONS: { readonly [N in NounName]: z.ZodObject } = {
  organization_types: named('organization_types', {
    name: id,
    parents: ids,
    barred_roles: ids,
    barred_resources: z.array(z.enum(RESOURCES)).optional().describe('Missing: the default of its place in the tree.'),
  }),
  roles: named('roles', { name: id, category: z.enum(ROLE_CATEGORIES), description: z.string().optional() }),
  permission_types: named('permission_types', { type: id, operations: ids }),
  organizations: named('organizations', {
    id,
    name: z.string(),
    type: id,
    parent: id.optional(),
    active: z.boolean(),
    path: ids.describe('From the root to it, itself last.'),
  }),
  user_groups: named('user_groups', { id, name: z.string(), organization: id, description: z.string().optional() }),
  users: named('users', {
    id,
    username: z.string(),
    organization: id,
    email: z.string().optional(),
    given_name: z.string().optional(),
    family_name: z.string().optional(),
    phone_number: z.string().optional(),
    active: z.boolean(),
    user_groups: z.array(membership),
    authorized_organizations: ids.describe('Besides the own one.'),
  }),
  security_profiles: named('security_profiles', {
    id,
    name: z.string(),
    description: z.string().optional(),
    organization: id.optional().describe('Owner; missing: the root.'),
    roles: ids,
    permissions: z.array(permission),
    full_access: z.boolean(),
    password_policy: passwordPolicy.optional(),
    managed: z.boolean(),
    version: z.int().describe('One more with every change of what it gives.'),
    gives_full_access: z.boolean().describe('Has the role FullAccess, or every role.'),
    origin: z
      .strictObject({
        security_profile: id,
        version: z.int(),
        roles: ids.optional(),
        permissions: z.array(permission).optional(),
        full_access: z.boolean().optional(),
      })
      .optional()
      .describe('What it was cloned from, and what that gave then.'),
  }),
  clients: named('clients', {
    client_id: id,
    client_name: z.string(),
    organization: id.optional(),
    active: z.boolean(),
    grant_types: z.array(z.enum(GRANT_TYPES)),
    token_endpoint_auth_method: z.enum(CLIENT_AUTHENTICATION_METHODS),
    redirect_uris: ids,
    post_logout_redirect_uris: ids,
    backchannel_logout_uri: z.string().optional().describe('Where it hears that somebody signed out.'),
    require_consent: z.boolean().describe('Whether a person is asked before it may act for them.'),
    jwks: z.looseObject({ keys: z.array(z.looseObject({})) }).optional(),
    dpop_bound_access_tokens: z.boolean(),
    context_user: id.optional().describe('With whose roles client_credentials acts.'),
    is_anonymous_buyer: z.boolean().describe('Anybody gets a token of the context user without a secret.'),
    anonymous_token_lifetime_seconds: z.int().optional(),
    allowed_organizations: z.strictObject({ types: ids.optional(), ids: ids.optional() }),
    maximum_roles: ids.optional(),
    minimum_roles: ids,
    omitted_scope: z.union([z.enum(['none', 'all']), ids]),
    access_token_lifetime_seconds: z.int().optional(),
    refresh_token_lifetime_seconds: z.int().optional(),
  }),
  resource_servers: named('resource_servers', {
    audience: z.string(),
    name: z.string(),
    roles: ids.optional(),
    signing_alg: z.enum(SIGNING_ALGORITHMS),
    claims: z.enum(['ordercloud']).optional(),
    clients: ids.describe('Which may introspect for it.'),
  }),
  assignments: named('assignments', {
    id,
    security_profile: id,
    user: id.optional(),
    user_group: id.optional(),
    organization: id.optional(),
    client_id: id.optional(),
    client: id.optional().describe('Counts only in tokens for this client.'),
    include_descendants: z.boolean(),
    ...window,
    assigned_by: z.string().optional(),
    assigned_at: instant,
    gives_full_access: z.boolean().describe('Its profile has the role FullAccess, or every role.'),
  }),
  impersonation_rules: named('impersonation_rules', {
    id,
    impersonator: party,
    target: party,
    security_profile: id,
    client: id,
    max_lifetime_seconds: z.int().optional(),
  }),
};

function named(noun: NounName, shape: z.core.$ZodShape): z.ZodObject {
  return z.strictObject(shape).meta({ id: nameOf(noun) });
}

/** What a write would do; the answer to `dry_run=true`. */
export const blastRadius = z
  .strictObject({
    dry_run: z.literal(true),
    object: z.looseObject({}).optional().describe('The object as it would be.'),
    changes: z.array(z.looseObject({})).describe('One for each object that changes.'),
    subjects: z.strictObject({
      total: z.int().describe('Users and clients who gain or lose something.'),
      cut: z.boolean().describe('There are more whom the change can reach than were compared.'),
      first: z.array(
        z.strictObject({
          kind: z.enum(['user', 'client']),
          id,
          organization: id.nullable(),
          client: id.nullable().describe('Only in tokens for this client.'),
          gained: ids,
          lost: ids,
        }),
      ),
    }),
    by_organization: z.array(z.strictObject({ organization: id.nullable(), role: id, gained: z.int(), lost: z.int() })),
    roles_nobody_would_hold: ids,
  })
  .meta({ id: 'BlastRadius' });
