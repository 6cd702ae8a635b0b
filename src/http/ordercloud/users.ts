/** People of buyers, of suppliers and of the seller: the same calls below three paths. */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import { callerOf, type Administrator } from '../../administration/administrator.ts';
import type { Json } from '../../administration/entries.ts';
import { absent, readable } from '../../administration/nouns.ts';
import type { PasswordAdministration } from '../../administration/passwords.ts';
import type { Organization } from '../../domain/organization.ts';
import type { User } from '../../domain/party.ts';
import { MAXIMUM_PASSWORD_LENGTH } from '../../domain/password-policy.ts';
import type { SessionService } from '../../services/sessions.ts';
import type { UserService } from '../../services/users.ts';
import { flag, id, sent, strict, text } from './bodies.ts';
import { companyIn, companyOf, userGroupOf, userOf, type CompanyParts, type Place } from './company.ts';
import { browseQuery, NOTHING, pageOf } from './list.ts';
import { route, type OrderCloudRequest, type OrderCloudRoute } from './route.ts';
import { saved } from './saved.ts';
import { NOT_KEPT_OF_USERS, shownUsers, USER_LISTING, type UserViewParts } from './user-view.ts';

export interface UserRouteParts extends UserViewParts, CompanyParts {
  readonly store: UserViewParts['store'];
  readonly administration: Administration;
  readonly passwordAdministration: PasswordAdministration;
  readonly users: UserService;
  readonly sessions: SessionService;
}

type UserPlace = Place<'/buyers/{company}/users' | '/suppliers/{company}/users' | '/adminusers'>;

const PLACES: readonly UserPlace[] = [
  { calls: 'Users', type: 'buyer', path: '/buyers/{company}/users', read: ['BuyerUserAdmin', 'BuyerUserReader'], write: ['BuyerUserAdmin'] },
  {
    calls: 'SupplierUsers',
    type: 'supplier',
    path: '/suppliers/{company}/users',
    read: ['SupplierUserAdmin', 'SupplierUserReader'],
    write: ['SupplierUserAdmin'],
  },
  { calls: 'AdminUsers', type: 'seller', path: '/adminusers', read: ['AdminUserAdmin', 'AdminUserReader'], write: ['AdminUserAdmin'] },
];

const shape = {
  ID: id.nullish(),
  Username: z.string().min(1).max(200),
  Password: z.string().min(1).max(MAXIMUM_PASSWORD_LENGTH).nullish(),
  FirstName: text(),
  LastName: text(),
  Email: text(254),
  Phone: text(),
  Active: flag.nullish(),
};
const body = strict(shape, NOT_KEPT_OF_USERS);
const patch = strict({ ...shape, Username: shape.Username.optional() }, NOT_KEPT_OF_USERS);

type Body = z.output<typeof patch>;

/** Fields of ours; what was not sent is left out. */
const fieldsOf = ({ ID, Username, FirstName, LastName, Email, Phone, Active }: Body): Json =>
  sent({
    id: ID ?? undefined,
    username: Username,
    given_name: FirstName,
    family_name: LastName,
    email: Email,
    phone_number: Phone,
    active: Active ?? undefined,
  });

const CLEARED = { given_name: null, family_name: null, email: null, phone_number: null, active: false };

type UserRequest<B = undefined> = OrderCloudRequest<{ readonly company?: string; readonly id: string }, unknown, B>;

export function userRoutes(parts: UserRouteParts): readonly OrderCloudRoute[] {
  return [...PLACES.flatMap((place) => routesOf(place, parts)), acrossBuyers(parts), move(parts)];
}

async function answerOf(parts: UserRouteParts, status: 200 | 201, user: User) {
  const [shown] = await shownUsers(parts, [user]);
  return { status, body: shown };
}

