import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ISSUER } from '../../support/server.ts';
import { openBench, type Bench } from './harness.ts';

const WORKSPACE = `
rolemint: 1
organization_types: [{name: seller}, {name: buyer, parents: [seller], barred_roles: [OrderAdmin]}]
roles: [{name: OrderReader}, {name: OrderAdmin}, {name: Shopper}, {name: Lonely}]
organizations: [{id: MARKET, name: The Market, type: seller}, {id: ACME, name: Acme, type: buyer, parent: MARKET}]
user_groups: [{id: approvers, name: Approvers, organization: ACME}]
users:
  - {id: u-1, username: alice, organization: ACME, user_groups: [approvers]}
  - {id: bob, username: bob, organization: MARKET}
security_profiles:
  - {id: order-approval, name: Order approval, roles: [OrderReader]}
  - {id: plus, name: Shopper Plus, roles: [OrderReader, Shopper]}
  - {id: orders, name: Orders, roles: [OrderAdmin]}
clients:
  - {client_id: shop, client_name: shop, grant_types: [password], token_endpoint_auth_method: none, maximum_roles: [OrderReader, OrderAdmin]}
  - {client_id: nightly, client_name: nightly, grant_types: [client_credentials], client_secret: a-secret-of-the-nightly-job}
  - {client_id: off, client_name: off, grant_types: [password], token_endpoint_auth_method: none, active: false}
assignments:
  - {security_profile: order-approval, user_group: approvers, valid_until: 2026-11-27T17:00:00Z, reason: stands in for Carol}
  - {security_profile: plus, organization: ACME, valid_from: 2026-12-01}
  - {security_profile: orders, client_id: nightly}
  - {security_profile: orders, organization: ACME, client: shop}
`;

describe('rolemint why', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
    await bench.write('w.yaml', WORKSPACE);
    await bench.run(['apply', 'w.yaml', '--insecure-plaintext']);
  });
  afterAll(() => bench.close());

  it('tells every path, those that do not count yet included', async () => {
    const { code, out } = await bench.run(['why', 'alice', 'OrderReader', '--client', 'shop']);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.replaceAll(/ {2,}/g, '  ').trimEnd())).toEqual([
      'alice has OrderReader in tokens for shop.',
      '  ✓ through user group Approvers (Acme)  profile "Order approval"  assigned by ops, Sun 22 Nov 2026 12:00  until Fri 27 Nov 2026 17:00 (in 5 days)  (stands in for Carol)',
      '  · through Acme (organization)  profile "Shopper Plus"  assigned by ops, Sun 22 Nov 2026 12:00  not yet: from Tue 1 Dec 2026 (in 8 days)',
      '',
    ]);
  });

  it('colours on a terminal only, and not for whoever said no', async () => {
    const argv = ['why', 'alice', 'OrderReader'];
    expect((await bench.run(argv, { tty: true })).out).toContain('\u001B[32m✓');
    expect((await bench.run(argv, { tty: true, env: { NO_COLOR: '1' } })).out).not.toContain('\u001B');
    expect((await bench.run(argv)).out).not.toContain('\u001B');
  });

  it('carries everything in --json, and nothing else', async () => {
    const { out, json } = await bench.run(['why', 'alice', 'OrderReader', '--client', 'shop', '--json']);
    expect(out.startsWith('{') && out.endsWith('}\n')).toBe(true);
    expect(json()).toMatchObject({
      at: '2026-11-22T12:00:00.000Z',
      role: 'OrderReader',
      verdict: 'granted',
      objection: null,
      client: 'shop',
      subject: { kind: 'user', id: 'u-1', username: 'alice', organization: 'ACME', organization_type: 'buyer' },
      paths: [
        {
          state: 'in_force',
          party: { kind: 'user_group', id: 'approvers', name: 'Approvers', organization: 'Acme' },
          until: '2026-11-27T17:00:00.000Z',
          assigned_by: 'ops',
        },
        { state: 'not_yet_valid', party: { kind: 'organization', id: 'ACME', name: 'Acme' }, from: '2026-12-01T00:00:00.000Z' },
      ],
    });
  });

  it('says which assignment would give a role that is not held, and what would still block it', async () => {
    const missing = await bench.run(['why', 'bob', 'Shopper', '--client', 'shop']);
    expect(missing.code).toBe(2);
    expect(missing.out).toBe(
      [
        'bob does not have Shopper in tokens for shop: no security profile with it reaches them.',
        '',
        'This assignment in a workspace file would give it:',
        'assignments:',
        "  - {security_profile: plus, user: bob}   # Shopper Plus; the client's maximum_roles would still keep it out",
        '',
      ].join('\n'),
    );
    const json = (await bench.run(['why', 'bob', 'OrderReader', '--json'])).json();
    expect(json['remedies']).toEqual([
      {
        security_profile: { id: 'order-approval', name: 'Order approval' },
        assignment: { security_profile: 'order-approval', user: 'bob' },
        verdict: 'granted',
      },
      { security_profile: { id: 'plus', name: 'Shopper Plus' }, assignment: { security_profile: 'plus', user: 'bob' }, verdict: 'granted' },
    ]);
  });

  it.each([
    [['alice', 'OrderAdmin', '--client', 'shop'], 'alice cannot have OrderAdmin: people of a buyer are barred from it, whatever is assigned.'],
    [
      ['alice', 'Shopper', '--at', '2026-12-02', '--client', 'shop'],
      "alice holds Shopper, but tokens for shop cannot carry it: it is not among the client's maximum_roles.",
    ],
    [['alice', 'Shopper'], 'alice does not have Shopper yet.'],
    [['alice', 'OrderReader', '--at', '2026-11-28'], 'alice does not have OrderReader yet.'],
    [['alice', 'OrderAdmin'], 'alice does not have OrderAdmin: it reaches them for other clients only.'],
    [['bob', 'Lonely'], 'No security profile has Lonely: add it to one first.'],
    [['alice', 'OrderRaeder'], 'Nobody can have OrderRaeder: there is no such role. Did you mean OrderReader?'],
  ])('why %j: %s', async (argv, sentence) => {
    const { code, out } = await bench.run(['why', ...argv]);
    expect(code).toBe(2);
    expect(out.split('\n')).toContain(sentence);
  });

  it('answers for a client that asks for itself', async () => {
    expect(await bench.run(['why', '--client', 'nightly', 'OrderAdmin'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('nightly has OrderAdmin in tokens for nightly.\n  ✓ through the client nightly'),
    });
    const { out } = await bench.run(['why', '--client', 'nightly', 'Shopper']);
    expect(out).toContain('  - {security_profile: plus, client_id: nightly}');
  });

  it('says so when there would be no token at all', async () => {
    await bench.run(['user', 'disable', 'alice']);
    const { code, out } = await bench.run(['why', 'alice', 'OrderReader', '--client', 'shop']);
    await bench.run(['user', 'enable', 'alice']);
    expect(code).toBe(2);
    expect(out).toContain('But there would be no token at all: the user or its organization is disabled.');
  });

  it.each([
    [['nobody', 'Shopper'], 'There is no user "nobody".'],
    [['alice', 'Shopper', '--client', 'nothing'], 'There is no client "nothing".'],
    [['alice', 'Shopper', '--client', 'off'], 'The client "off" is disabled: nobody gets a token through it.'],
    [['alice', 'Shopper', '--audience', 'https://nowhere.example'], 'There is no resource server "https://nowhere.example".'],
  ])('why %j ends with 2: %s', async (argv, sentence) => {
    expect(await bench.run(['why', ...argv])).toMatchObject({ code: 2, out: '', err: `rolemint: ${sentence}\n` });
  });
});

