import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { WorkspaceError } from '../../../src/workspace/problem.ts';
import { entrySchemas } from '../../../src/workspace/schema.ts';
import { lines, MARKET, harness, PLAIN, read } from './harness.ts';

const problemsOf = (body: string, policy = PLAIN): string[] =>
  lines(new WorkspaceError(read(`rolemint: 1\n${body}\n`, policy).problems).problems).map((line) => line.replace('workspace.yaml:', ''));

describe('an entry', () => {
  it('has only known fields, with a suggestion for slips', () => {
    expect(problemsOf('users: [{id: a, organisation: O, "constructor": 1}]')).toEqual([
      '2:17 users[0].organisation: unknown field. Did you mean "organization"? Allowed: id, username, organization, email, given_name, family_name, phone_number, user_groups, authorized_organizations, active, password, password_hash.',
      expect.stringMatching(/^2:34 users\[0\]\.constructor: unknown field\. Allowed: /),
    ]);
    expect(problemsOf('organisations: []')).toEqual([expect.stringMatching(/^2:1 organisations: unknown section\. Did you mean "organizations"\?/)]);
    expect(problemsOf('security_profiles: [{id: p, password_policy: {minimum_lenght: 3}, permissions: [{typ: x, operations: []}]}]')).toEqual([
      expect.stringMatching(/password_policy\.minimum_lenght: unknown field\. Did you mean "minimum_length"\?/),
      expect.stringMatching(/permissions\[0\]\.type: is missing\./),
      expect.stringMatching(/permissions\[0\]\.typ: unknown field\. Did you mean "type"\? Allowed: type, operations\./),
    ]);
  });

  it('has every problem reported, with what was found and what is allowed', () => {
    expect(
      problemsOf(
        [
          'users:',
          '  - {id: 012, active: "yes"}',
          '  - {id: -x, username: " x", email: foo}',
          'roles:',
          '  - {name: A, category: adminn}',
          'organizations: {}',
          'clients: [{client_id: c, access_token_lifetime_seconds: 1.5, omitted_scope: 5}]',
        ].join('\n'),
      ),
    ).toEqual([
      '3:10 users[0].id: must be text; found 12. Put it in quotes.',
      '3:23 users[0].active: must be true or false; found "yes".',
      expect.stringMatching(/^4:10 users\[1\]\.id: "-x" cannot be an id: 1 to 100 of/),
      expect.stringMatching(/^4:24 users\[1\]\.username: " x" cannot be a user name/),
      '4:37 users[1].email: must be an e-mail address. Found "foo".',
      '6:25 roles[0].category: must be one of reader, admin, shopper, me, override, full_access, custom, other; found "adminn". Did you mean "admin"?',
      '7:16 organizations: must be a list; leave the section out, or write [] for an empty one.',
      '8:57 clients[0].access_token_lifetime_seconds: must be a whole number; found 1.5.',
      '8:77 clients[0].omitted_scope: must be none or all or a list; found 5.',
    ]);
  });

  it.each([
    ['openid', 'is a scope of OpenID Connect'],
    ['Profile', 'is a scope of OpenID Connect'],
    ['fullaccess', 'is too close to the built-in role FullAccess'],
    ['Order Admin', 'cannot be a role name'],
    ['é', 'cannot be a role name'],
    ['*', 'cannot be a role name'],
  ])('cannot define a role %j', (name, message) => {
    expect(problemsOf(`roles: [{name: ${JSON.stringify(name)}}]`)).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    'http://example.com/cb',
    'https://a/cb#f',
    'javascript:alert(1)',
    'https://*.example.com/',
    'http://127.0.0.1.evil.com/',
    'https://u:p@example.com/',
    'cb',
  ])('cannot redirect to %s', (uri) => {
    expect(problemsOf(`clients: [{client_id: c, redirect_uris: [${JSON.stringify(uri)}]}]`)).toEqual([
      expect.stringContaining('clients[0].redirect_uris[0]: must be https, or http on localhost'),
    ]);
  });

  it.each(['https://shop.example/cb', 'http://localhost:3000/cb', 'http://127.0.0.1/', 'http://[::1]:80/cb'])('can redirect to %s', (uri) => {
    expect(problemsOf(`clients: [{client_id: c, redirect_uris: [${JSON.stringify(uri)}]}]`)).toEqual([]);
  });

  it.each([
    ['resource_servers: [{audience: orders}]', 'must be an absolute URI'],
    ['resource_servers: [{audience: "https://a/#b"}]', 'must be an absolute URI'],
    ['permission_types: [{type: "a b", operations: [read]}]', 'cannot be a role name'],
    ['permission_types: [{type: a, operations: ["re:ad"]}]', 'starting with a letter or digit'],
    ['security_profiles: [{id: p, permissions: [{type: "a*b", operations: []}]}]', 'at most one *, at the end'],
    ['security_profiles: [{id: p, permissions: [{type: a, operations: []}, {type: a, operations: []}]}]', 'names a type twice'],
    ['assignments: [{security_profile: p, user: u, organization: o}]', 'must name exactly one of user, user_group, organization, client_id'],
    ['assignments: [{security_profile: p}]', 'must name exactly one of'],
    ['assignments: [{security_profile: p, user: u, valid_from: 2027-02-30}]', 'must be an instant such as'],
    ['assignments: [{security_profile: p, user: u, valid_from: "2027-02-20T10:00:00"}]', 'must be an instant such as'],
    ['impersonation_rules: [{id: r, impersonator: {user: u, client: c}}]', 'unknown field'],
    ['expectations: [{user: u, client_id: c, roles: []}]', 'must name exactly one of user, client_id'],
    ['expectations: [{client_id: c, via: d, roles: []}]', 'via goes with user'],
    ['expectations: [{user: u, scope: "a  b", roles: []}]', 'must be names separated by single spaces'],
    ['clients: [{client_id: c, jwks: {keys: [{kty: EC, d: private}]}}]', 'must be a public key'],
    ['users: [{id: a, user_groups: [G, {user_group: G}]}]', 'names a user group twice'],
    [
      'users: [{id: a, user_groups: [{user_group: G, valid_from: 2027-01-02, valid_until: 2027-01-01}]}]',
      'valid_until must be later than valid_from',
    ],
  ])('is refused: %s', (body, message) => {
    expect(problemsOf(body)).toEqual([expect.stringContaining(message)]);
  });

  it('has exactly the fields that are documented', () => {
    const fields = Object.fromEntries(Object.entries(entrySchemas(PLAIN)).map(([section, schema]) => [section, Object.keys(schema.shape)]));
    expect(fields).toMatchObject({
      organization_types: ['name', 'parents', 'barred_roles', 'barred_resources'],
      users: [
        'id',
        'username',
        'organization',
        'email',
        'given_name',
        'family_name',
        'phone_number',
        'user_groups',
        'authorized_organizations',
        'active',
        'password',
        'password_hash',
      ],
      assignments: [
        'security_profile',
        'user',
        'user_group',
        'organization',
        'client_id',
        'client',
        'include_descendants',
        'valid_from',
        'valid_until',
        'reason',
      ],
      expectations: ['user', 'client_id', 'via', 'scope', 'roles'],
    });
  });
});

