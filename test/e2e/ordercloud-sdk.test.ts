/** OrderCloud's own SDK, unmodified: nothing else talks to the server here. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { OrderCloud, PASSWORD, refusalOf, startOrderCloud, tokenOf, type OrderCloudServer } from '../support/ordercloud.ts';
import { describeKinds, openTestStore, type StoreKind } from '../support/stores.ts';

const { AdminUserGroups, AdminUsers, ApiClients, Auth, Buyers, Certs, ForgottenCredentials, ImpersonationConfigs, Me, Products } = OrderCloud;
const { SecurityProfiles, SupplierUserGroups, SupplierUsers, Suppliers, Tokens, UserGroups, UserInfo, Users, Webhooks } = OrderCloud;

describeKinds('a marketplace', ['memory', 'postgres'], story);

function story(kind: StoreKind): void {
  let server: OrderCloudServer;
  let admin: OrderCloud.RequestOptions;
  const clients: Record<string, string> = {};
  const person = (ID: string, more: Partial<OrderCloud.User> = {}): OrderCloud.User => ({
    ID,
    Username: ID,
    FirstName: 'First',
    LastName: 'Last',
    Email: `${ID}@example.com`,
    Active: true,
    Password: PASSWORD,
    ...more,
  });

  beforeAll(async () => {
    server = await startOrderCloud({ store: await openTestStore({ kind }) });
    admin = server.admin;
  }, 60_000);
  afterAll(() => server.close());

  it('is built by its administrator', async () => {
    await Buyers.Create({ ID: 'acme', Name: 'Acme', Active: true, xp: { tier: 1 } }, admin);
    await Buyers.Save('tidewater', { Name: 'Tidewater', Active: true }, admin);
    await Suppliers.Create({ ID: 'fjord', Name: 'Fjord', Active: true }, admin);
    expect(await Buyers.Get('acme', admin)).toMatchObject({ ID: 'acme', Name: 'Acme', Active: true, DateCreated: expect.any(String) });

    await SecurityProfiles.Create({ ID: 'shopping', Name: 'Shopping', Roles: ['Shopper', 'MeAdmin', 'PasswordReset'] }, admin);
    await SecurityProfiles.Create({ ID: 'approving', Name: 'Approving', Roles: ['OrderReader'], CustomRoles: ['AcmeApprover'] }, admin);
    await SecurityProfiles.Create({ ID: 'shipping', Name: 'Shipping', Roles: ['ShipmentAdmin'] }, admin);
    await SecurityProfiles.Create({ ID: 'support', Name: 'Support', Roles: ['BuyerImpersonation', 'BuyerReader', 'BuyerUserAdmin'] }, admin);
    await SecurityProfiles.Create({ ID: 'everything', Name: 'Everything', Roles: ['FullAccess'] }, admin);
    await SecurityProfiles.Create({ ID: 'strict', Name: 'Strict', PasswordConfig: { AllowedFailedAttempts: 3, LockoutDuration: 10 } }, admin);
    expect(await SecurityProfiles.Get('approving', admin)).toMatchObject({
      Roles: ['OrderReader'],
      CustomRoles: ['AcmeApprover'],
      PasswordConfig: null,
    });
    expect((await SecurityProfiles.Get('strict', admin)).PasswordConfig).toMatchObject({ AllowedFailedAttempts: 3, LockoutDuration: 10 });

    await Users.Create('acme', person('ann', { FirstName: 'Ann', LastName: 'Smith', Phone: '+1 555' }), admin);
    await Users.Create('acme', person('bob'), admin);
    await Users.Create('acme', person('boss'), admin);
    await Users.Create('tidewater', person('tess'), admin);
    await SupplierUsers.Create('fjord', person('sven'), admin);
    await AdminUsers.Create(person('carla'), admin);
    await UserGroups.Create('acme', { ID: 'approvers', Name: 'Approvers', Description: 'They approve.' }, admin);
    await UserGroups.SaveUserAssignment('acme', { UserGroupID: 'approvers', UserID: 'ann' }, admin);
    await SupplierUserGroups.Create('fjord', { ID: 'shippers', Name: 'Shippers' }, admin);
    await SupplierUserGroups.SaveUserAssignment('fjord', { UserGroupID: 'shippers', UserID: 'sven' }, admin);
    await AdminUserGroups.Create({ ID: 'csr', Name: 'Support' }, admin);
    await AdminUserGroups.SaveUserAssignment({ UserGroupID: 'csr', UserID: 'carla' }, admin);

    await SecurityProfiles.SaveAssignment({ SecurityProfileID: 'shopping', BuyerID: 'acme' }, admin);
    await SecurityProfiles.SaveAssignment({ SecurityProfileID: 'strict', BuyerID: 'acme' }, admin);
    await SecurityProfiles.SaveAssignment({ SecurityProfileID: 'approving', BuyerID: 'acme', UserGroupID: 'approvers' }, admin);
    await SecurityProfiles.SaveAssignment({ SecurityProfileID: 'everything', BuyerID: 'acme', UserID: 'boss' }, admin);
    await SecurityProfiles.SaveAssignment({ SecurityProfileID: 'shipping', SupplierID: 'fjord', UserGroupID: 'shippers' }, admin);
    await SecurityProfiles.SaveAssignment({ SecurityProfileID: 'support', UserGroupID: 'csr' }, admin);

    const shop = await ApiClients.Create(
      { AppName: 'Shop', Active: true, AllowAnyBuyer: true, AccessTokenDuration: 10, RefreshTokenDuration: 60 },
      admin,
    );
    clients['shop'] = shop.ID;
    const office = { AppName: 'Office', Active: true, AllowSeller: true, AllowAnySupplier: true, AccessTokenDuration: 30, RefreshTokenDuration: 0 };
    clients['office'] = (await ApiClients.Create(office, admin)).ID;
    expect(shop).toMatchObject({ AccessTokenDuration: 10, RefreshTokenDuration: 60, AllowAnyBuyer: true, AllowSeller: false, ClientSecret: null });
  });

  it('gives people the roles of the union, as far as they are asked for', async () => {
    const signedIn = await Auth.Login('ann', PASSWORD, clients['shop']!, ['Shopper', 'OrderReader', 'OrderAdmin'], ['AcmeApprover']);
    const claims = claimsOf(signedIn.access_token);
    expect(claims).toMatchObject({ usr: 'ann', cid: clients['shop'], usrtype: 'buyer', role: ['AcmeApprover', 'OrderReader', 'Shopper'] });
    expect([claims.iss, claims.aud, typeof claims.exp, typeof claims.nbf]).toEqual([
      'https://id.example.com',
      'https://id.example.com',
      'number',
      'number',
    ]);
    expect(signedIn.expires_in).toBe(600);
    expect(claimsOf(await tokenOf('bob', clients['shop']!)).role).toEqual(['MeAdmin', 'PasswordReset', 'Shopper']);
    expect(claimsOf(await tokenOf('sven', clients['office']!))).toMatchObject({ usrtype: 'supplier', role: ['ShipmentAdmin'] });
    expect(claimsOf(await tokenOf('carla', clients['office']!))).toMatchObject({ usrtype: 'admin' });
    expect((await Users.Get('acme', 'ann', admin)).AvailableRoles).toEqual(['AcmeApprover', 'MeAdmin', 'OrderReader', 'PasswordReset', 'Shopper']);
  });

  it('lets in through a client only whom it allows, and says no more than that', async () => {
    const refusal = await refusalOf(Auth.Login('ann', PASSWORD, clients['office']!));
    expect([refusal.status, refusal.errorCode]).toEqual([400, 'Auth.InvalidUsernameOrPassword']);
    expect((await refusalOf(Auth.Login('nobody', PASSWORD, clients['shop']!))).response.data).toEqual(refusal.response.data);
    expect((await refusalOf(Auth.Login('ann', PASSWORD, 'no-such-client'))).errorCode).toBe('Auth.InvalidClient');
    await ApiClients.SaveAssignment({ ApiClientID: clients['office']!, BuyerID: 'acme' }, admin);
    expect((await ApiClients.Get(clients['office']!, admin)).AssignedBuyerCount).toBe(1);
    expect((await ApiClients.ListAssignments({ buyerID: 'acme' }, admin)).Items).toEqual([
      { ApiClientID: clients['office'], BuyerID: 'acme', SupplierID: null },
    ]);
    expect(await tokenOf('ann', clients['office']!)).toEqual(expect.any(String));
    await ApiClients.DeleteBuyerAssignment(clients['office']!, 'acme', admin);
    await refusalOf(Auth.Login('ann', PASSWORD, clients['office']!));
  });

  it('lets support act as a buyer, with the roles of the configuration', async () => {
    const config = { ID: 'support-acme', ImpersonationGroupID: 'csr', BuyerID: 'acme', SecurityProfileID: 'shopping', ClientID: clients['shop']! };
    expect(await ImpersonationConfigs.Create(config, admin)).toMatchObject({ ...config, ImpersonationBuyerID: null, UserID: null });
    const csr = await tokenOf('carla', clients['office']!, ['BuyerImpersonation', 'BuyerReader']);
    Tokens.SetAccessToken(csr);
    const { access_token: token } = await Users.GetAccessToken('acme', 'ann', {
      ClientID: clients['shop']!,
      Roles: ['Shopper', 'MeAdmin', 'OrderReader'],
    });
    expect(claimsOf(token)).toMatchObject({ usr: 'ann', usrtype: 'buyer', role: ['MeAdmin', 'Shopper'], act: { sub: 'carla' } });
    Tokens.SetImpersonationToken(token);
    expect((await Me.As().Get()).ID).toBe('ann');
    expect((await Me.Get()).ID).toBe('carla');
    expect((await Me.As().Get()).Buyer).toEqual({ ID: 'acme', DefaultCatalogID: null });
    const other = await refusalOf(Users.GetAccessToken('tidewater', 'tess', { ClientID: clients['shop']!, Roles: ['Shopper'] }));
    expect([other.status, other.errorCode]).toEqual([400, 'Impersonation.ConfigError']);
    const without = await tokenOf('carla', clients['office']!, ['BuyerReader']);
    const refused = await refusalOf(
      Users.GetAccessToken('acme', 'ann', { ClientID: clients['shop']!, Roles: ['Shopper'] }, { accessToken: without }),
    );
    expect([refused.status, refused.errorCode]).toEqual([403, 'InsufficientRoles']);
    expect(refused.errors![0]!.Data).toEqual({ SufficientRoles: ['BuyerImpersonation', 'FullAccess'], AssignedRoles: ['BuyerReader'] });
    Tokens.RemoveImpersonationToken();
  });

  it('keeps clients from buyers, FullAccess or not', async () => {
    const boss = { accessToken: await tokenOf('boss', clients['shop']!, ['FullAccess']) };
    expect((await refusalOf(ApiClients.Create({ AppName: 'Mine', AccessTokenDuration: 10 }, boss))).status).toBe(403);
    expect((await refusalOf(ApiClients.List({}, boss))).status).toBe(403);
    expect((await Users.List('acme', {}, boss)).Meta.TotalCount).toBe(3);
    expect((await refusalOf(Users.List('tidewater', {}, boss))).message).toBe('Buyer tidewater not found');
    expect((await refusalOf(Webhooks.List({}, boss))).status).toBe(404);
  });

  it('lets locked people in again', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) await refusalOf(Auth.Login('bob', 'wrong', clients['shop']!));
    const locked = await refusalOf(Auth.Login('bob', PASSWORD, clients['shop']!));
    expect(locked.errorCode).toBe('Auth.InvalidUsernameOrPassword');
    expect((await Users.Get('acme', 'bob', admin)).FailedLoginAttempts).toBe(3);
    await Users.UnlockUserAccount('acme', 'bob', admin);
    expect((await Users.Get('acme', 'bob', admin)).FailedLoginAttempts).toBe(0);
    expect(await tokenOf('bob', clients['shop']!)).toEqual(expect.any(String));
  });

  it('refreshes tokens as the SDK does it by itself, and ends them', async () => {
    const first = await Auth.Login('ann', PASSWORD, clients['shop']!, ['Shopper']);
    const second = await Auth.RefreshToken(first.refresh_token, clients['shop']!);
    expect(claimsOf(second.access_token).role).toEqual(['Shopper']);
    Tokens.SetRefreshToken(second.refresh_token);
    Tokens.SetAccessToken(expired(second.access_token));
    const valid = await Tokens.GetValidToken();
    expect(claimsOf(valid)).toMatchObject({ usr: 'ann', role: ['Shopper'] });
    expect((await Me.Get()).ID).toBe('ann');
    expect((await refusalOf(Auth.RefreshToken('nonsense', clients['shop']!))).errorCode).toBe('Auth.InvalidUsernameOrPassword');
    await Users.RevokeUserTokens('acme', 'ann', admin);
    const ended = await refusalOf(Me.Get({ accessToken: valid }));
    expect([ended.status, ended.errorCode]).toEqual([401, 'InvalidToken']);
    Tokens.RemoveAccessToken();
    Tokens.RemoveRefreshToken();
  });

  it('lets people care for themselves', async () => {
    const bob = { accessToken: await tokenOf('bob', clients['shop']!) };
    expect(await Me.Patch({ FirstName: 'Robert' }, bob)).toMatchObject({ ID: 'bob', FirstName: 'Robert', LastName: 'Last' });
    expect((await refusalOf(Me.Patch({ Email: 'thief@example.com' }, bob))).status).toBe(400);
    const whole = await Me.Get(bob);
    expect(await Me.Save({ ...whole, Phone: '+2' }, bob)).toMatchObject({ FirstName: 'Robert', Phone: '+2' });
    expect((await Me.ListUserGroups({}, bob)).Items).toEqual([]);
    expect((await Me.ListUserGroups({}, { accessToken: await tokenOf('ann', clients['shop']!) })).Items.map(({ ID }) => ID)).toEqual(['approvers']);
    await Me.ResetPasswordByToken({ NewPassword: 'Another-Horse-8-Staple' }, bob);
    expect((await refusalOf(Me.Get(bob))).status).toBe(401);
    await refusalOf(Auth.Login('bob', PASSWORD, clients['shop']!));
    const again = { accessToken: (await Auth.Login('bob', 'Another-Horse-8-Staple', clients['shop']!)).access_token };
    await Me.RevokeTokens(again);
    expect((await refusalOf(Me.Get(again))).status).toBe(401);
  });

  it('has middleware that acts as a user, and shoppers whom nobody knows', async () => {
    const middleware = await ApiClients.Create(
      {
        AppName: 'Middleware',
        Active: true,
        AllowSeller: true,
        AccessTokenDuration: 600,
        ClientSecret: 'a secret that was chosen',
        DefaultContextUserName: 'carla',
      },
      admin,
    );
    expect(middleware).toMatchObject({ DefaultContextUserName: 'carla', AccessTokenDuration: 60, ClientSecret: null });
    const { access_token: token } = await Auth.ClientCredentials('a secret that was chosen', middleware.ID, ['BuyerReader']);
    expect(claimsOf(token)).toMatchObject({ usr: 'carla', cid: middleware.ID, role: ['BuyerReader'] });
    expect((await Me.Get({ accessToken: token })).ID).toBe('carla');
    expect((await refusalOf(Auth.ClientCredentials('wrong', middleware.ID))).status).toBe(401);
    expect(claimsOf((await Auth.ElevatedLogin('a secret that was chosen', 'carla', PASSWORD, middleware.ID)).access_token).usr).toBe('carla');
    const second = await ApiClients.CreateSecret(middleware.ID, { Name: 'next' }, admin);
    expect((await ApiClients.ListSecrets(middleware.ID, {}, admin)).Meta.TotalCount).toBe(2);
    expect((await Auth.ClientCredentials(second.ClientSecret, middleware.ID)).access_token).toEqual(expect.any(String));
    await ApiClients.DeleteSecret(middleware.ID, second.ID, admin);
    expect((await refusalOf(Auth.ClientCredentials(second.ClientSecret, middleware.ID))).status).toBe(401);

    const open = {
      AppName: 'Open shop',
      Active: true,
      IsAnonBuyer: true,
      DefaultContextUserName: 'tess',
      AccessTokenDuration: 10,
      AnonymousTokenDuration: 20,
    };
    const kiosk = await ApiClients.Create(open, admin);
    await SecurityProfiles.SaveAssignment({ SecurityProfileID: 'shopping', BuyerID: 'tidewater' }, admin);
    const anonymous = await Auth.Anonymous(kiosk.ID, ['Shopper', 'MeAdmin']);
    expect(claimsOf(anonymous.access_token)).toMatchObject({ usr: 'tess', usrtype: 'buyer', role: ['MeAdmin', 'Shopper'] });
    expect(anonymous.expires_in).toBe(1200);
    await ApiClients.Patch(kiosk.ID, { DefaultContextUserName: 'carla' }, admin);
    expect((await refusalOf(Auth.Anonymous(kiosk.ID, ['BuyerReader']))).status).toBe(400);
  });

  it('tells keys, and who somebody is', async () => {
    const token = await tokenOf('ann', clients['shop']!);
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string };
    expect(await Certs.GetPublicKey(kid)).toMatchObject({ kid, kty: 'EC' });
    expect((await refusalOf(Certs.GetPublicKey('none'))).status).toBe(404);
    expect(await UserInfo.GetToken({ accessToken: token })).toMatchObject({ identity_token: null, sub: 'ann', given_name: 'Ann' });
  });

  it('takes requests of the forgetful, and says nothing', async () => {
    await ForgottenCredentials.SendVerificationCode({ ClientID: clients['shop']!, Username: 'nobody', URL: 'https://evil.example' });
    await ForgottenCredentials.RetrieveUsername({ clientID: clients['shop']!, email: 'ann@example.com' });
    expect((await refusalOf(ForgottenCredentials.ResetPasswordByVerificationCode('guess', { Username: 'ann', Password: PASSWORD }))).status).toBe(
      404,
    );
  });

  it('has nothing of what is sold', async () => {
    const refusal = await refusalOf(Products.List({}, admin));
    expect([refusal.status, refusal.errorCode, refusal.message]).toEqual([404, 'NotFound', 'Resource /v1/products not found']);
  });

  it('is taken down again', async () => {
    await SecurityProfiles.DeleteAssignment('approving', { buyerID: 'acme', userGroupID: 'approvers' }, admin);
    expect((await Users.Get('acme', 'ann', admin)).AvailableRoles).toEqual(['MeAdmin', 'PasswordReset', 'Shopper']);
    await UserGroups.DeleteUserAssignment('acme', 'approvers', 'ann', admin);
    await UserGroups.Delete('acme', 'approvers', admin);
    expect((await Users.Move('acme', 'bob', 'tidewater', {}, admin)).CompanyID).toBe('tidewater');
    expect((await refusalOf(Users.Get('acme', 'bob', admin))).message).toBe('User bob not found');
    await Users.Delete('tidewater', 'bob', admin);
    expect((await refusalOf(Buyers.Delete('acme', admin))).errorCode).toBe('InUse');
    await ImpersonationConfigs.Delete('support-acme', admin);
    await ApiClients.Delete(clients['office']!, admin);
    expect((await refusalOf(ApiClients.Get(clients['office']!, admin))).status).toBe(404);
  });
}

interface Claims extends OrderCloud.DecodedToken {
  readonly act?: { readonly sub: string };
}

const claimsOf = (token: string): Claims => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Claims;

/** What the SDK takes for a token that ended; nobody else would take it for one. */
function expired(token: string): string {
  const [header, , signature] = token.split('.') as [string, string, string];
  return [header, Buffer.from(JSON.stringify({ ...claimsOf(token), exp: 1 })).toString('base64url'), signature].join('.');
}
