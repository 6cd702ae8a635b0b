/** Security profiles: named lists of roles, those of OrderCloud and custom ones, with a password policy or nothing but that. */
import { z } from 'zod';
import type { Administration, WriteCall } from '../../administration/administration.ts';
import type { Json } from '../../administration/entries.ts';
import { readable } from '../../administration/nouns.ts';
import type { Store } from '../../domain/ports.ts';
import type { SecurityProfile } from '../../domain/security-profile.ts';
import { id, name, names, sent, strict } from './bodies.ts';
import { browseQuery, NOTHING, pageOf, type Listing } from './list.ts';
import { passwordConfig, policyOf, shownPolicy } from './password-config.ts';
import { roleNamed, split } from './role-names.ts';
import { route, type OrderCloudRoute } from './route.ts';
import { saved } from './saved.ts';

export interface SecurityProfileRouteParts {
  readonly administration: Administration;
  readonly store: Pick<Store, 'directory'>;
}

/** The table of 2018 has `SetSecurityProfile` alone; the two roles that are called after profiles came later. */
const READERS = ['SetSecurityProfile', 'SecurityProfileReader', 'SecurityProfileAdmin'] as const;
const WRITERS = ['SecurityProfileAdmin'] as const;

const LISTING: Listing = {
  noun: 'security_profiles',
  fields: { ID: 'id', Name: 'name', IsExternalRoleGroup: null },
  searched: ['ID', 'Name'],
  sorted: ['ID', 'Name'],
};

const shape = { ID: id.nullish(), Name: name, Roles: names.nullish(), CustomRoles: names.nullish(), PasswordConfig: passwordConfig.nullish() };
const body = strict(shape, ['IsExternalRoleGroup']);
const patch = strict({ ...shape, Name: name.optional() }, ['IsExternalRoleGroup']);

export function securityProfileRoutes({ administration, store }: SecurityProfileRouteParts): readonly OrderCloudRoute[] {
  const common = { about: 'SecurityProfile', resource: 'security_profiles' } as const;
  const keyed = '/securityprofiles/{id}';
  const answer = async (status: 200 | 201, key: string, call: WriteCall) => ({
    status,
    body: shown(await administration.find('security_profiles', key, call)),
  });
  const make = async (value: Json, call: WriteCall): Promise<string> => {
    const { object } = await administration.create('security_profiles', value, defining(value, call));
    return String(object!['id']);
  };
  return [
    route({
      ...common,
      call: 'SecurityProfiles.List',
      method: 'GET',
      path: '/securityprofiles',
      roles: READERS,
      list: LISTING,
      handle: async ({ list, administrator }) => {
        const asked = browseQuery(list, { visibility: readable('security_profiles', administrator) });
        const { items, total } = asked === undefined ? NOTHING : await store.directory.browse('security_profiles', asked);
        return { status: 200, body: pageOf(list, { items: items.map(shown), total }) };
      },
    }),
    route({
      ...common,
      call: 'SecurityProfiles.Create',
      method: 'POST',
      path: '/securityprofiles',
      roles: WRITERS,
      body,
      handle: async ({ body: made, call }) => answer(201, await make(sent({ ...fieldsOf(made), roles: rolesOf(made) }), call), call),
    }),
    route({
      ...common,
      call: 'SecurityProfiles.Get',
      method: 'GET',
      path: keyed,
      roles: READERS,
      handle: ({ params, call }) => answer(200, params.id, call),
    }),
    route({
      ...common,
      call: 'SecurityProfiles.Save',
      method: 'PUT',
      path: keyed,
      roles: WRITERS,
      body,
      handle: async ({ params, body: made, call }) => {
        const fields: Json = { password_policy: null, ...fieldsOf(made), roles: rolesOf(made) };
        const status = await saved(
          () => administration.change('security_profiles', params.id, defining(fields, call), (current) => ({ ...current, ...fields })),
          () => make({ ...fields, id: params.id }, call),
        );
        return answer(status, params.id, call);
      },
    }),
    route({
      ...common,
      call: 'SecurityProfiles.Patch',
      method: 'PATCH',
      path: keyed,
      roles: WRITERS,
      body: patch,
      handle: async ({ params, body: made, call }) => {
        const named = { roles: [...(made.Roles ?? []), ...(made.CustomRoles ?? [])] };
        await administration.change('security_profiles', params.id, defining(named, call), (current, { roles }) => {
          const { known, custom } = split(roles);
          const becomes = {
            roles: [
              ...(made.Roles === undefined ? known : (made.Roles ?? [])),
              ...(made.CustomRoles === undefined ? custom : (made.CustomRoles ?? [])),
            ],
          };
          return { ...current, ...fieldsOf(made), ...becomes };
        });
        return answer(200, params.id, call);
      },
    }),
    route({
      ...common,
      call: 'SecurityProfiles.Delete',
      method: 'DELETE',
      path: keyed,
      roles: WRITERS,
      handle: async ({ params, call }) => {
        await administration.remove('security_profiles', params.id, call);
        return { status: 204 };
      },
    }),
  ];
}

const rolesOf = ({ Roles, CustomRoles }: z.output<typeof patch>): readonly string[] => [...(Roles ?? []), ...(CustomRoles ?? [])];

function fieldsOf({ ID, Name, PasswordConfig }: z.output<typeof patch>): Json {
  return sent({ id: ID ?? undefined, name: Name, password_policy: PasswordConfig === undefined ? undefined : policyOf(PasswordConfig) });
}

/** Roles come into being by being named, as custom roles do in OrderCloud. */
const defining = ({ roles = [] }: { readonly roles?: unknown }, call: WriteCall): WriteCall => ({
  ...call,
  definesRoles: (roles as readonly string[]).map(roleNamed),
});

function shown({ id: ID, name: Name, roles, passwordPolicy }: SecurityProfile) {
  const { known, custom } = split(roles);
  return { ID, Name, Roles: known, CustomRoles: custom, PasswordConfig: shownPolicy(passwordPolicy), IsExternalRoleGroup: false };
}
