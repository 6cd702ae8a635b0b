/** @module The same marketplace once for everybody who asks, so that nobody's changes are in somebody else's way. */
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applyFiles, startServer, type TestServer } from '../support/server.ts';
import { post } from '../support/token-client.ts';

const READERS = (
  'BuyerReader SupplierReader BuyerUserReader SupplierUserReader AdminUserReader ' +
  'UserGroupReader SupplierUserGroupReader AdminUserGroupReader SecurityProfileReader ApiClientReader'
).split(' ');
const ADMINS = (
  'BuyerAdmin SupplierAdmin BuyerUserAdmin SupplierUserAdmin AdminUserAdmin UserGroupAdmin SupplierUserGroupAdmin ' +
  'AdminUserGroupAdmin SecurityProfileAdmin SetSecurityProfile ApiClientAdmin MeAdmin PasswordReset BuyerImpersonation Shopper'
).split(' ');

/** Who asks for something of the buyer `b1`. The heading of a column is in two parts. */
export const ORDERCLOUD_ACTORS = {
  anonymous: { heading: ['anonymous', ''], who: 'no token' },
  noRoles: { heading: ['no', 'roles'], who: 'a user of the seller who holds nothing', at: 'market', roles: [] },
  reader: { heading: ['reader', ''], who: 'a user of the seller with the Reader roles', at: 'market', roles: READERS },
  buyer: { heading: ['buyer', 'admin'], who: 'a user of b1 with the Admin roles', at: 'b1', roles: ADMINS },
  otherBuyer: { heading: ['other', 'buyer'], who: 'a user of b2, beside b1, with the Admin roles', at: 'b2', roles: ADMINS },
  supplier: { heading: ['supplier', 'admin'], who: 'a user of s1 with the Admin roles', at: 's1', roles: ADMINS },
  fullBuyer: { heading: ['buyer', 'full'], who: 'a user of b1 with FullAccess', at: 'b1', roles: ['FullAccess'] },
  admin: { heading: ['seller', 'admin'], who: 'a user of the seller with the Admin roles', at: 'market', roles: ADMINS },
  full: { heading: ['seller', 'full'], who: 'a user of the seller with FullAccess', at: 'market', roles: ['FullAccess'] },
} as const satisfies Readonly<
  Record<string, { readonly heading: readonly [string, string]; readonly who: string; readonly at?: string; readonly roles?: readonly string[] }>
>;
export type OrderCloudActor = keyof typeof ORDERCLOUD_ACTORS;

const PASSWORD = 'Correct-Horse-7-Battery';

export interface OrderCloudWorld {
  readonly server: TestServer;
  /** The id of something in the marketplace of somebody. */
  idOf(actor: OrderCloudActor): (id: string) => string;
  readonly tokens: Readonly<Record<OrderCloudActor, string | undefined>>;
}

const idFor =
  (actor: OrderCloudActor) =>
  (id: string): string =>
    `${id}.${actor}`;

export async function openOrderCloudWorld(): Promise<OrderCloudWorld> {
  const server = await startServer();
  const folder = await mkdtemp(path.join(tmpdir(), 'rolemint-world-'));
  const file = path.join(folder, 'world.json');
  const actors = Object.keys(ORDERCLOUD_ACTORS) as OrderCloudActor[];
  await writeFile(file, JSON.stringify(workspace(actors)));
  await applyFiles(server.app, [file]);
  await rm(folder, { recursive: true });
  const tokens = await Promise.all(actors.map(async (actor) => [actor, await tokenFor(server, actor)] as const));
  return { server, idOf: idFor, tokens: Object.fromEntries(tokens) as Record<OrderCloudActor, string | undefined> };
}

async function tokenFor({ url }: TestServer, actor: OrderCloudActor): Promise<string | undefined> {
  if (actor === 'anonymous') return undefined;
  const { body } = await post(`${url}/oauth/token`, {
    grant_type: 'password',
    client_id: idFor(actor)('app'),
    username: idFor(actor)('me'),
    password: PASSWORD,
  });
  return body['access_token'] as string;
}

function workspace(actors: readonly OrderCloudActor[]): object {
  const worlds = actors.map(worldOf);
  const all = (section: keyof ReturnType<typeof worldOf>): object[] => worlds.flatMap((world): readonly object[] => world[section]);
  return {
    rolemint: 1,
    impersonation_role: 'BuyerImpersonation',
    organization_types: [{ name: 'seller' }, { name: 'buyer', parents: ['seller'] }, { name: 'supplier', parents: ['seller'] }],
    roles: [...new Set([...READERS, ...ADMINS])].map((name) => ({ name })),
    organizations: all('organizations'),
    user_groups: all('user_groups'),
    users: all('users'),
    security_profiles: all('security_profiles'),
    clients: all('clients'),
    assignments: all('assignments'),
    impersonation_rules: all('impersonation_rules'),
  };
}

function worldOf(actor: OrderCloudActor) {
  const n = idFor(actor);
  const { at = 'market', roles = [] } = ORDERCLOUD_ACTORS[actor] as { readonly at?: string; readonly roles?: readonly string[] };
  const organization = (id: string, type: string) => ({ id: n(id), type, ...(id === 'market' ? {} : { parent: n('market') }) });
  const of = (place: string, ids: readonly string[]) => ids.map((id) => ({ id: n(id), organization: n(place) }));
  const client = (id: string) => ({
    client_id: n(id),
    organization: n('market'),
    grant_types: ['password', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
    token_endpoint_auth_method: 'none',
    omitted_scope: 'all',
  });
  return {
    organizations: [
      organization('market', 'seller'),
      ...['b1', 'b2', 'doomed-b'].map((id) => organization(id, 'buyer')),
      ...['s1', 'doomed-s'].map((id) => organization(id, 'supplier')),
    ],
    user_groups: [...of('b1', ['bg', 'doomed-bg']), ...of('s1', ['sg', 'doomed-sg']), ...of('market', ['ag', 'doomed-ag'])],
    users: [
      ...of('b1', ['bu', 'doomed-bu', 'moving-bu']),
      ...of('s1', ['su', 'doomed-su']),
      ...of('market', ['au', 'doomed-au']),
      { id: n('me'), organization: n(at), password: PASSWORD },
    ],
    security_profiles: [
      { id: n('mine'), roles },
      ...['p1', 'p2', 'doomed-p'].map((id) => ({ id: n(id), organization: n('market'), roles: ['Shopper'] })),
    ],
    clients: [
      client('app'),
      ...['c1', 'doomed-c'].map((id) => ({ ...client(id), allowed_organizations: { ids: [n('b1'), n('s1')] }, maximum_roles: ['Shopper'] })),
    ],
    assignments: [
      { security_profile: n('mine'), user: n('me') },
      { security_profile: n('p2'), organization: n('b1') },
    ],
    impersonation_rules: ['r1', 'doomed-r'].map((id) => ({
      id: n(id),
      impersonator: { organization: n('market') },
      target: { organization: n('b1') },
      security_profile: n('p1'),
      client: n('app'),
    })),
  };
}
