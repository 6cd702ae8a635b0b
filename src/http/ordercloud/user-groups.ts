/** User groups of buyers, of suppliers and of the seller, and who is in them. */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import type { Administrator } from '../../administration/administrator.ts';
import type { Json } from '../../administration/entries.ts';
import { joining, leaving } from '../../administration/memberships.ts';
import { absent, readable } from '../../administration/nouns.ts';
import type { Organization } from '../../domain/organization.ts';
import type { UserGroup } from '../../domain/party.ts';
import { id, name, sent, strict, text } from './bodies.ts';
import { companyIn, userGroupOf, userOf, type CompanyParts, type Place } from './company.ts';
import { browseQuery, NOTHING, pageOf, PAGE_PARAMETERS, type Listing } from './list.ts';
import { route, type OrderCloudRoute } from './route.ts';
import { saved } from './saved.ts';

export interface UserGroupRouteParts extends CompanyParts {
  readonly administration: Administration;
}

type GroupPlace = Place<'/buyers/{company}/usergroups' | '/suppliers/{company}/usergroups' | '/usergroups'>;

const PLACES: readonly GroupPlace[] = [
  {
    calls: 'UserGroups',
    type: 'buyer',
    path: '/buyers/{company}/usergroups',
    read: ['UserGroupAdmin', 'UserGroupReader'],
    write: ['UserGroupAdmin'],
  },
  {
    calls: 'SupplierUserGroups',
    type: 'supplier',
    path: '/suppliers/{company}/usergroups',
    read: ['SupplierUserGroupAdmin', 'SupplierUserGroupReader'],
    write: ['SupplierUserGroupAdmin'],
  },
  {
    calls: 'AdminUserGroups',
    type: 'seller',
    path: '/usergroups',
    read: ['AdminUserGroupAdmin', 'AdminUserGroupReader'],
    write: ['AdminUserGroupAdmin'],
  },
];

export const USER_GROUP_LISTING: Listing = {
  noun: 'user_groups',
  fields: { ID: 'id', Name: 'name', Description: 'description' },
  searched: ['ID', 'Name', 'Description'],
  sorted: ['Name', 'ID'],
};

const shape = { ID: id.nullish(), Name: name, Description: text(2000) };
const body = strict(shape, ['xp']);
const patch = strict({ ...shape, Name: name.optional() }, ['xp']);
const member = strict({ UserGroupID: id, UserID: id });

export const shownUserGroup = ({ id: ID, name: Name, description }: UserGroup) => ({ ID, Name, Description: description ?? null, xp: null });

const fieldsOf = ({ ID, Name, Description }: z.output<typeof patch>): Json => sent({ id: ID ?? undefined, name: Name, description: Description });

export function userGroupRoutes(parts: UserGroupRouteParts): readonly OrderCloudRoute[] {
  return PLACES.flatMap((place) => [...groupRoutes(place, parts), ...memberRoutes(place, parts)]);
}

function groupRoutes({ calls, type, path, read, write }: GroupPlace, parts: UserGroupRouteParts): readonly OrderCloudRoute[] {
  const { administration, store } = parts;
  const companyOfPath = companyIn(parts, type);
  const common = { about: 'UserGroup', resource: 'user_groups' } as const;
  const keyed = `${path}/{id}` as const;
  const answer = async (status: 200 | 201, company: Organization, key: string, administrator: Administrator) => ({
    status,
    body: shownUserGroup(await userGroupOf(parts, company, key, administrator)),
  });
  const rewriting = (company: Organization, fields: Json) => (current: Json, stored: UserGroup) => {
    if (stored.organization !== company.id) throw absent();
    return { ...current, ...fields };
  };
  return [
    route({
      ...common,
      call: `${calls}.List`,
      method: 'GET',
      path,
      roles: read,
      list: USER_GROUP_LISTING,
      handle: async ({ params, list, administrator }) => {
        const { id: organization } = await companyOfPath(params, administrator);
        const asked = browseQuery(list, { visibility: readable('user_groups', administrator), filters: { organization } });
        const { items, total } = asked === undefined ? NOTHING : await store.directory.browse('user_groups', asked);
        return { status: 200, body: pageOf(list, { items: items.map(shownUserGroup), total }) };
      },
    }),
    route({
      ...common,
      call: `${calls}.Create`,
      method: 'POST',
      path,
      roles: write,
      body,
      handle: async ({ params, body: made, call, administrator }) => {
        const company = await companyOfPath(params, administrator);
        const { object } = await administration.create('user_groups', { ...fieldsOf(made), organization: company.id }, call);
        return answer(201, company, String(object!['id']), administrator);
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
      handle: async ({ params, body: made, call, administrator }) => {
        const company = await companyOfPath(params, administrator);
        const fields = { description: null, ...fieldsOf(made) };
        const status = await saved(
          () => administration.change('user_groups', params.id, call, rewriting(company, fields)),
          () => administration.create('user_groups', { ...fields, id: params.id, organization: company.id }, call),
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
      handle: async ({ params, body: made, call, administrator }) => {
        const company = await companyOfPath(params, administrator);
        await administration.change('user_groups', params.id, call, rewriting(company, fieldsOf(made)));
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
        await userGroupOf(parts, await companyOfPath(params, administrator), params.id, administrator);
        await administration.remove('user_groups', params.id, call);
        return { status: 204 };
      },
    }),
  ];
}

function memberRoutes({ calls, type, path, read, write }: GroupPlace, parts: UserGroupRouteParts): readonly OrderCloudRoute[] {
  const { administration, store } = parts;
  const companyOfPath = companyIn(parts, type);
  const common = { about: 'UserGroupAssignment', resource: 'user_groups' } as const;
  return [
    route({
      ...common,
      call: `${calls}.ListUserAssignments`,
      method: 'GET',
      path: `${path}/assignments`,
      roles: read,
      query: z.object({ ...PAGE_PARAMETERS, userGroupID: id.optional(), userID: id.optional() }),
      handle: async ({ params, query, administrator }) => {
        const { id: organization } = await companyOfPath(params, administrator);
        const { page, pageSize, userGroupID: userGroup, userID: user } = query;
        const visibility = readable('users', administrator);
        const found = await store.directory.browseMemberships({
          visibility,
          organization,
          userGroup,
          user,
          skip: (page - 1) * pageSize,
          limit: pageSize,
        });
        const items = found.items.map((one) => ({ UserGroupID: one.userGroup, UserID: one.user }));
        return { status: 200, body: pageOf({ page, pageSize }, { items, total: found.total }) };
      },
    }),
    route({
      ...common,
      call: `${calls}.SaveUserAssignment`,
      method: 'POST',
      path: `${path}/assignments`,
      roles: write,
      body: member,
      handle: async ({ params, body: { UserGroupID, UserID }, call, administrator }) => {
        const company = await companyOfPath(params, administrator);
        await userGroupOf(parts, company, UserGroupID, administrator);
        await userOf(parts, company, UserID, administrator);
        await administration.change('users', UserID, call, joining(UserGroupID));
        return { status: 204 };
      },
    }),
    route({
      ...common,
      call: `${calls}.DeleteUserAssignment`,
      method: 'DELETE',
      path: `${path}/{group}/assignments/{id}`,
      roles: write,
      handle: async ({ params, call, administrator }) => {
        const company = await companyOfPath(params, administrator);
        await userGroupOf(parts, company, params.group, administrator);
        await userOf(parts, company, params.id, administrator);
        await administration.change('users', params.id, call, leaving(params.group));
        return { status: 204 };
      },
    }),
  ];
}
