/**
 * @module Whether an administrator may make a change, judged on what it leads to. Each check closes one way of handing
 * out more than one holds; all of them look at the final state.
 */
import { heldUntil, holdings, type Subject } from '../domain/access.ts';
import type { Assignment } from '../domain/assignment.ts';
import type { AuditActor } from '../domain/audit-event.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { windowOf, type ImpersonationRule } from '../domain/impersonation-rule.ts';
import type { Party } from '../domain/party.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { isRootTenancy } from '../domain/tenancy.ts';
import { FULL_ACCESS } from '../domain/role.ts';
import type { WrittenChange } from '../workspace/change.ts';
import { changedMeanings } from '../workspace/reach.ts';
import { gainsByRules, impersonationOf, rolesWithin } from './acting-as.ts';
import { assertAdministratorLeft } from './administrators.ts';
import { above, aboveCeiling, gainsOf, isWithin, rolesOfProfile, type Ceiling, type Gain } from './ceiling.ts';
import { judgeClientLimits } from './client-limits.ts';
import { assertConfirmed } from './full-access.ts';
import { judgeTerritory } from './territory.ts';
import { judgeUnseen } from './unseen.ts';

export interface Judge {
  readonly ceiling: Ceiling;
  /** Whose roles count for the administrator, as it was before the change. */
  readonly acting: Subject;
  /** Who acts: the same, or the client whose context user that is. */
  readonly actor: AuditActor;
  /** Through which client. */
  readonly clientId: string;
  /** Audience of the management API. */
  readonly issuer: string;
  readonly confirmed: boolean;
  readonly fullAccessLimit: number;
}

/** @throws `above_ceiling` naming the roles; `in_use` for the last administrator; `invalid_input` when FullAccess needs a confirmation */
export async function judgeChange(tx: StoreTransaction, change: WrittenChange, judge: Judge): Promise<void> {
  const { ceiling } = judge;
  judgeSettings(change, ceiling);
  judgeManagementApi(change, judge);
  judgeProfiles(change, ceiling);
  await judgeRules(tx, change, judge);
  judgeClientLimits(change, ceiling);
  await judgeTerritory(tx, change, ceiling);
  const gains = await allGains(tx, change, judge);
  judgeGains(gains, ceiling);
  judgeOwnGains(gains, judge);
  await judgeTakeOver(tx, change, ceiling);
  await judgeAssignments(tx, change, ceiling);
  if (change.reached.cut) await judgeUnseen(tx, change, ceiling);
  assertConfirmed(change, judge);
  await assertAdministratorLeft(tx, change);
}

async function allGains(tx: StoreTransaction, change: WrittenChange, { ceiling, acting }: Judge): Promise<readonly Gain[]> {
  const { before, after, reached, at } = change;
  const gains = gainsOf(before, after, reached, at);
  if (reached.cut) gains.push(...(await ownGains(tx, change, acting)));
  if (ceiling.everyRole || reached.users.length === 0) return gains;
  return [...gains, ...gainsByRules(change, gains, await impersonationOf(tx))];
}

/** Nobody is less to be overlooked than whoever makes the change. */
async function ownGains(tx: StoreTransaction, { before, after, at }: WrittenChange, acting: Subject): Promise<Gain[]> {
  const { id, kind } = acting;
  const becomes = kind === 'user' ? await tx.access.findUser(id) : await tx.access.findClient(id);
  const own = (catalogue: Catalogue, subject: Subject | undefined) => ({
    catalogue,
    users: new Map(subject === undefined ? [] : [[id, subject]]),
    clients: new Map<string, never>(),
  });
  const reached = { users: [id], clients: [], parties: [], cut: false, partiesCut: false };
  return gainsOf(own(before.catalogue, acting), own(after.catalogue, becomes), reached, at);
}

function judgeGains(gains: readonly Gain[], ceiling: Ceiling): void {
  const roles = above(
    ceiling,
    gains.flatMap((gain) => gain.roles),
  );
  if (roles.length > 0) throw aboveCeiling('This would give roles that you do not hold yourself:', roles);
  const outside = gains.find(({ subject }) => !isWithin(ceiling, subject));
  if (outside !== undefined) throw aboveCeiling('This would give roles to somebody outside the organizations that you administer:', outside.roles);
}