describe('secrets in files', () => {
  const strict = { insecurePlaintext: false, lookup: (name: string) => (name === 'ANN_PASSWORD' ? 'from-the-environment' : undefined) };

  it('are refused in plain text unless that is allowed', () => {
    const body = 'users: [{id: a, organization: O, password: hunter2-hunter2}]\nclients: [{client_id: c, client_secret: s3cret-s3cret}]';
    const problems = problemsOf(body, strict);
    expect(problems).toEqual([
      '2:44 users[0].password: is a secret in plain text, which is accepted only with --insecure-plaintext; write {env: NAME} instead.',
      expect.stringMatching(/^3:41 clients\[0\]\.client_secret: is a secret in plain text/),
    ]);
    expect(problems.join()).not.toMatch(/hunter2|s3cret-s/);
    expect(problemsOf(body)).toEqual([]);
  });

  it('come from the environment', () => {
    const { entries, problems } = read('rolemint: 1\nusers: [{id: a, organization: O, password: {env: ANN_PASSWORD}}]\n', strict);
    expect(problems).toEqual([]);
    expect(entries.users.get('a')?.declared?.password?.reveal()).toBe('from-the-environment');
    expect(problemsOf('users: [{id: a, password: {env: ABSENT}}]', strict)).toEqual([
      expect.stringContaining('names the environment variable "ABSENT", which is not set.'),
    ]);
  });

  it.each(['12345678', '[x, y]', '{value: topsecret1}', `"${'x'.repeat(1025)}"`])('of a wrong form are not repeated: %s', (written) => {
    const problems = problemsOf(`users: [{id: a, password: ${written}}]`);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join()).not.toMatch(/12345678|topsecret1|xxx/);
  });

  it('print themselves as [redacted]', () => {
    const user = read('rolemint: 1\nusers: [{id: a, organization: O, password: hunter2-hunter2}]\n').entries.users.get('a')!.declared;
    expect(`${JSON.stringify(user)} ${inspect(user, { depth: 9, showHidden: true })} ${String(user?.password)}`).not.toContain('hunter2');
  });

  it.each([
    '$2b$10$abcdefghijklmnopqrstuv',
    '$argon2d$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    'in-plain-words',
  ])('may be hashes of what we can verify only, not %s', (hash) => {
    const problems = problemsOf(`users: [{id: a, organization: O, password_hash: ${JSON.stringify(hash)}}]`);
    expect(problems).toEqual([expect.stringContaining('must be a hash of argon2id, argon2i, bcrypt, PBKDF2 or scrypt')]);
    expect(problems.join()).not.toContain(hash);
  });

  it('may be hashes at a bearable cost only', () => {
    const hash = '$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo';
    const problems = problemsOf(`users: [{id: a, organization: O, password_hash: ${JSON.stringify(hash)}}]`);
    expect(problems).toEqual([expect.stringContaining('costs too much')]);
  });

  it.each([
    '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
    '$2y$10$wnn48RqzG8LgeaGJAYdKn.Mce.6AAyPDmcRsfirlnGwtJg0RaUZ5q',
    'pbkdf2_sha256$600000$salt$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g=',
    '$scrypt$ln=15,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
  ])('may be the hash %s', (hash) => {
    expect(problemsOf(`users: [{id: a, organization: O, password_hash: ${JSON.stringify(hash)}}]`)).toEqual([]);
  });

  it('stand once: password or password_hash', () => {
    const hash = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo';
    expect(problemsOf(`users: [{id: a, password: some-password, password_hash: ${JSON.stringify(hash)}}]`)).toEqual([
      expect.stringContaining('one is allowed'),
    ]);
  });
});

