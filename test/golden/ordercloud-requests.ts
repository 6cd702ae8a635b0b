/** @module One request for every call of OrderCloud's API that is answered, about something that there is. */
export interface PreparedCall {
  readonly path: string;
  readonly body?: unknown;
}

/** @param n makes the id of something in the world of who asks */
export function orderCloudRequests(n: (id: string) => string): Readonly<Record<string, PreparedCall>> {
  return {
    ...companies('Buyers', '/buyers', { one: n('b1'), doomed: n('doomed-b'), fresh: n('new-b') }),
    ...companies('Suppliers', '/suppliers', { one: n('s1'), doomed: n('doomed-s'), fresh: n('new-s') }),
    ...users('Users', `/buyers/${n('b1')}/users`, { one: n('bu'), doomed: n('doomed-bu'), fresh: n('new-bu') }),
    ...users('SupplierUsers', `/suppliers/${n('s1')}/users`, { one: n('su'), doomed: n('doomed-su'), fresh: n('new-su') }),
    ...users('AdminUsers', '/adminusers', { one: n('au'), doomed: n('doomed-au'), fresh: n('new-au') }),
    'Users.ListAcrossBuyers': { path: '/buyerusers' },
    'Users.Move': { path: `/buyers/${n('b1')}/users/${n('moving-bu')}/moveto/${n('b2')}` },
    'Users.GetAccessToken': { path: `/buyers/${n('b1')}/users/${n('bu')}/accesstoken`, body: { ClientID: n('app'), Roles: ['Shopper'] } },
    'SupplierUsers.GetAccessToken': { path: `/suppliers/${n('s1')}/users/${n('su')}/accesstoken`, body: { ClientID: n('app'), Roles: ['Shopper'] } },
    ...groups('UserGroups', `/buyers/${n('b1')}/usergroups`, { one: n('bg'), doomed: n('doomed-bg'), fresh: n('new-bg'), user: n('bu') }),
    ...groups('SupplierUserGroups', `/suppliers/${n('s1')}/usergroups`, { one: n('sg'), doomed: n('doomed-sg'), fresh: n('new-sg'), user: n('su') }),
    ...groups('AdminUserGroups', '/usergroups', { one: n('ag'), doomed: n('doomed-ag'), fresh: n('new-ag'), user: n('au') }),
    ...profiles(n),
    ...clients(n),
    ...impersonation(n),
    'Me.Get': { path: '/me' },
    'Me.Save': { path: '/me', body: { FirstName: 'Me' } },
    'Me.Patch': { path: '/me', body: { LastName: 'Too' } },
    'Me.ListUserGroups': { path: '/me/usergroups' },
    'ForgottenCredentials.SendVerificationCode': { path: '/password/reset', body: { Username: 'nobody' } },
    'ForgottenCredentials.RetrieveUsername': { path: '/username/retrieve?email=nobody@example.com' },
    'ForgottenCredentials.ResetPasswordByVerificationCode': { path: '/password/reset/guess', body: { Password: 'Another-Horse-8-Staple' } },
    // What ends the token that asks comes last.
    'Me.ResetPasswordByToken': { path: '/me/password', body: { NewPassword: 'Another-Horse-8-Staple' } },
    'Me.RevokeTokens': { path: '/me/tokens' },
  };
}

interface Ids {
  readonly one: string;
  readonly doomed: string;
  readonly fresh: string;
}

/** The six calls that nearly everything has. */
function six(calls: string, path: string, { one, doomed, fresh }: Ids, body: object): Readonly<Record<string, PreparedCall>> {
  return {
    [`${calls}.List`]: { path },
    [`${calls}.Create`]: { path, body: { ID: fresh, ...body } },
    [`${calls}.Get`]: { path: `${path}/${one}` },
    [`${calls}.Save`]: { path: `${path}/${one}`, body },
    [`${calls}.Patch`]: { path: `${path}/${one}`, body: {} },
    [`${calls}.Delete`]: { path: `${path}/${doomed}` },
  };
}

