/** The scenarios of OrderCloud once more, with everything that they need built through OrderCloud's own SDK. */
import path from 'node:path';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { API_ROLES } from '../../src/http/ordercloud/role-names.ts';
import { OrderCloud, PASSWORD, startOrderCloud, type OrderCloudServer } from '../support/ordercloud.ts';
import { DATA } from '../support/server.ts';
import { describeKinds, openTestStore, type StoreKind } from '../support/stores.ts';
import { claimsOf } from '../support/token-client.ts';
import { scenariosOf, type Scenario, type Step } from './systems/scenario.ts';

const { AdminUserGroups, AdminUsers, ApiClients, Auth, Buyers, ImpersonationConfigs, SecurityProfiles } = OrderCloud;
const { SupplierUserGroups, SupplierUsers, Suppliers, UserGroups, Users } = OrderCloud;

interface Fixtures {
  readonly organizations: readonly { readonly id: string; readonly name: string; readonly type: string }[];
  readonly user_groups: readonly { readonly id: string; readonly name: string; readonly organization: string }[];
  readonly users: readonly {
    readonly id: string;
    readonly organization: string;
    readonly user_groups?: readonly string[];
    readonly active?: boolean;
  }[];
  readonly security_profiles: readonly {
    readonly id: string;
    readonly name: string;
    readonly roles: readonly string[];
    readonly password_policy?: Readonly<Record<string, number>>;
  }[];
  readonly clients: readonly {
    readonly client_id: string;
    readonly client_name: string;
    readonly active?: boolean;
    readonly client_secret?: string;
    readonly context_user?: string;
    readonly maximum_roles?: readonly string[];
    readonly allowed_organizations: { readonly types?: readonly string[]; readonly ids?: readonly string[] };
  }[];
  readonly assignments: readonly Readonly<Record<'security_profile', string> & Partial<Record<'organization' | 'user' | 'user_group', string>>>[];
  readonly impersonation_rules: readonly {
    readonly id: string;
    readonly target: { readonly organization: string };
    readonly security_profile: string;
    readonly client: string;
  }[];
}

const FIXTURES = parse(readFileSync(path.join(DATA, 'workspaces/ordercloud.yaml'), 'utf8')) as Fixtures;

describeKinds('scenarios', ['memory', 'postgres'], scenarios);

function scenarios(kind: StoreKind): void {
  let server: OrderCloudServer;

  beforeAll(async () => {
    server = await startOrderCloud({ store: await openTestStore({ kind }) });
    await build(server.admin);
  }, 60_000);
  afterAll(() => server.close());

  it.each(scenariosOf('ordercloud').map((scenario) => [`${scenario.id}: ${scenario.title}`, scenario] as const))('%s', async (_, scenario) => {
    await play(scenario, server.admin);
  });
}

const companies = new Map(FIXTURES.organizations.map(({ id, type }) => [id, type]));
const known = (roles: readonly string[]) => roles.filter((role) => API_ROLES.has(role)) as OrderCloud.ApiRole[];
const custom = (roles: readonly string[]) => roles.filter((role) => !API_ROLES.has(role));

async function build(admin: OrderCloud.RequestOptions): Promise<void> {
  for (const { id: ID, name: Name, type } of FIXTURES.organizations) {
    if (type === 'buyer') await Buyers.Create({ ID, Name, Active: true }, admin);
    if (type === 'supplier') await Suppliers.Create({ ID, Name, Active: true }, admin);
  }
  for (const { id: ID, name: Name, organization } of FIXTURES.user_groups) await groupsOf(organization).create({ ID, Name }, admin);
  for (const { id: ID, organization, user_groups: groups = [], active: Active = true } of FIXTURES.users) {
    const user = { ID, Username: ID, FirstName: ID, LastName: ID, Email: `${ID}@example.com`, Active, Password: PASSWORD };
    if (companies.get(organization) === 'seller') await AdminUsers.Create(user, admin);
    else await (companies.get(organization) === 'buyer' ? Users : SupplierUsers).Create(organization, user, admin);
    for (const UserGroupID of groups) await groupsOf(organization).join({ UserGroupID, UserID: ID }, admin);
  }
  for (const { id: ID, name: Name, roles, password_policy: policy } of FIXTURES.security_profiles) {
    const PasswordConfig = policy && {
      ...(policy['allowed_failed_attempts'] === undefined ? {} : { AllowedFailedAttempts: policy['allowed_failed_attempts'] }),
      ...(policy['lockout_minutes'] === undefined ? {} : { LockoutDuration: policy['lockout_minutes'] }),
      ...(policy['minimum_length'] === undefined ? {} : { MinimumCharacterCount: policy['minimum_length'] }),
    };
    const profile = { ID, Name, Roles: known(roles), CustomRoles: custom(roles) };
    await SecurityProfiles.Create(PasswordConfig === undefined ? profile : { ...profile, PasswordConfig }, admin);
  }
  for (const client of FIXTURES.clients) await buildClient(client, admin);
  for (const assignment of FIXTURES.assignments) await SecurityProfiles.SaveAssignment(assignmentOf(assignment), admin);
  for (const { id: ID, target, security_profile: SecurityProfileID, client: ClientID } of FIXTURES.impersonation_rules) {
    await ImpersonationConfigs.Create({ ID, BuyerID: target.organization, SecurityProfileID, ClientID }, admin);
  }
}