function routesOf({ calls, type, path, read, write }: UserPlace, parts: UserRouteParts): readonly OrderCloudRoute[] {
  const { administration, passwordAdministration, store } = parts;
  const common = { about: 'User', resource: 'users' } as const;
  const keyed = `${path}/{id}` as const;
  const companyOfPath = companyIn(parts, type);
  const answer = async (status: 200 | 201, company: Organization, key: string, administrator: Administrator) =>
    answerOf(parts, status, await userOf(parts, company, key, administrator));
  const make = async (company: Organization, key: string | undefined, { body: made, call }: UserRequest<Body>): Promise<string> => {
    const value = { ...CLEARED, ...fieldsOf(made), ...sent({ id: key }), organization: company.id };
    const { object } =
      typeof made.Password === 'string'
        ? await passwordAdministration.create(value, made.Password, call)
        : await administration.create('users', value, call);
    return String(object!['id']);
  };
  /** Groups, and whom the user may act for besides, are not OrderCloud's to change. */
  const change = async (company: Organization, { params, body: made, call }: UserRequest<Body>, defaults: Json): Promise<void> => {
    await administration.change('users', params.id, call, (current, stored) => {
      if (stored.organization !== company.id) throw absent();
      return { ...current, ...defaults, ...fieldsOf(made) };
    });
    if (typeof made.Password === 'string') await passwordAdministration.set(params.id, made.Password, call);
  };
  return [
    route({
      ...common,
      call: `${calls}.List`,
      method: 'GET',
      path,
      roles: read,
      list: USER_LISTING,
      ...(type === 'seller' ? {} : { query: z.object({ userGroupID: id.optional() }) }),
      handle: async ({ params, query, list, administrator }) => {
        const company = await companyOfPath(params, administrator);
        const { userGroupID } = query as { readonly userGroupID?: string };
        if (userGroupID !== undefined) await userGroupOf(parts, company, userGroupID, administrator);
        const filters = { organization: company.id, ...(userGroupID === undefined ? {} : { user_group: userGroupID }) };
        const asked = browseQuery(list, { visibility: readable('users', administrator), filters });
        const { items, total } = asked === undefined ? NOTHING : await store.directory.browse('users', asked);
        return { status: 200, body: pageOf(list, { items: await shownUsers(parts, items), total }) };
      },
    }),
    route({
      ...common,
      call: `${calls}.Create`,
      method: 'POST',
      path,
      roles: write,
      body,
      handle: async (request) => {
        const company = await companyOfPath(request.params, request.administrator);
        const key = await make(company, undefined, request as unknown as UserRequest<Body>);
        return answer(201, company, key, request.administrator);
      },
    }),
    route({
      ...common,
      call: `${calls}.Get`,
      method: 'GET',
      path: keyed,
      roles: read,
      handle: async ({ params, administrator }) => answer(200, await companyOfPath(params, administrator), params.id, administrator),
    }),
    route({
      ...common,
      call: `${calls}.Save`,
      method: 'PUT',
      path: keyed,
      roles: write,
      body,
      handle: async (request) => {
        const { params, administrator } = request;
        const company = await companyOfPath(params, administrator);
        const status = await saved(
          () => change(company, request, CLEARED),
          () => make(company, params.id, request),
        );
        return answer(status, company, params.id, administrator);
      },
    }),
    route({
      ...common,
      call: `${calls}.Patch`,
      method: 'PATCH',
      path: keyed,
      roles: write,
      body: patch,
      handle: async (request) => {
        const { params, administrator } = request;
        const company = await companyOfPath(params, administrator);
        await change(company, request, {});
        return answer(200, company, params.id, administrator);
      },
    }),
    route({
      ...common,
      call: `${calls}.Delete`,
      method: 'DELETE',
      path: keyed,
      roles: write,
      handle: async ({ params, call, administrator }) => {
        await userOf(parts, await companyOfPath(params, administrator), params.id, administrator);
        await administration.remove('users', params.id, call);
        return { status: 204 };
      },
    }),
    route({
      ...common,
      call: `${calls}.RevokeUserTokens`,
      method: 'DELETE',
      path: `${keyed}/tokens`,
      roles: write,
      handle: async ({ params, administrator }) => {
        await userOf(parts, await companyOfPath(params, administrator), params.id, administrator);
        await parts.sessions.revokeAll(params.id, callerOf(administrator));
        return { status: 204 };
      },
    }),
    route({
      ...common,
      call: `${calls}.UnlockUserAccount`,
      method: 'POST',
      path: `${keyed}/unlock`,
      roles: write,
      handle: async ({ params, administrator }) => {
        await userOf(parts, await companyOfPath(params, administrator), params.id, administrator);
        await parts.users.unlock(params.id, callerOf(administrator));
        return { status: 204 };
      },
    }),
  ];
}

function acrossBuyers(parts: UserRouteParts): OrderCloudRoute {
  return route({
    call: 'Users.ListAcrossBuyers',
    method: 'GET',
    path: '/buyerusers',
    about: 'User',
    resource: 'users',
    roles: ['BuyerUserAdmin', 'BuyerUserReader'],
    list: USER_LISTING,
    handle: async ({ list, administrator }) => {
      const conditions = [{ field: 'organization_type', oneOf: [{ not: false, is: { like: ['buyer'] as const } }] }];
      const asked = browseQuery(list, { visibility: readable('users', administrator), conditions });
      const { items, total } = asked === undefined ? NOTHING : await parts.store.directory.browse('users', asked);
      return { status: 200, body: pageOf(list, { items: await shownUsers(parts, items), total }) };
    },
  });
}

/** Groups belong to the buyer that is left, so the user leaves them. What becomes of orders is not asked here. */
function move(parts: UserRouteParts): OrderCloudRoute {
  return route({
    call: 'Users.Move',
    method: 'POST',
    path: '/buyers/{company}/users/{id}/moveto/{to}',
    about: 'User',
    resource: 'users',
    roles: ['BuyerUserAdmin'],
    query: z.object({ orders: z.enum(['None', 'Unsubmitted', 'All']).optional() }),
    handle: async ({ params, call, administrator }) => {
      const [from, to] = [await companyOf(parts, 'buyer', params.company, administrator), await companyOf(parts, 'buyer', params.to, administrator)];
      await userOf(parts, from, params.id, administrator);
      await parts.administration.change('users', params.id, call, (current, stored) => {
        if (stored.organization !== from.id) throw absent();
        return { ...current, organization: to.id, user_groups: [] };
      });
      return answerOf(parts, 200, await userOf(parts, to, params.id, administrator));
    },
  });
}
