/**
 * @module The sections of a workspace file and the fields of their entries. Every field but the key may be left out:
 * then an existing object keeps what it has, and a new one gets the default. `null` takes an optional value away.
 */
import { z } from 'zod';
import { CLIENT_AUTHENTICATION_METHODS, GRANT_TYPES } from '../domain/client.ts';
import { DomainError } from '../domain/errors.ts';
import { RESOURCES } from '../domain/organization.ts';
import { assertNaturalId, assertUsername } from '../domain/party.ts';
import { passwordHashProblem } from '../domain/password-hash.ts';
import { isPlausiblePassword, MAXIMUM_PASSWORD_LENGTH, MOST_REMEMBERED } from '../domain/password-policy.ts';
import { SIGNING_ALGORITHMS } from '../domain/resource-server.ts';
import { assertRoleName, ROLE_CATEGORIES } from '../domain/role.ts';
import { MAXIMUM_SCOPE_NAMES, parseScope } from '../domain/scope.ts';
import { assertTypePattern } from '../domain/security-profile.ts';
import { LONGEST_ACCESS_TOKEN_SECONDS } from '../domain/signing-key.ts';
import { Secret } from './secret.ts';

/** How plain secrets in files are taken. */
export interface SecretPolicy {
  /** Whether passwords and client secrets may stand in the files as they are. */
  readonly insecurePlaintext: boolean;
  /** The value of an environment variable that a file names with `{env: NAME}`. */
  readonly lookup: (name: string) => string | undefined;
}