/** Who does not hold FullAccess for good cannot make the own rights more, nor make them last longer. */
function judgeOwnGains(gains: readonly Gain[], { acting, actor, ceiling }: Judge): void {
  if (ceiling.everyRoleUntil === Infinity) return;
  const own = gains.find(({ subject: { kind, id } }) => (kind === acting.kind && id === acting.id) || (kind === actor.kind && id === actor.id));
  if (own !== undefined) throw aboveCeiling('Nobody raises or extends the own rights:', own.roles);
}

/**
 * A profile may only come to mean what the administrator holds, and only who holds all that it means changes it. What a
 * changed permission type adds to the profiles that name it is no less: a role that is new today may have been there
 * yesterday, and an API may still check it. That every role means one more is as it should be.
 */
function judgeProfiles({ objects, meanings }: WrittenChange, ceiling: Ceiling): void {
  const { before, after } = meanings;
  const edited = new Set(objects.filter(({ section }) => section === 'security_profiles').map(({ key }) => key));
  const roles = [...edited].flatMap((id) => [...rolesOfProfile(before.catalogue, id), ...rolesOfProfile(after.catalogue, id)]);
  const refused = above(ceiling, roles);
  if (refused.length > 0) throw aboveCeiling('The profile has, or had, roles that you do not hold yourself:', refused);
  for (const id of changedMeanings(meanings).profiles) {
    if (edited.has(id) || after.catalogue.profile(id)?.profile.fullAccess === true) continue;
    const had = new Set(rolesOfProfile(before.catalogue, id));
    const gained = above(
      ceiling,
      rolesOfProfile(after.catalogue, id).filter((role) => !had.has(role)),
    );
    if (gained.length > 0) throw aboveCeiling('This would give a profile roles that you do not hold yourself:', gained);
  }
}

/** What is handed out is held, also when nobody has it yet: the group is empty, the user or the client disabled. */
async function judgeAssignments(tx: StoreTransaction, { objects, meanings }: WrittenChange, ceiling: Ceiling): Promise<void> {
  const { catalogue } = meanings.after;
  for (const { section, action, after } of objects) {
    if (section !== 'assignments' || action !== 'create') continue;
    const { party, securityProfile } = after as Assignment;
    const roles = above(ceiling, rolesOfProfile(catalogue, securityProfile));
    if (roles.length === 0) continue;
    const barred = await barredNames(tx, party, catalogue);
    const refused = roles.filter((role) => !barred.has(role));
    if (refused.length > 0) throw aboveCeiling('This would give roles that you do not hold yourself:', refused);
  }
}

/** Roles that nobody of the party's organization gets, whatever is assigned; who comes from elsewhere is judged on coming. */
async function barredNames(tx: StoreTransaction, { kind, id }: Party, catalogue: Catalogue): Promise<ReadonlySet<string>> {
  const organization =
    kind === 'organization'
      ? id
      : kind === 'user_group'
        ? (await tx.userGroups.findMany([id])).get(id)?.organization
        : (kind === 'user' ? await tx.access.findUser(id) : await tx.access.findClient(id))?.organization?.id;
  const type = organization === undefined ? undefined : (await tx.organizations.findMany([organization])).get(organization)?.type;
  return new Set(type === undefined ? [] : Array.from(catalogue.barred(type), (role) => catalogue.roles[role]!));
}

