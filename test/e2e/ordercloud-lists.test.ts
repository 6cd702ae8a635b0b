/** Every list that OrderCloud's SDK types, with every option name that the types allow. */
import path from 'node:path';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OrderCloud, refusalOf, startOrderCloud, type OrderCloudServer } from '../support/ordercloud.ts';
import { describeKinds, openTestStore, type StoreKind } from '../support/stores.ts';

const { AdminUserGroups, AdminUsers, ApiClients, Buyers, ImpersonationConfigs, Me, SecurityProfiles } = OrderCloud;
const { SupplierUserGroups, SupplierUsers, Suppliers, UserGroups, Users } = OrderCloud;

interface Options {
  readonly search?: string;
  readonly searchOn?: readonly string[];
  readonly sortBy?: readonly string[];
  readonly page?: number;
  readonly pageSize?: number;
  readonly filters?: OrderCloud.Filters;
}
type Page = OrderCloud.RequiredDeep<OrderCloud.ListPage<Readonly<Record<string, string | null>>>>;
type List = (options: Options, as: OrderCloud.RequestOptions) => Promise<Page>;

/** The calls, whatever their types allow: names that they do not are tried as well. */
const LISTS: Readonly<Record<string, List>> = Object.fromEntries(
  Object.entries({
    'AdminUsers.List': (options, as) => AdminUsers.List(options, as),
    'AdminUserGroups.List': (options, as) => AdminUserGroups.List(options, as),
    'ApiClients.List': (options, as) => ApiClients.List(options, as),
    'ApiClients.ListSecrets': (options, as) => ApiClients.ListSecrets('with-secrets', options, as),
    'Buyers.List': (options, as) => Buyers.List(options, as),
    'ImpersonationConfigs.List': (options, as) => ImpersonationConfigs.List(options, as),
    'Me.ListUserGroups': (options, as) => Me.ListUserGroups(options, as),
    'SecurityProfiles.List': (options, as) => SecurityProfiles.List(options, as),
    'Suppliers.List': (options, as) => Suppliers.List(options, as),
    'SupplierUsers.List': (options, as) => SupplierUsers.List('s', options, as),
    'SupplierUserGroups.List': (options, as) => SupplierUserGroups.List('s', options, as),
    'UserGroups.List': (options, as) => UserGroups.List('b', options, as),
    'Users.List': (options, as) => Users.List('b', options, as),
    'Users.ListAcrossBuyers': (options, as) => Users.ListAcrossBuyers(options, as),
  } satisfies Readonly<Record<string, (options: never, as: OrderCloud.RequestOptions) => Promise<unknown>>>),
) as never;

const MODELS = path.resolve(import.meta.dirname, '../../node_modules/ordercloud-javascript-sdk/dist/models');

/** Names that the SDK's types allow for a list. */
function typedNames(model: 'Searchable' | 'Sortable', list: string): readonly string[] {
  const line = readFileSync(path.join(MODELS, `${model}.d.ts`), 'utf8')
    .split('\n')
    .find((one) => one.trim().startsWith(`'${list}': `));
  return [...(line ?? '').slice((line ?? '').indexOf(':')).matchAll(/'([^']+)'/g)].map(([, name]) => name!);
}

describeKinds('lists', ['memory', 'postgres'], lists);