describe('rolemint preview', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
    await bench.write('w.yaml', WORKSPACE);
    await bench.run(['apply', 'w.yaml', '--insecure-plaintext']);
  });
  afterAll(() => bench.close());

  it('shows each name with its verdict, the scope, the claims and the size', async () => {
    const { code, json } = await bench.run(['preview', 'alice', '--client', 'shop', '--scope', 'OrderReader OrderAdmin Bogus', '--json']);
    expect(code).toBe(0);
    expect(json()).toMatchObject({
      names: [
        { name: 'OrderReader', verdict: 'granted' },
        { name: 'OrderAdmin', verdict: 'barred_for_organization_type' },
        { name: 'Bogus', verdict: 'unknown' },
      ],
      scope: 'OrderReader',
      roles: ['OrderReader'],
      roles_until: '2026-11-27T17:00:00.000Z',
      audience: ISSUER,
      claims: { iss: ISSUER, sub: 'u-1', username: 'alice', client_id: 'shop', roles: ['OrderReader'], org_path: ['MARKET', 'ACME'] },
    });
  });

  it('is as large as the token that is really signed', async () => {
    const { json } = await bench.run(['preview', 'alice', '--client', 'shop', '--scope', 'OrderReader', '--json']);
    await bench.app.services.keys.ensure('ES256', { actor: { kind: 'system', id: 'test' } });
    const token = await bench.app.signer.sign(json()['claims'] as Record<string, unknown>, 'ES256');
    expect(json()['bytes']).toBe(token.length);
  });

  it('reads well', async () => {
    const { out } = await bench.run(['preview', 'alice', '--client', 'shop', '--scope', 'OrderReader Bogus']);
    expect(out).toContain(
      `A token for shop, asked for by alice, meant for ${ISSUER}:\n  ✓ OrderReader  granted\n  · Bogus        unknown\nscope: "OrderReader"`,
    );
  });

  it('refuses what is no scope', async () => {
    expect(await bench.run(['preview', 'alice', '--client', 'shop', '--scope', ' x'])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('not a scope'),
    });
  });
});