/** Acting as somebody else by a rule gives the roles of its profile, to people within, over people within. */
async function judgeRules(tx: StoreTransaction, { objects, meanings, at }: WrittenChange, { acting, ceiling, clientId }: Judge): Promise<void> {
  for (const { section, after } of objects) {
    if (section !== 'impersonation_rules' || after === undefined) continue;
    const { securityProfile, impersonator, target } = after as ImpersonationRule;
    const roles = rolesOfProfile(meanings.after.catalogue, securityProfile);
    const refused = above(ceiling, roles);
    if (refused.length > 0) throw aboveCeiling('The profile of the rule has roles that you do not hold yourself:', refused);
    const own = holdings(meanings.after.catalogue, acting, clientId, at);
    const until = acting.kind === 'user' && ceiling.everyRoleUntil < Infinity ? (windowOf(impersonator, acting)?.until ?? 0) : 0;
    const outlasting = roles.filter((role) => heldUntil(own, meanings.after.catalogue.indexOf(role)!) < until);
    if (outlasting.length > 0) throw aboveCeiling('Nobody raises or extends the own rights:', outlasting);
    const groups = [impersonator, target].filter(({ kind }) => kind === 'user_group');
    if (groups.length > 0 && !(await areWithin(tx, groups, ceiling)))
      throw aboveCeiling('The rule would reach somebody outside the organizations that you administer:', roles);
  }
}

/** So many members are looked at; of larger groups it is not said that all are within. */
const MOST_MEMBERS = 10_000;

async function areWithin(tx: StoreTransaction, groups: readonly Party[], ceiling: Ceiling): Promise<boolean> {
  if (ceiling.tenancy.kind === 'everything') return true;
  const ids = await tx.access.usersReachedBy(groups, MOST_MEMBERS + 1);
  if (ids.length > MOST_MEMBERS) return false;
  return [...(await tx.access.findUsers(ids)).values()].every((member) => isWithin(ceiling, member));
}

/** Fields by which one can come to act as the client. */
const CREDENTIAL_FIELDS: ReadonlySet<string> = new Set([
  'token_endpoint_auth_method',
  'client_secret',
  'jwks',
  'grant_types',
  'redirect_uris',
  'post_logout_redirect_uris',
  'require_consent',
  'dpop_bound_access_tokens',
  'is_anonymous_buyer',
]);

/** Whoever can set the credentials of a user or client can act as them, so that takes all that they hold. */
async function judgeTakeOver(tx: StoreTransaction, { objects, credentials, before, after, at }: WrittenChange, ceiling: Ceiling): Promise<void> {
  const users = new Set(credentials.passwords.keys());
  const clients = new Set(credentials.secrets.keys());
  for (const { section, action, key, fields } of objects) {
    if (action !== 'update') continue;
    if (section === 'users' && fields.some(({ field }) => field === 'email')) users.add(key);
    if (section === 'clients' && fields.some(({ field }) => CREDENTIAL_FIELDS.has(field))) clients.add(key);
  }
  if (ceiling.everyRole || users.size + clients.size === 0) return;
  const impersonation = await impersonationOf(tx);
  // Also what was held before: who gives it back later would give it to somebody else.
  const roles = [before, after].flatMap((snapshot) => [
    ...[...users].flatMap((id) => {
      const user = before.users.has(id) ? snapshot.users.get(id) : undefined;
      return user === undefined ? [] : rolesWithin(snapshot.catalogue, user, { now: at, clients: [], impersonation });
    }),
    ...[...clients].flatMap((id) => {
      const client = before.clients.has(id) ? snapshot.clients.get(id) : undefined;
      return client === undefined ? [] : rolesWithin(snapshot.catalogue, client.acting, { now: at, clients: [id], impersonation });
    }),
  ]);
  const refused = above(ceiling, roles);
  if (refused.length > 0) throw aboveCeiling('This would let you act as somebody who holds roles that you do not:', refused);
}

/** What may stand in the tokens for this very API, and who may look into them, is everybody's who administers. */
function judgeManagementApi({ objects }: WrittenChange, { ceiling, issuer }: Judge): void {
  if (ceiling.everyRole || !objects.some(({ section, key }) => section === 'resource_servers' && key === issuer)) return;
  throw aboveCeiling('What tokens for the management API carry is changed by an administrator with', [FULL_ACCESS]);
}

/** Settings are the whole deployment's. */
function judgeSettings({ settings }: WrittenChange, ceiling: Ceiling): void {
  if (settings.length === 0 || (ceiling.everyRole && isRootTenancy(ceiling.tenancy))) return;
  throw aboveCeiling('Settings of the deployment are changed by an administrator of a root organization with', [FULL_ACCESS]);
}
