/** @module The market of the access matrix: ten who ask, and of every kind of object one that belongs to B1 or to all. */
import { apiWith, asClient, openAdministered, signedIn, type ApiClient } from '../support/administered.ts';
import { assignment, client, organization, PASSWORD, profile, resourceServer, secret, secretOf, to, user } from '../support/market.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testClock } from '../support/stores.ts';
import { basic, post } from '../support/token-client.ts';

/**
 * Who asks for something of B1. The seller stands above B1; those of it who administer hold no FullAccess.
 * The heading of a column is in two parts.
 */
export const ACTORS = {
  anonymous: { heading: ['anonymous', ''], who: 'no token' },
  noRoles: { heading: ['no', 'roles'], who: 'a user of the seller who holds nothing' },
  reader: { heading: ['reader', ''], who: 'a user of the seller with the Reader roles' },
  admin: { heading: ['admin', ''], who: 'a user of B1 with the Admin roles' },
  otherAdmin: { heading: ['admin', 'of other'], who: 'a user of B2, beside B1, with the Admin roles' },
  adminAbove: { heading: ['admin', 'above'], who: 'a user of the seller with the Admin roles' },
  fullBuyer: { heading: ['buyer', 'full'], who: 'a user of B1 with FullAccess' },
  expired: { heading: ['expired', 'token'], who: 'the token of admin above, after its end' },
  impersonation: { heading: ['imperson-', 'ation'], who: 'a user of the seller in the name of admin' },
  client: { heading: ['client', ''], who: 'a client of the seller with the Admin roles' },
} as const;
export type Actor = keyof typeof ACTORS;

/** FullAccess at the root, for what takes that. */
export const ROOT = 'root';

/** Ids that are known only once the objects are there. */
export interface Made {
  readonly assignment: string;
  readonly oldAssignment: string;
  readonly secret: string;
  readonly session: string;
  /** A signing key that signs nothing yet. */
  readonly kid: string;
  readonly invitation: string;
  readonly oldInvitation: string;
  /** About somebody of B1. */
  readonly event: string;
  /** A sign-in of the admin, other than that of the token in use. */
  readonly adminSession: string;
}