function groupsOf(organization: string) {
  const type = companies.get(organization);
  if (type === 'seller') return { create: AdminUserGroups.Create, join: AdminUserGroups.SaveUserAssignment };
  const groups = type === 'buyer' ? UserGroups : SupplierUserGroups;
  return {
    create: (group: OrderCloud.UserGroup, as: OrderCloud.RequestOptions) => groups.Create(organization, group, as),
    join: (member: OrderCloud.UserGroupAssignment, as: OrderCloud.RequestOptions) => groups.SaveUserAssignment(organization, member, as),
  };
}

async function buildClient(client: Fixtures['clients'][number], admin: OrderCloud.RequestOptions): Promise<void> {
  const { client_id: id, allowed_organizations: allowed, maximum_roles: maximum = [], client_secret: secret, context_user: contextUser } = client;
  await ApiClients.Save(
    id,
    {
      AppName: client.client_name,
      Active: client.active ?? true,
      AccessTokenDuration: 10,
      RefreshTokenDuration: 60,
      AllowAnyBuyer: allowed.types?.includes('buyer') ?? false,
      AllowAnySupplier: allowed.types?.includes('supplier') ?? false,
      AllowSeller: allowed.types?.includes('seller') ?? false,
      MaximumGrantedRoles: known(maximum),
      ...(secret === undefined ? {} : { ClientSecret: secret }),
      ...(contextUser === undefined ? {} : { DefaultContextUserName: contextUser }),
    },
    admin,
  );
  for (const BuyerID of allowed.ids ?? []) await ApiClients.SaveAssignment({ ApiClientID: id, BuyerID }, admin);
}

function assignmentOf({ security_profile: SecurityProfileID, organization, user, user_group: group }: Fixtures['assignments'][number]) {
  const of =
    organization ??
    FIXTURES.users.find(({ id }) => id === user)?.organization ??
    FIXTURES.user_groups.find(({ id }) => id === group)?.organization ??
    '';
  const company = { buyer: { BuyerID: of }, supplier: { SupplierID: of } }[companies.get(of)!] ?? {};
  return { SecurityProfileID, ...company, ...(user === undefined ? {} : { UserID: user }), ...(group === undefined ? {} : { UserGroupID: group }) };
}

interface Kept {
  readonly access: Map<string, string>;
  readonly refresh: Map<string, string>;
}

async function play({ steps }: Scenario, admin: OrderCloud.RequestOptions): Promise<void> {
  const kept: Kept = { access: new Map(), refresh: new Map() };
  let tokens = 0;
  for (const step of steps) {
    if (step.change?.unlock !== undefined) {
      const { user } = step.change.unlock;
      await Users.UnlockUserAccount(FIXTURES.users.find(({ id }) => id === user)!.organization, user, admin);
    }
    for (let time = 0; step.token !== undefined && time < (step.repeat ?? 1); time += 1) {
      tokens += 1;
      await check(step, kept);
    }
  }
  expect(tokens).toBeGreaterThan(0);
}

async function check(step: Step, kept: Kept): Promise<void> {
  const expected = step.expect!;
  try {
    const token = await ask(step.token!, kept);
    expect({ status: 200, roles: claimsOf(token.access_token)['role'] }).toEqual({ status: expected.status, roles: expected.roles });
    for (const name of [step.as, step.token!.of]) {
      if (typeof name !== 'string') continue;
      kept.access.set(name, token.access_token);
      if (token.refresh_token) kept.refresh.set(name, token.refresh_token);
    }
  } catch (error) {
    const { isOrderCloudError, status, response, errorCode } = error as OrderCloud.OrderCloudError;
    if (!isOrderCloudError) throw error;
    const { error: code } = response.data as { readonly error?: string };
    expect({ status, error: code }).toEqual({ status: expected.status, error: expected.error });
    if (step.token!.grant === 'impersonation' && expected.code !== undefined) expect(errorCode).toBe(expected.code);
  }
}

function ask(step: NonNullable<Step['token']>, { access, refresh }: Kept): Promise<OrderCloud.RequiredDeep<OrderCloud.AccessToken>> {
  const roles = step.scope?.split(' ') as OrderCloud.ApiRole[] | undefined;
  const password = step.password ?? PASSWORD;
  if (step.grant === 'refresh_token') return Auth.RefreshToken(refresh.get(step.of!)!, step.client);
  if (step.grant === 'client_credentials') return Auth.ClientCredentials(step.secret!, step.client, roles);
  if (step.grant === 'impersonation') {
    const buyer = FIXTURES.users.find(({ id }) => id === step.target)!.organization;
    return Users.GetAccessToken(buyer, step.target!, { ClientID: step.client, Roles: roles! }, { accessToken: access.get(step.actor!)! });
  }
  return step.secret === undefined
    ? Auth.Login(step.user!, password, step.client, roles)
    : Auth.ElevatedLogin(step.secret, step.user!, password, step.client, roles);
}
