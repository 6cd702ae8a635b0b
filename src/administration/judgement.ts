/**
 * @module Whether an administrator may make a change, judged on what it leads to. Each check closes one way of handing
 * out more than one holds; all of them look at the final state.
 */
import type { Subject } from '../domain/access.ts';
import type { Assignment } from '../domain/assignment.ts';
import type { Client } from '../domain/client.ts';
import type { ImpersonationRule } from '../domain/impersonation-rule.ts';
import type { Organization } from '../domain/organization.ts';
import type { PartyKind } from '../domain/party.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { isRootTenancy } from '../domain/tenancy.ts';
import type { WrittenChange } from '../workspace/change.ts';
import { changedMeanings } from '../workspace/reach.ts';
import { assertAdministratorLeft } from './administrators.ts';
import { above, aboveCeiling, FULL_ACCESS, gainsOf, isWithin, rolesFromNowOn, rolesOfProfile, type Ceiling, type Gain } from './ceiling.ts';
import { assertConfirmed } from './full-access.ts';

export interface Judge {
  readonly ceiling: Ceiling;
  /** Whose roles count for the administrator, as it was before the change. */
  readonly acting: Subject;
  readonly confirmed: boolean;
  readonly fullAccessLimit: number;
}

/** @throws `above_ceiling` naming the roles; `in_use` for the last administrator; `invalid_input` when FullAccess needs a confirmation */
export async function judgeChange(tx: StoreTransaction, change: WrittenChange, judge: Judge): Promise<void> {
  judgeSettings(change, judge);
  judgeProfiles(change, judge);
  judgeRules(change, judge);
  judgeClientLimits(change, judge);
  judgeTakeOver(change, judge);
  const gains = gainsOf(change.before, change.after, change.reached, change.at);
  judgeGains(gains, judge);
  judgeOwnGains(gains, judge);
  if (change.reached.cut) await judgeUnseen(tx, change, judge);
  assertConfirmed(change, judge);
  await assertAdministratorLeft(tx, change);
}

function judgeGains(gains: readonly Gain[], { ceiling }: Judge): void {
  const roles = above(
    ceiling,
    gains.flatMap((gain) => gain.roles),
  );
  if (roles.length > 0) throw aboveCeiling('This would give roles that you do not hold yourself:', roles);
  const outside = gains.find(({ subject }) => !isWithin(ceiling, subject));
  if (outside !== undefined) throw aboveCeiling('This would give roles to somebody outside the organizations that you administer:', outside.roles);
}

/** Who does not hold FullAccess for good cannot make the own rights more, nor make them last longer. */
function judgeOwnGains(gains: readonly Gain[], { acting, ceiling }: Judge): void {
  const own = gains.find(({ subject }) => subject.kind === acting.kind && subject.id === acting.id);
  if (own === undefined || ceiling.everyRoleUntil === Infinity) return;
  throw aboveCeiling('Nobody raises or extends the own rights:', own.roles);
}

/** A profile may only come to mean what the administrator holds, and only who holds all that it means changes it. */
function judgeProfiles({ objects, meanings }: WrittenChange, { ceiling }: Judge): void {
  const { before, after } = meanings;
  const changed = objects.filter(({ section }) => section === 'security_profiles').map(({ key }) => key);
  const roles = changed.flatMap((id) => [...rolesOfProfile(before.catalogue, id), ...rolesOfProfile(after.catalogue, id)]);
  const refused = above(ceiling, roles);
  if (refused.length > 0) throw aboveCeiling('The profile has, or had, roles that you do not hold yourself:', refused);
}

/** Acting as somebody else by a rule gives the roles of its profile. */
function judgeRules({ objects, meanings }: WrittenChange, { ceiling }: Judge): void {
  for (const { section, after } of objects) {
    if (section !== 'impersonation_rules' || after === undefined) continue;
    const refused = above(ceiling, rolesOfProfile(meanings.after.catalogue, (after as ImpersonationRule).securityProfile));
    if (refused.length > 0) throw aboveCeiling('The profile of the rule has roles that you do not hold yourself:', refused);
  }
}

/** What a client's maximum lets through that it did not before; a client without one lets everything through. */
function judgeClientLimits({ objects, meanings }: WrittenChange, { ceiling }: Judge): void {
  for (const { section, before, after } of objects) {
    if (section !== 'clients' || after === undefined) continue;
    const was = (before as Client | undefined)?.maximumRoles;
    const becomes = (after as Client).maximumRoles;
    if (before !== undefined && was === undefined) continue;
    const widened = becomes ?? (before === undefined ? [] : meanings.after.catalogue.roles);
    const refused = above(
      ceiling,
      widened.filter((role) => was?.includes(role) !== true),
    );
    if (refused.length > 0) throw aboveCeiling('The client would let roles through that you do not hold yourself:', refused);
  }
}