const obeys = (assert: (value: string) => void) =>
  z.string().superRefine((value, context) => {
    try {
      assert(value);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  });
const must = (message: string, test: (value: string) => boolean) => z.string().refine(test, { error: message });
const distinct = <T extends z.ZodType<string>>(item: T, most = Infinity) =>
  (most === Infinity ? z.array(item) : z.array(item).max(most)).transform((list) => [...new Set(list)]);

const id = obeys((value) => assertNaturalId(value));
const text = must('must have 1 to 200 characters, none of them a control character.', (value) => /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(value));
const prose = must(
  'must have at most 2,000 characters, none of them NUL or invalid Unicode.',
  (value) => value.length <= 2000 && !/\0|\p{Cs}/u.test(value),
);
const roleName = obeys((value) => assertRoleName(value));
/** Roles that are named, not defined, here: whether they exist is judged with everything else in view. */
const roles = distinct(z.string());
const ids = distinct(id);
const operation = must('must be 1 to 60 of A-Z a-z 0-9 . _ -, starting with a letter or digit.', (value) =>
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/.test(value),
);
const email = must('must be an e-mail address.', (value) => value.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(value));
const whole = (least: number, most: number) => z.int().min(least).max(most);
const seconds = (least: number, most = 10 * 366 * 86_400) => whole(least, most);

const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;
const instant = must(
  'must be an instant such as 2027-01-31T18:00:00Z (with Z or an offset), or a date: then its first instant in UTC.',
  isInstant,
).transform((value) => new Date(value));

/** The pattern leaves 30 February to `Date`, which would make March of it. */
function isInstant(value: string): boolean {
  if (!INSTANT.test(value) || Number.isNaN(Date.parse(value))) return false;
  const [year, month, day] = value.slice(0, 10).split('-').map(Number) as [number, number, number];
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

const webAddress = must('must be https, or http on localhost, 127.0.0.1 or [::1], without fragment, user name or wildcard.', (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || value.length > 2000 || value.includes('#') || value.includes('*') || /[\s\\]/.test(value)) return false;
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname));
});
/** Every one of them is compared with what a request names. */
const MOST_ADDRESSES = 100;
const audience = must(
  'must be an absolute URI of at most 250 characters without fragment (RFC 8707).',
  (value) => value.length <= 250 && !/[#\s"\\]/.test(value) && URL.canParse(value),
);

const PRIVATE_KEY_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const publicKey = z.looseObject({ kty: z.enum(['EC', 'RSA', 'OKP']) }).refine((key) => !PRIVATE_KEY_MEMBERS.some((member) => member in key), {
  error: 'must be a public key: it has private members.',
});

const passwordPolicy = z.strictObject({
  minimum_length: whole(1, MAXIMUM_PASSWORD_LENGTH).optional(),
  allowed_failed_attempts: whole(1, 100).optional(),
  lockout_minutes: whole(0, 1_000_000).optional(),
  uppercase_required: z.boolean().optional(),
  lowercase_required: z.boolean().optional(),
  digit_required: z.boolean().optional(),
  special_required: z.boolean().optional(),
  maximum_repeated_characters: whole(1, MAXIMUM_PASSWORD_LENGTH).optional(),
  history: whole(0, MOST_REMEMBERED).optional(),
  maximum_age_days: whole(1, 100_000).optional(),
  minimum_age_minutes: whole(0, 100_000_000).optional(),
});

const oneOf = (fields: readonly string[]) => ({
  test: (value: object) => fields.filter((field) => (value as Record<string, unknown>)[field] !== undefined).length === 1,
  error: { error: `must name exactly one of ${fields.join(', ')}.` },
});
const ruleParty = oneOf(['organization', 'user_group', 'user']);
const partyOfRule = z
  .strictObject({ organization: id.optional(), user_group: id.optional(), user: id.optional() })
  .refine(ruleParty.test, ruleParty.error);

const membership = z.union([
  id.transform((user_group) => ({ user_group, valid_from: undefined, valid_until: undefined, reason: undefined })),
  z.strictObject({ user_group: id, valid_from: instant.optional(), valid_until: instant.optional(), reason: prose.optional() }).refine(isForward, {
    error: 'valid_until must be later than valid_from.',
  }),
]);

function isForward({ valid_from, valid_until }: { valid_from?: Date | undefined; valid_until?: Date | undefined }): boolean {
  return valid_from === undefined || valid_until === undefined || valid_from < valid_until;
}

function isDistinctBy<T>(key: (item: T) => string): (list: readonly T[]) => boolean {
  return (list) => new Set(list.map(key)).size === list.length;
}

const permissions = z.array(z.strictObject({ type: obeys((value) => assertTypePattern(value)), operations: distinct(z.string()) })).refine(
  isDistinctBy((entry: { type: string }) => entry.type),
  { error: 'names a type twice.' },
);

/** What a clone was made of. It tells of the past: nothing that it names need still exist. */
const profileOrigin = z.strictObject({
  security_profile: id,
  version: whole(1, 2 ** 31 - 1),
  roles: distinct(text).optional(),
  permissions: permissions.optional(),
  full_access: z.boolean().optional(),
});

/** A password or client secret: plain where that is allowed, or the name of an environment variable. */
function secret(policy: SecretPolicy, isPossible: (value: string) => boolean, allowed: string) {
  return z.union([z.string(), z.strictObject({ env: z.string() })]).transform((value, context) => {
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    if (typeof value === 'string' && !policy.insecurePlaintext) {
      return refuse('is a secret in plain text, which is accepted only with --insecure-plaintext; write {env: NAME} instead.');
    }
    const revealed = typeof value === 'string' ? value : policy.lookup(value.env);
    if (revealed === undefined)
      return refuse(`names the environment variable ${JSON.stringify((value as { env: string }).env.slice(0, 100))}, which is not set.`);
    return isPossible(revealed) ? new Secret(revealed) : refuse(allowed);
  });
}

const passwordHash = z.string().transform((value, context) => {
  const problem = passwordHashProblem(value);
  if (problem === undefined) return new Secret(value);
  context.addIssue({ code: 'custom', message: problem });
  return z.NEVER;
});

/** The schema of an entry of each section, in the order in which sections are written and exported. */
export function entrySchemas(policy: SecretPolicy) {
  const assignmentParty = oneOf(['user', 'user_group', 'organization', 'client_id']);
  return {
    organization_types: z.strictObject({
      name: id,
      parents: ids.optional(),
      barred_roles: roles.optional(),
      barred_resources: distinct(z.enum(RESOURCES)).nullish(),
    }),
    roles: z.strictObject({ name: roleName, category: z.enum(ROLE_CATEGORIES).optional(), description: prose.nullish() }),
    permission_types: z.strictObject({ type: roleName, operations: distinct(operation).optional() }),
    organizations: z.strictObject({ id, name: text.optional(), type: id.optional(), parent: id.nullish(), active: z.boolean().optional() }),
    user_groups: z.strictObject({ id, name: text.optional(), organization: id.optional(), description: prose.nullish() }),
    users: z
      .strictObject({
        id,
        username: obeys((value) => assertUsername(value)).optional(),
        organization: id.optional(),
        email: email.nullish(),
        given_name: text.nullish(),
        family_name: text.nullish(),
        phone_number: text.nullish(),
        user_groups: z
          .array(membership)
          .refine(
            isDistinctBy((entry: { user_group: string }) => entry.user_group),
            { error: 'names a user group twice.' },
          )
          .optional(),
        authorized_organizations: ids.optional(),
        active: z.boolean().optional(),
        password: secret(policy, isPlausiblePassword, `must have 1 to ${MAXIMUM_PASSWORD_LENGTH} characters.`).optional(),
        password_hash: passwordHash.optional(),
      })
      .refine((user) => user.password === undefined || user.password_hash === undefined, {
        error: 'has both password and password_hash; one is allowed.',
      }),
    security_profiles: z.strictObject({
      id,
      name: text.optional(),
      description: prose.nullish(),
      organization: id.nullish(),
      roles: roles.optional(),
      permissions: permissions.optional(),
      full_access: z.boolean().optional(),
      password_policy: passwordPolicy.nullish(),
      managed: z.boolean().optional(),
      origin: profileOrigin.nullish(),
    }),
    clients: z.strictObject({
      client_id: id,
      client_name: text.optional(),
      organization: id.nullish(),
      active: z.boolean().optional(),
      grant_types: distinct(z.enum(GRANT_TYPES)).optional(),
      token_endpoint_auth_method: z.enum(CLIENT_AUTHENTICATION_METHODS).optional(),
      client_secret: secret(policy, (value) => value.length > 0 && value.length <= 1024, 'must have 1 to 1,024 characters.').optional(),
      redirect_uris: distinct(webAddress, MOST_ADDRESSES).optional(),
      post_logout_redirect_uris: distinct(webAddress, MOST_ADDRESSES).optional(),
      backchannel_logout_uri: webAddress.nullish(),
      require_consent: z.boolean().optional(),
      jwks: z.strictObject({ keys: z.array(publicKey).min(1).max(100) }).nullish(),
      dpop_bound_access_tokens: z.boolean().optional(),
      context_user: id.nullish(),
      is_anonymous_buyer: z.boolean().optional(),
      anonymous_token_lifetime_seconds: seconds(1, LONGEST_ACCESS_TOKEN_SECONDS).nullish(),
      allowed_organizations: z.strictObject({ types: ids.optional(), ids: ids.optional() }).nullish(),
      maximum_roles: roles.nullish(),
      minimum_roles: roles.optional(),
      omitted_scope: z.union([z.enum(['none', 'all']), roles]).optional(),
      access_token_lifetime_seconds: seconds(1, LONGEST_ACCESS_TOKEN_SECONDS).nullish(),
      refresh_token_lifetime_seconds: seconds(0).nullish(),
    }),
    resource_servers: z.strictObject({
      audience,
      name: text.optional(),
      roles: roles.nullish(),
      signing_alg: z.enum(SIGNING_ALGORITHMS).optional(),
      claims: z.enum(['ordercloud']).nullish(),
      clients: ids.optional(),
    }),
    assignments: z
      .strictObject({
        security_profile: id,
        user: id.optional(),
        user_group: id.optional(),
        organization: id.optional(),
        client_id: id.optional(),
        client: id.optional(),
        include_descendants: z.boolean().optional(),
        valid_from: instant.optional(),
        valid_until: instant.nullish(),
        reason: prose.nullish(),
      })
      .refine(assignmentParty.test, assignmentParty.error),
    impersonation_rules: z.strictObject({
      id,
      impersonator: partyOfRule.optional(),
      target: partyOfRule.optional(),
      security_profile: id.optional(),
      client: id.optional(),
      max_lifetime_seconds: seconds(1).nullish(),
    }),
    expectations: z
      .strictObject({
        user: id.optional(),
        client_id: id.optional(),
        via: id.optional(),
        scope: must(
          `must be names separated by single spaces, at most ${MAXIMUM_SCOPE_NAMES}.`,
          (value) => value === '' || parseScope(value) !== undefined,
        ).nullish(),
        roles,
      })
      .refine((expectation) => (expectation.user === undefined) !== (expectation.client_id === undefined), {
        error: 'must name exactly one of user, client_id.',
      })
      .refine((expectation) => expectation.client_id === undefined || expectation.via === undefined || expectation.via === expectation.client_id, {
        error: 'via goes with user: a client asks for itself.',
        path: ['via'],
      }),
  };
}

export type EntrySchemas = ReturnType<typeof entrySchemas>;
/** Every section that holds objects or expectations. */
export type AnySectionName = keyof EntrySchemas;
/** Every section that holds objects of the store. */
export type SectionName = Exclude<AnySectionName, 'expectations'>;
/** An entry as a file declares it: only the fields that stand there. */
export type Declared<N extends AnySectionName> = z.output<EntrySchemas[N]>;