function lists(kind: StoreKind): void {
  let server: OrderCloudServer;
  let admin: OrderCloud.RequestOptions;

  beforeAll(async () => {
    server = await startOrderCloud({ store: await openTestStore({ kind }) });
    admin = server.admin;
    for (const ID of ['b', 'b2', 'B3']) await Buyers.Create({ ID, Name: `Buyer ${ID}`, Active: ID !== 'b2' }, admin);
    for (const ID of ['s', 's2']) await Suppliers.Create({ ID, Name: `Supplier ${ID}`, Active: true }, admin);
    const names = ['Ann Smith', 'Ben Smithers', 'Cleo Jones', 'Dan Smith-Jones', 'Eve Brown'];
    for (const [index, name] of names.entries()) {
      const [FirstName = '', LastName = ''] = name.split(' ');
      const user = { Username: FirstName.toLowerCase(), FirstName, LastName, Email: `${FirstName}@example.com`, Active: index !== 4 };
      await Users.Create('b', { ID: `u${index}`, ...user }, admin);
      await SupplierUsers.Create('s', { ID: `s${index}`, ...user, Username: `s-${user.Username}` }, admin);
      await AdminUsers.Create({ ID: `a${index}`, ...user, Username: `a-${user.Username}` }, admin);
      await UserGroups.Create('b', { ID: `g${index}`, Name: `Group ${index}`, ...(index > 2 ? { Description: 'Later' } : {}) }, admin);
      await SupplierUserGroups.Create('s', { ID: `sg${index}`, Name: `Group ${index}` }, admin);
      await AdminUserGroups.Create({ ID: `ag${index}`, Name: `Group ${index}` }, admin);
      await AdminUserGroups.SaveUserAssignment({ UserGroupID: `ag${index}`, UserID: 'operator' }, admin);
      await SecurityProfiles.Create({ ID: `p${index}`, Name: `Profile ${index}` }, admin);
    }
    await ApiClients.Save(
      'with-secrets',
      { AppName: 'With secrets', AccessTokenDuration: 10, ClientSecret: 'chosen', DefaultContextUserName: 'a-ann' },
      admin,
    );
    await ApiClients.CreateSecret('with-secrets', { Name: 'another' }, admin);
    for (const [index, UserID] of ['u0', 'u1'].entries()) {
      const config = { ID: `i${index}`, BuyerID: 'b', UserID, SecurityProfileID: 'p0', ClientID: 'with-secrets' };
      await ImpersonationConfigs.Create(config, admin);
    }
  }, 60_000);
  afterAll(() => server.close());

  const users = async (options: Options) => (await LISTS['Users.List']!(options, admin)).Items.map(({ ID }) => ID);

  describe.each(Object.keys(LISTS))('%s', (name) => {
    const list = (options: Options) => LISTS[name]!(options, admin);

    it('pages', async () => {
      const all = await list({ pageSize: 100 });
      const total = all.Items.length;
      expect(all.Meta).toEqual({ Page: 1, PageSize: 100, TotalCount: total, TotalPages: 1, ItemRange: [1, total], NextPageKey: null });
      const second = await list({ page: 2, pageSize: 1 });
      expect(second.Items).toEqual(all.Items.slice(1, 2));
      expect(second.Meta).toMatchObject({ Page: 2, PageSize: 1, TotalCount: total, TotalPages: total, ItemRange: [2, 2] });
      expect((await list({ page: 1000 })).Items).toEqual([]);
      for (const bad of [{ page: 1001 }, { pageSize: 101 }, { page: -1 }, { pageSize: 1.5 }]) expect((await refusalOf(list(bad))).status).toBe(400);
    });

    it('is sorted by every name that the types allow, in both directions, and by no other', async () => {
      const names = typedNames('Sortable', name);
      expect(names.length).toBeGreaterThan(0);
      for (const sort of names) {
        const { Items } = await list({ sortBy: [sort], pageSize: 100 });
        const values = Items.map((item) => item[sort.replace('!', '')]).filter((value) => value !== null);
        const ordered = values.toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
        expect([sort, values]).toEqual([sort, sort.startsWith('!') ? ordered.toReversed() : ordered]);
      }
      expect((await refusalOf(list({ sortBy: ['Password'] }))).errors![0]!.Message).toContain('sortBy: there is no "Password". Allowed: ');
    });

    it('is searched in every name that the types allow, and in no other', async () => {
      const names = typedNames('Searchable', name);
      expect(names.length).toBeGreaterThan(0);
      const all = (await list({ pageSize: 100 })).Items;
      for (const field of names) {
        const item = all.find((one) => typeof one[field] === 'string');
        const text = item === undefined ? 'nothing' : String(item[field]).toUpperCase();
        const found = (await list({ search: text, searchOn: [field], pageSize: 100 })).Items;
        expect([field, found]).toEqual([field, all.filter((one) => (one[field] ?? '').toUpperCase().includes(text))]);
      }
      expect((await refusalOf(list({ search: 'a', searchOn: ['xp'] }))).status).toBe(400);
      expect((await list({ search: '%_*' })).Items).toEqual([]);
    });

    it('is filtered by its members, and by no other', async () => {
      const [item] = (await list({ pageSize: 100 })).Items;
      expect((await list({ filters: { ID: String(item!['ID']) } })).Items).toEqual([item]);
      expect((await list({ filters: { ID: '*' } })).Meta.TotalCount).toBe((await list({})).Meta.TotalCount);
      expect((await list({ filters: { ID: `!${String(item!['ID'])}` } })).Items).not.toContainEqual(item);
      for (const filters of [{ 'xp.Color': 'red' }, { Password: 'x' }]) {
        expect([filters, (await refusalOf(list({ filters }))).status]).toEqual([filters, 400]);
      }
    });
  });

  describe('filters', () => {
    it.each<[string, OrderCloud.Filters, string[]]>([
      ['begin with', { LastName: 'Smith*' }, ['u0', 'u1', 'u3']],
      ['begin or end with', { LastName: 'Smith*|*Jones' }, ['u0', 'u1', 'u2', 'u3']],
      ['contain, whatever the case', { LastName: '*SMITH*' }, ['u0', 'u1', 'u3']],
      ['are not one and not another', { LastName: ['!Smith', '!Brown'] }, ['u1', 'u2', 'u3']],
      ['are true', { Active: true }, ['u0', 'u1', 'u2', 'u3']],
      ['are false', { Active: false }, ['u4']],
      ['lie behind', { ID: '>u2' }, ['u3', 'u4']],
      ['lie between', { ID: ['>=u1', '<u3'] }, ['u1', 'u2']],
      ['are absent', { Phone: '!*' }, ['u0', 'u1', 'u2', 'u3', 'u4']],
      ['are there', { Phone: '*' }, []],
      ['were made since', { DateCreated: '>2020-04-20' }, ['u0', 'u1', 'u2', 'u3', 'u4']],
      ['were made before', { DateCreated: '<2020-04-20T10:00:00Z' }, []],
      ['are what nobody keeps', { TermsAccepted: '!*' }, ['u0', 'u1', 'u2', 'u3', 'u4']],
      ['are what nobody has', { LastActive: '>2020-01-01' }, []],
    ])('%s', async (_, filters, expected) => {
      expect(await users({ filters, sortBy: ['ID'] })).toEqual(expected);
    });

    it('add up with a search and a sort', async () => {
      expect(await users({ search: 'smith', filters: { Active: true }, sortBy: ['!LastName'] })).toEqual(['u1', 'u3', 'u0']);
      expect(await users({ search: 'ann', searchOn: ['FirstName'], filters: { LastName: '!Smith' } })).toEqual([]);
    });

    it.each<[string, OrderCloud.Filters]>([
      ['more stars than anybody needs', { LastName: '*a*a*a*a*a*a*a*a*' }],
      ['a number that is no date', { DateCreated: '>yesterday' }],
      ['a flag that is none', { Active: 'maybe' }],
      ['more alternatives than anybody needs', { LastName: Array.from({ length: 30 }, (_, index) => `n${index}`).join('|') }],
      ['control characters', { LastName: 'a\0b' }],
      ['a text that is too long', { LastName: 'x'.repeat(600) }],
    ])('are refused with %s', async (_, filters) => {
      const refusal = await refusalOf(Users.List('b', { filters }, admin));
      expect([refusal.status, refusal.errorCode]).toEqual([400, 'InvalidRequest']);
    });

    it('are nothing but texts to compare with', async () => {
      for (const LastName of ["' OR 1=1 --", 'Smith%', '%', '_____', '\\', "'; DROP TABLE users; --"])
        expect(await users({ filters: { LastName } })).toEqual([]);
    });
  });

  it('lists users of a group, and who is in which', async () => {
    await UserGroups.SaveUserAssignment('b', { UserGroupID: 'g1', UserID: 'u1' }, admin);
    await UserGroups.SaveUserAssignment('b', { UserGroupID: 'g1', UserID: 'u2' }, admin);
    expect((await Users.List('b', { userGroupID: 'g1', filters: { Active: true } }, admin)).Items.map(({ ID }) => ID)).toEqual(['u1', 'u2']);
    const assignments = await UserGroups.ListUserAssignments('b', { userGroupID: 'g1', page: 2, pageSize: 1 }, admin);
    expect(assignments.Items).toEqual([{ UserGroupID: 'g1', UserID: 'u2' }]);
    expect(assignments.Meta).toMatchObject({ TotalCount: 2, ItemRange: [2, 2] });
    expect((await AdminUserGroups.ListUserAssignments({ userID: 'operator' }, admin)).Meta.TotalCount).toBe(5);
  });

  it('lists assignments of profiles by company, level and commerce role', async () => {
    const given: OrderCloud.SecurityProfileAssignment[] = [
      { BuyerID: 'b' },
      { BuyerID: 'b', UserID: 'u0' },
      { BuyerID: 'b', UserGroupID: 'g0' },
      { SupplierID: 's' },
      { SupplierID: 's', UserID: 's0' },
      {},
      { UserID: 'a0' },
    ];
    for (const assignment of given) await SecurityProfiles.SaveAssignment({ SecurityProfileID: 'p3', ...assignment }, admin);
    type Which = NonNullable<Parameters<typeof SecurityProfiles.ListAssignments>[0]>;
    const which = async (options: Which) => {
      const { Items } = await SecurityProfiles.ListAssignments({ securityProfileID: 'p3', ...options }, admin);
      const keyOf = (one: OrderCloud.SecurityProfileAssignment) =>
        [one.BuyerID, one.SupplierID, one.UserID, one.UserGroupID].map((id) => id ?? '').join();
      return given.flatMap((one, index) => (Items.some((item) => keyOf(item) === keyOf(one)) ? [index] : []));
    };
    expect(await which({})).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await which({ level: 'User' })).toEqual([1, 4, 6]);
    expect(await which({ level: 'Group' })).toEqual([2]);
    expect(await which({ level: 'Company' })).toEqual([0, 3, 5]);
    expect(await which({ commerceRole: 'Seller' })).toEqual([5, 6]);
    expect(await which({ commerceRole: 'Supplier', level: 'Company' })).toEqual([3]);
    expect(await which({ buyerID: 'b' })).toEqual([0, 1, 2]);
    expect(await which({ supplierID: 's' })).toEqual([3, 4]);
    expect(await which({ userID: 'u0' })).toEqual([1]);
    expect(await which({ userGroupID: 'g0' })).toEqual([2]);
    const both = await refusalOf(SecurityProfiles.SaveAssignment({ SecurityProfileID: 'p3', BuyerID: 'b', SupplierID: 's' }, admin));
    expect([both.status, both.errors![0]!.Message]).toEqual([400, 'BuyerID and SupplierID do not go together.']);
  });
}

it('is every list that the SDK types and the façade answers', () => {
  const typed = readFileSync(path.join(MODELS, 'Sortable.d.ts'), 'utf8');
  expect(Object.keys(LISTS).filter((name) => !typed.includes(`'${name}': `))).toEqual([]);
});