/** Fields by which one can come to act as the client. */
const CREDENTIAL_FIELDS: ReadonlySet<string> = new Set([
  'token_endpoint_auth_method',
  'client_secret',
  'jwks',
  'grant_types',
  'redirect_uris',
  'post_logout_redirect_uris',
  'dpop_bound_access_tokens',
]);

/** Whoever can set the credentials of a user or client can act as them, so that takes all that they hold. */
function judgeTakeOver({ objects, credentials, before, after, at }: WrittenChange, { ceiling }: Judge): void {
  const users = new Set(credentials.passwords.keys());
  const clients = new Set(credentials.secrets.keys());
  for (const { section, action, key, fields } of objects) {
    if (action !== 'update') continue;
    if (section === 'users' && fields.some(({ field }) => field === 'email')) users.add(key);
    if (section === 'clients' && fields.some(({ field }) => CREDENTIAL_FIELDS.has(field))) clients.add(key);
  }
  const roles = [...users].flatMap((id) => (before.users.has(id) ? rolesFromNowOn(after.catalogue, after.users.get(id)!, at, []) : []));
  for (const id of clients) {
    const client = after.clients.get(id);
    if (client !== undefined && before.clients.has(id)) roles.push(...rolesFromNowOn(after.catalogue, client.acting, at, [id]));
  }
  const refused = above(ceiling, roles);
  if (refused.length > 0) throw aboveCeiling('This would let you act as somebody who holds roles that you do not:', refused);
}

/** Settings are the whole deployment's. */
function judgeSettings({ settings }: WrittenChange, { ceiling }: Judge): void {
  if (settings.length === 0 || (ceiling.everyRole && isRootTenancy(ceiling.tenancy))) return;
  throw aboveCeiling('Settings of the deployment are changed by an administrator of a root organization with', [FULL_ACCESS]);
}

const SECTION_OF_PARTY = { user: 'users', user_group: 'user_groups', organization: 'organizations', client: 'clients' } as const satisfies Record<
  PartyKind,
  string
>;

/** When a change reaches more people than were looked at: everything that it could give to any of them. */
async function judgeUnseen(tx: StoreTransaction, { objects, meanings, reached }: WrittenChange, { ceiling }: Judge): Promise<void> {
  const { before, after } = meanings;
  const roles: string[] = [];
  for (const { section, before: was, after: becomes } of objects) {
    if (becomes === undefined) continue;
    if (section === 'assignments') roles.push(...rolesOfProfile(after.catalogue, (becomes as Assignment).securityProfile));
    if (section === 'organizations' && was !== undefined)
      roles.push(...(await rolesFromAbove(tx, was as Organization, becomes as Organization, after.catalogue)));
  }
  const changed = changedMeanings(meanings);
  for (const id of changed.profiles) roles.push(...rolesOfProfile(after.catalogue, id));
  for (const type of changed.types) roles.push(...Array.from(before.catalogue.barred(type), (role) => before.catalogue.roles[role]!));
  const refused = above(ceiling, roles);
  if (refused.length > 0) throw aboveCeiling('This could give roles that you do not hold yourself:', refused);
  for (const kind of Object.keys(SECTION_OF_PARTY) as PartyKind[]) {
    const ids = [...new Set(reached.parties.filter((party) => party.kind === kind).map(({ id }) => id))];
    const known = await tx.directory.find(SECTION_OF_PARTY[kind], ids, { tenancy: ceiling.tenancy, inherited: false });
    if (ids.some((id) => !known.has(id))) throw aboveCeiling('This could give roles to somebody outside the organizations that you administer.', []);
  }
}

const MOST_ASSIGNMENTS = 100_000;

/** What an organization and all below come to inherit; everything, when it changes its nature. */
async function rolesFromAbove(
  tx: StoreTransaction,
  was: Organization,
  becomes: Organization,
  catalogue: WrittenChange['meanings']['after']['catalogue'],
): Promise<readonly string[]> {
  if (was.type !== becomes.type || (!was.active && becomes.active)) return catalogue.roles;
  if (was.parent === becomes.parent) return [];
  const moved = (await tx.organizations.findMany([becomes.id])).get(becomes.id);
  const roles: string[] = [];
  for (const id of moved?.path.slice(0, -1) ?? []) {
    for (const { includeDescendants, securityProfile } of await tx.access.assignmentsOf({ party: { kind: 'organization', id } }, MOST_ASSIGNMENTS)) {
      if (includeDescendants) roles.push(...rolesOfProfile(catalogue, securityProfile));
    }
  }
  return roles;
}