export interface World {
  readonly server: TestServer;
  readonly api: Readonly<Record<Actor | typeof ROOT, ApiClient>>;
  readonly made: Made;
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const AN_HOUR = 3_600_000;

export async function openWorld(): Promise<World> {
  const clock = testClock();
  const server = await startServer({ clock });
  await openObjects(server);
  const expired = await signedIn(server, 'deleg');
  clock.advance(AN_HOUR);
  const [root, adminAbove] = [await signedIn(server, 'root'), await signedIn(server, 'deleg')];
  const api = {
    root,
    anonymous: apiWith(server, undefined),
    noRoles: await signedIn(server, 'norole'),
    reader: await signedIn(server, 'reader'),
    admin: await signedIn(server, 'b1admin'),
    otherAdmin: await signedIn(server, 'b2admin'),
    adminAbove,
    fullBuyer: await signedIn(server, 'b1full'),
    expired,
    impersonation: await impersonating(server),
    client: await asClient(server),
  };
  return { server, api, made: await make(server, root) };
}

/** Besides the people and objects of `administered.ts`. What is to be deleted has no other use. */
async function openObjects({ app }: TestServer): Promise<void> {
  const passwordHash = await app.hasher.hash(PASSWORD);
  await openAdministered(app, async (tx) => {
    await tx.organizationTypes.put([
      { name: 'site', parents: ['buyer', 'site'], barredRoles: ['MarketAdmin'] },
      { name: 'kiosk', parents: ['buyer'], barredRoles: [] },
    ]);
    await tx.roles.put([{ name: 'Obsolete', category: 'custom' }]);
    await tx.permissionTypes.put([
      { type: 'data/Order', operations: ['read', 'update'] },
      { type: 'data/Relic', operations: ['read'] },
    ]);
    await tx.organizations.put([organization('B1-depot', 'site', { parent: 'B1' }), organization('B1-closed', 'site', { parent: 'B1' })]);
    await tx.userGroups.put([
      { id: 'b1-team', name: 'Team of B1', organization: 'B1' },
      { id: 'b1-old', name: 'Former team of B1', organization: 'B1' },
    ]);
    await tx.users.put([
      user('b1-person', 'B1', { email: 'person@b1.example.com', memberships: [{ userGroup: 'b1-team' }] }),
      user('b1-leaver', 'B1'),
      user('support', 'S'),
    ]);
    for (const id of ['b1-person', 'support']) await tx.setPassword(id, passwordHash, new Date(app.clock.now()));
    await tx.securityProfiles.put([
      profile('b1-copy', [], {
        organization: 'B1',
        origin: { securityProfile: 'b1-own', version: 1, roles: [], permissions: [], fullAccess: false },
      }),
      profile('b1-unused', ['Shopper'], { organization: 'B1' }),
      profile('supporting', ['Impersonation']),
      profile('self', ['MeAdmin']),
    ]);
    await tx.clients.put([
      client('b1-job', { grantTypes: ['client_credentials'], organization: 'B1' }),
      client('b1-retired', { grantTypes: ['client_credentials'], organization: 'B1' }),
      client('desk', { grantTypes: [TOKEN_EXCHANGE], omittedScope: 'all', organization: 'S' }),
    ]);
    await tx.addClientSecret('desk', secret(secretOf('desk')));
    await tx.resourceServers.put([resourceServer('https://old.example.com')]);
    await tx.impersonationRules.put([
      { id: 'support-b1', impersonator: to.user('support'), target: to.organization('B1'), securityProfile: 'administering', client: 'desk' },
      { id: 'b1-rule', impersonator: to.user('b1u'), target: to.user('b1-person'), securityProfile: 'b1-own', client: 'console' },
      { id: 'b1-old-rule', impersonator: to.user('b1u'), target: to.user('b1-person'), securityProfile: 'b1-own', client: 'console' },
    ]);
    await tx.assignments.put([
      assignment('supporting', to.user('support')),
      assignment('shopping', to.client('adminclient')),
      ...['deleg', 'b1admin', 'b2admin'].map((id) => assignment('self', to.user(id))),
    ]);
  });
}

async function impersonating(server: TestServer): Promise<ApiClient> {
  const { token } = await signedIn(server, 'support');
  const form = { grant_type: TOKEN_EXCHANGE, subject_token: token, subject_token_type: ACCESS_TOKEN, requested_subject: 'b1admin' };
  const { body, text } = await post(`${server.url}/oauth/token`, form, basic('desk', secretOf('desk')));
  if (typeof body['access_token'] !== 'string') throw new Error(`support does not act as b1admin: ${text}`);
  return apiWith(server, body['access_token']);
}

/** What only the server can name. */
async function make(server: TestServer, root: ApiClient): Promise<Made> {
  for (const name of ['b1-person', 'b1admin']) await signedIn(server, name);
  const made = async (path: string, body: unknown): Promise<Readonly<Record<string, string>>> => {
    const answer = await root.post(path, body);
    if (answer.status !== 201) throw new Error(`${path}: ${answer.text}`);
    return answer.body as Readonly<Record<string, string>>;
  };
  const listed = async (path: string) => (await root.get(path)).body.items as readonly Readonly<Record<string, string>>[];
  const newest = async (path: string): Promise<string> => (await listed(path))[0]!['id']!;
  const invited = (email: string) => made('/invitations', { email, organization: 'B1', security_profiles: ['b1-own'] });
  return {
    assignment: (await made('/assignments', { security_profile: 'b1-own', user: 'b1-person' }))['id']!,
    oldAssignment: (await made('/assignments', { security_profile: 'b1-own', user_group: 'b1-team' }))['id']!,
    secret: (await made('/clients/b1-job/secrets', {}))['id']!,
    session: await newest('/users/b1-person/sessions'),
    kid: (await listed('/keys')).find(({ status }) => status === 'next')!['kid']!,
    invitation: (await invited('one@b1.example.com'))['id']!,
    oldInvitation: (await invited('two@b1.example.com'))['id']!,
    event: await newest('/audit-events?target_kind=assignment'),
    adminSession: await newest('/users/b1admin/sessions'),
  };
}