describe('a workspace with the store in view', () => {
  const refusalOf = async (change: (text: string) => string): Promise<string[]> =>
    lines(await harness().refusal(change(MARKET))).map((line) => line.replace('workspace.yaml:', ''));
  const add = (text: string) => (market: string) => `${market}${text}\n`;

  it('reports what reading found together with what is missing', async () => {
    const problems = await refusalOf((market) =>
      market
        .replace('{id: bob, organization: B}', '{id: bob, organization: BB, emial: x}')
        .replace('roles: [Shopper]', 'roles: [Shoper, NoSuchThingAtAll]'),
    );
    expect(problems).toEqual([
      expect.stringMatching(/^19:\d+ users\[1\]\.emial: unknown field\. Did you mean "email"\?/),
      '22:21 security_profiles[0].roles[0]: there is no role "Shoper". Did you mean "Shopper"?',
      '22:29 security_profiles[0].roles[1]: there is no role "NoSuchThingAtAll".',
    ]);
  });

  it('names what exists neither in the files nor in the store', async () => {
    const problems = await refusalOf(
      add(
        [
          '  - {security_profile: PP, user: anne}',
          '  - {security_profile: P, client_id: shops, client: elsewhere}',
          'impersonation_rules: [{id: r, impersonator: {user_group: H}, target: {organization: X9}, security_profile: P, client: shop}]',
          'resource_servers: [{audience: "https://a", clients: [shop, desk]}]',
          'expectations: [{user: nobody-here, via: nowhere, roles: []}]',
        ].join('\n'),
      ),
    );
    const prefix = (line: string): string => line.split(': ', 1)[0]!.replace(/^\S+ /, '');
    expect(problems.map(prefix)).toEqual([
      'assignments[1].security_profile',
      'assignments[1].user',
      'assignments[2].client_id',
      'assignments[2].client',
      'impersonation_rules[0].impersonator.user_group',
      'impersonation_rules[0].target.organization',
      'resource_servers[0].clients[1]',
      'expectations[0].user',
      'expectations[0].via',
    ]);
    expect(problems[1]).toContain('there is no user "anne", neither in the files nor in the store. Did you mean "ann"?');
  });

  it('may name what only the store has', async () => {
    const market = harness();
    await market.apply(MARKET);
    const { rows } = await market.apply('rolemint: 1\nassignments: [{security_profile: Q, user_group: G}]\n');
    expect(rows.map(({ key, action }) => `${action} ${key}`)).toEqual(['create Q → user_group G']);
  });

  it('refuses permissions that do not exist', async () => {
    const permissions =
      '  - {id: R, permissions: [{type: data/Usr, operations: [read]}, {type: "data/*", operations: [read, raed]}, {type: "x/*", operations: []}]}';
    expect(await refusalOf((market) => market.replace('clients:', `${permissions}\nclients:`))).toEqual([
      expect.stringMatching(/permissions\[0\]\.type: there is no permission type "data\/Usr"\. Did you mean "data\/User"\?/),
      expect.stringMatching(/permissions\[1\]\.operations\[1\]: "raed" is no operation of data\/\*\. Did you mean "read"\? Allowed: read, update\./),
      expect.stringMatching(/permissions\[2\]\.type: there is no permission type "x\/\*"\./),
    ]);
  });

  it('refuses a built-in role with another category, and takes it restated', async () => {
    expect(await refusalOf((market) => market.replace('roles:\n', 'roles:\n  - {name: FullAccess, category: reader}\n'))).toEqual([
      expect.stringContaining('FullAccess is a built-in role of the category full_access; it can be restated, not redefined. Found "reader".'),
    ]);
    const { rows } = await harness().apply(
      MARKET.replace('roles:\n', 'roles:\n  - {name: FullAccess, category: full_access, description: Ours}\n  - {name: MeAdmin}\n'),
    );
    expect(rows.filter(({ section }) => section === 'roles').map(({ key }) => key)).toEqual(['OrderReader', 'OrderAdmin', 'Shopper']);
  });

  it.each([
    ['{id: C, type: buyer}', 'is missing: an organization of the type buyer hangs under one of the type seller.'],
    ['{id: C, type: buyer, parent: B}', 'hangs under one of the type seller; found "B" of the type buyer.'],
    ['{id: C, type: seller, parent: S}', 'is a root and has no parent; found "S" of the type seller.'],
    ['{id: C, parent: S}', 'is missing; a new organization needs it.'],
    ['{id: C, type: buyer, parent: C}', 'would put the organization below itself.'],
  ])('refuses an organization in a wrong place: %s', async (organization, message) => {
    expect(await refusalOf((market) => market.replace('user_groups:', `  - ${organization}\nuser_groups:`))).toEqual([
      expect.stringContaining(message),
    ]);
  });

  it('refuses a tree that bites its tail through the store', async () => {
    const market = harness();
    await market.apply(
      MARKET.replace('parents: [seller]', 'parents: [seller, buyer]').replace('user_groups:', '  - {id: C, type: buyer, parent: B}\nuser_groups:'),
    );
    expect(lines(await market.refusal('rolemint: 1\norganizations: [{id: B, parent: C}]\n'))).toEqual([
      expect.stringContaining('organizations[0].parent: would put the organization below itself.'),
    ]);
  });

  it('refuses a change of types that leaves stored organizations in a wrong place', async () => {
    const market = harness();
    await market.apply(MARKET);
    expect(lines(await market.refusal('rolemint: 1\norganization_types: [{name: buyer, parents: []}]\n'))).toEqual([
      expect.stringContaining('(store):0:0 organizations.B.parent: an organization of the type buyer is a root and has no parent'),
    ]);
  });

  it.each([
    [
      'grant_types: [password], token_endpoint_auth_method: client_secret_post',
      'client_secret: is missing: token_endpoint_auth_method client_secret_post needs one.',
    ],
    ['grant_types: [password]', 'token_endpoint_auth_method client_secret_basic, the default, needs one.'],
    ['grant_types: [password], token_endpoint_auth_method: none, client_secret: abc', 'a client that has a secret must present it on every grant'],
    ['grant_types: [client_credentials], token_endpoint_auth_method: none', 'client_credentials is for clients that authenticate'],
    ['token_endpoint_auth_method: none', 'redirect_uris: is missing: authorization_code, the default of grant_types, needs at least one.'],
    ['grant_types: [client_credentials], token_endpoint_auth_method: private_key_jwt', 'jwks: is missing'],
    [
      'grant_types: [password], token_endpoint_auth_method: none, maximum_roles: [Shoper]',
      'maximum_roles[0]: there is no role "Shoper". Did you mean "Shopper"?',
    ],
    ['grant_types: [password], token_endpoint_auth_method: none, omitted_scope: [openid, Nope]', 'omitted_scope[1]: there is no role "Nope"'],
    ['grant_types: [password], token_endpoint_auth_method: none, context_user: zoe', 'context_user: there is no user "zoe"'],
    ['grant_types: [password], token_endpoint_auth_method: none, allowed_organizations: {types: [byer]}', 'there is no organization type "byer"'],
  ])('refuses a client that contradicts itself: %s', async (fields, message) => {
    expect(await refusalOf((market) => market.replace('assignments:', `  - {client_id: desk, ${fields}}\nassignments:`))).toEqual([
      expect.stringContaining(message),
    ]);
  });

  it('refuses assignments that contradict themselves', async () => {
    expect(
      await refusalOf(
        add(
          '  - {security_profile: Q, user: ann, include_descendants: true}\n  - {security_profile: Q, user: bob, valid_from: 2027-01-02, valid_until: 2027-01-01}',
        ),
      ),
    ).toEqual([
      expect.stringContaining('assignments[1].include_descendants: include_descendants goes with an organization only.'),
      expect.stringContaining('assignments[2].valid_until: valid_until must be later than valid_from.'),
    ]);
  });

  it('refuses user names that are the same to a person, and ids shared by a user and a client', async () => {
    expect(
      await refusalOf((market) =>
        market.replace('  - {id: sue', '  - {id: u2, organization: B, username: ＡＮＮ}\n  - {id: shop, organization: B}\n  - {id: sue'),
      ),
    ).toEqual([
      expect.stringMatching(/users\[2\]\.username: the user name "ＡＮＮ" is the same as that of ann at workspace\.yaml:18:10\./),
      expect.stringMatching(/clients\[0\]\.client_id: "shop" is the id of a user; user ids and client ids are never equal\./),
    ]);
    const market = harness();
    await market.apply(MARKET);
    expect(lines(await market.refusal('rolemint: 1\nusers: [{id: shop, organization: B}]\n'))).toEqual([
      expect.stringContaining('"shop" is the id of a client'),
    ]);
  });

  it('prints as one line a problem, with nothing that a terminal obeys', async () => {
    const problems = await harness().refusal({ 'evil\u001B[31m.yaml': MARKET.replace('roles: [Shopper]', 'roles: ["A\\u202Eb"]') });
    const { message, code, pointer } = new WorkspaceError(problems);
    expect(code).toBe('invalid_input');
    expect(pointer).toContain(':22:21');
    expect(message.split('\n')).toHaveLength(2);
    // oxlint-disable-next-line no-control-regex
    expect(message).not.toMatch(/[\u001B\u202E]/);
  });
});
