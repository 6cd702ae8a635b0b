/** The own user: who that is, names, password, groups, tokens. */
import { z } from 'zod';
import { callerOf, type Administrator } from '../../administration/administrator.ts';
import { DomainError } from '../../domain/errors.ts';
import type { User } from '../../domain/party.ts';
import { MAXIMUM_PASSWORD_LENGTH } from '../../domain/password-policy.ts';
import { EVERYTHING } from '../../domain/tenancy.ts';
import type { MeService } from '../../services/me.ts';
import { invalidInput } from '../api/validation.ts';
import { flag, id, strict, text } from './bodies.ts';
import { browseQuery, NOTHING, pageOf } from './list.ts';
import { route, type OrderCloudRoute } from './route.ts';
import { shownUserGroup, USER_GROUP_LISTING } from './user-groups.ts';
import { NOT_KEPT_OF_USERS, shownUsers, type UserViewParts } from './user-view.ts';

export interface MeRouteParts extends UserViewParts {
  readonly me: MeService;
}

const patch = strict(
  {
    ID: id.nullish(),
    Username: z.string().max(200).nullish(),
    FirstName: text(),
    LastName: text(),
    Email: text(254),
    Phone: text(),
    Active: flag.nullish(),
  },
  [...NOT_KEPT_OF_USERS, 'Buyer', 'Supplier', 'Seller'],
);
type Profile = Partial<z.output<typeof patch>>;

export function meRoutes(parts: MeRouteParts): readonly OrderCloudRoute[] {
  const { me, store } = parts;
  const common = { about: 'User', resource: 'me', path: '/me' } as const;
  const answer = async (user: User, administrator: Administrator) => ({ status: 200 as const, body: await shownMe(parts, user, administrator) });
  const rename = async (sent: Profile, defaults: Profile, administrator: Administrator) => {
    const userId = ownId(administrator);
    assertOnlyNames(sent, await me.get(userId));
    const { FirstName: givenName, LastName: familyName, Phone: phoneNumber } = { ...defaults, ...definedOf(sent) };
    return answer(await me.rename(userId, { givenName, familyName, phoneNumber }, callerOf(administrator)), administrator);
  };
  return [
    route({
      ...common,
      call: 'Me.Get',
      method: 'GET',
      roles: 'any_token',
      handle: async ({ administrator }) => answer(await me.get(viewedId(administrator)), administrator),
    }),
    route({
      ...common,
      call: 'Me.Save',
      method: 'PUT',
      roles: ['MeAdmin'],
      body: patch,
      handle: ({ body, administrator }) => rename(body, { FirstName: null, LastName: null, Phone: null }, administrator),
    }),
    route({
      ...common,
      call: 'Me.Patch',
      method: 'PATCH',
      roles: ['MeAdmin'],
      body: patch,
      handle: ({ body, administrator }) => rename(body, {}, administrator),
    }),
    route({
      call: 'Me.ResetPasswordByToken',
      method: 'POST',
      path: '/me/password',
      about: 'User',
      resource: 'me',
      roles: ['PasswordReset'],
      body: strict({ NewPassword: z.string().min(1).max(MAXIMUM_PASSWORD_LENGTH) }),
      handle: async ({ body: { NewPassword }, administrator }) => {
        await me.resetPassword(ownId(administrator), NewPassword, callerOf(administrator));
        return { status: 204 };
      },
    }),
    route({
      call: 'Me.RevokeTokens',
      method: 'DELETE',
      path: '/me/tokens',
      about: 'User',
      resource: 'me',
      roles: 'any_token',
      handle: async ({ administrator }) => {
        await me.revokeAllSessions(ownId(administrator), callerOf(administrator));
        return { status: 204 };
      },
    }),
    route({
      call: 'Me.ListUserGroups',
      method: 'GET',
      path: '/me/usergroups',
      about: 'UserGroup',
      resource: 'me',
      roles: 'any_token',
      list: USER_GROUP_LISTING,
      handle: async ({ list, administrator }) => {
        const visibility = { tenancy: EVERYTHING, inherited: false };
        const asked = browseQuery(list, { visibility, filters: { user: viewedId(administrator) } });
        const { items, total } = asked === undefined ? NOTHING : await store.directory.browse('user_groups', asked);
        return { status: 200, body: pageOf(list, { items: items.map(shownUserGroup), total }) };
      },
    }),
  ];
}

/** The user whose roles count: OrderCloud knows no client that is somebody itself. @throws `forbidden` */
function viewedId({ acting }: Administrator): string {
  if (acting.kind !== 'user') throw new DomainError('forbidden', 'This client acts for itself: it has no context user.');
  return acting.id;
}

/** What is changed is changed by the person, and not by a program that acts as its context user. @throws `forbidden` */
function ownId({ actor, onBehalfOf }: Administrator): string {
  const self = onBehalfOf ?? actor;
  if (self.kind !== 'user') throw new DomainError('forbidden', 'This is for people who signed in.');
  return self.id;
}

/** What people get in by, and where links to set a password go, takes more than a token to change. */
function assertOnlyNames({ ID, Username, Email, Active }: Profile, user: User): void {
  const changed = [
    ['ID', ID, user.id],
    ['Username', Username, user.username],
    ['Email', Email, user.email],
    ['Active', Active, user.active],
  ].find(([, wanted, is]) => wanted !== undefined && wanted !== null && wanted !== is);
  if (changed === undefined) return;
  const how = changed[0] === 'Email' ? 'with the password at /api/v1/me' : 'by an administrator';
  throw invalidInput([{ pointer: `/${String(changed[0])}`, message: `cannot be changed here; that is done ${how}.` }]);
}

const definedOf = (profile: Profile): Profile => Object.fromEntries(Object.entries(profile).filter(([, value]) => value !== undefined));

async function shownMe(parts: MeRouteParts, user: User, { acting }: Administrator) {
  const [shown] = await shownUsers(parts, [user]);
  const type = acting.organization?.type;
  const company = { ID: user.organization };
  return {
    Buyer: type === 'buyer' ? { ...company, DefaultCatalogID: null } : null,
    Supplier: type === 'supplier' ? company : null,
    Seller: type === 'seller' ? company : null,
    ...shown,
  };
}