const companies = (calls: string, path: string, ids: Ids) => six(calls, path, ids, { Name: 'A name', Active: true });

function users(calls: string, path: string, ids: Ids): Readonly<Record<string, PreparedCall>> {
  const all = six(calls, path, ids, { Username: ids.one, FirstName: 'F', LastName: 'L', Email: 'f@example.com', Active: true });
  const body = { ID: ids.fresh, Username: ids.fresh, FirstName: 'F', LastName: 'L', Email: 'n@example.com', Active: true };
  return {
    ...all,
    [`${calls}.Create`]: { path, body },
    [`${calls}.UnlockUserAccount`]: { path: `${path}/${ids.one}/unlock` },
    [`${calls}.RevokeUserTokens`]: { path: `${path}/${ids.one}/tokens` },
  };
}

function groups(calls: string, path: string, { user, ...ids }: Ids & { readonly user: string }): Readonly<Record<string, PreparedCall>> {
  return {
    ...six(calls, path, ids, { Name: 'A group' }),
    [`${calls}.ListUserAssignments`]: { path: `${path}/assignments` },
    [`${calls}.SaveUserAssignment`]: { path: `${path}/assignments`, body: { UserGroupID: ids.one, UserID: user } },
    [`${calls}.DeleteUserAssignment`]: { path: `${path}/${ids.one}/assignments/${user}` },
  };
}

function profiles(n: (id: string) => string): Readonly<Record<string, PreparedCall>> {
  const ids = { one: n('p1'), doomed: n('doomed-p'), fresh: n('new-p') };
  return {
    ...six('SecurityProfiles', '/securityprofiles', ids, { Name: 'A profile', Roles: ['Shopper'] }),
    'SecurityProfiles.ListAssignments': { path: '/securityprofiles/assignments' },
    'SecurityProfiles.SaveAssignment': {
      path: '/securityprofiles/assignments',
      body: { SecurityProfileID: n('p1'), BuyerID: n('b1'), UserID: n('bu') },
    },
    'SecurityProfiles.DeleteAssignment': { path: `/securityprofiles/${n('p2')}/assignments?buyerID=${n('b1')}` },
  };
}

function clients(n: (id: string) => string): Readonly<Record<string, PreparedCall>> {
  const ids = { one: n('c1'), doomed: n('doomed-c'), fresh: n('new-c') };
  const secrets = `/apiclients/${n('c1')}/secrets`;
  return {
    ...six('ApiClients', '/apiclients', ids, { AppName: 'A client', Active: true, AccessTokenDuration: 10, MaximumGrantedRoles: ['Shopper'] }),
    'ApiClients.ListSecrets': { path: secrets },
    'ApiClients.CreateSecret': { path: secrets, body: { Name: 'A secret' } },
    'ApiClients.GetSecret': { path: `${secrets}/none` },
    'ApiClients.PatchSecret': { path: `${secrets}/none`, body: {} },
    'ApiClients.DeleteSecret': { path: `${secrets}/none` },
    'ApiClients.ListAssignments': { path: '/apiclients/assignments' },
    'ApiClients.SaveAssignment': { path: '/apiclients/assignments', body: { ApiClientID: n('c1'), BuyerID: n('b1') } },
    'ApiClients.DeleteBuyerAssignment': { path: `/buyers/${n('b1')}/ApiClients/Assignments/${n('c1')}` },
    'ApiClients.DeleteSupplierAssignment': { path: `/suppliers/${n('s1')}/ApiClients/Assignments/${n('c1')}` },
  };
}

function impersonation(n: (id: string) => string): Readonly<Record<string, PreparedCall>> {
  const ids = { one: n('r1'), doomed: n('doomed-r'), fresh: n('new-r') };
  const body = { BuyerID: n('b1'), SecurityProfileID: n('p1'), ClientID: n('app') };
  return six('ImpersonationConfigs', '/impersonationconfig', ids, body);
}
