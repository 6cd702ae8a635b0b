import { describe, expect, it } from '@jest/globals';
import { harness, lines, MARKET } from './harness.ts';

/** The market with people and clients of every kind, and one expectation. */
const expecting = (expectation: string): string =>
  `${MARKET.replace(
    'assignments:',
    `  - {client_id: kiosk, grant_types: [password], token_endpoint_auth_method: none, maximum_roles: [Shopper], omitted_scope: all, allowed_organizations: {types: [buyer]}}
  - {client_id: strict, grant_types: [password], token_endpoint_auth_method: none, minimum_roles: [OrderReader], omitted_scope: [OrderReader, openid]}
  - {client_id: closed, grant_types: [password], token_endpoint_auth_method: none, active: false}
  - {client_id: night, grant_types: [client_credentials], client_secret: s3cret, context_user: ann, omitted_scope: all}
  - {client_id: alone, grant_types: [client_credentials], client_secret: s3cret}
assignments:
  - {security_profile: Q, user: ann}
  - {security_profile: Q, user: bob, valid_until: 2026-01-01}
  - {security_profile: Q, user: sue, valid_from: 2030-01-01}
  - {security_profile: Q, client_id: alone}`,
  ).replace('{id: sue', '{id: off, organization: B, active: false}\n  - {id: sue')}expectations:\n  - ${expectation}\n`;

describe('an expectation', () => {
  it.each([
    ['{user: ann, via: shop, scope: Shopper OrderReader OrderAdmin Bogus, roles: [OrderReader, Shopper]}', 'narrows what was asked for'],
    ['{user: ann, via: shop, roles: []}', 'asks for nothing where the client says so'],
    ['{user: ann, via: shop, scope: null, roles: []}', 'takes null for no scope'],
    ['{user: ann, via: kiosk, roles: [Shopper]}', 'knows omitted_scope: all and the maximum of the client'],
    ['{user: ann, via: strict, roles: [OrderReader]}', 'knows a list as omitted_scope, and minimum_roles'],
    ['{user: ann, scope: "", roles: [OrderReader, Shopper]}', 'takes an empty scope for an absent one, as RFC 6749 §3.1 does'],
    ['{user: ann, roles: [OrderReader, Shopper]}', 'without client and scope is about everything that is held'],
    ['{user: bob, scope: OrderReader Shopper, roles: [Shopper]}', 'knows that an assignment has ended'],
    ['{client_id: night, scope: OrderReader Shopper, roles: [OrderReader, Shopper]}', 'acts with the context user'],
    ['{client_id: night, roles: [OrderReader, Shopper]}', 'acts with the context user when nothing is asked for'],
    ['{client_id: alone, scope: OrderReader Shopper, roles: [OrderReader]}', 'acts with what the client itself was given'],
    ['{user: bob, via: strict, scope: Shopper, roles: []}', 'of no roles holds where there is no token'],
    ['{user: off, via: shop, scope: Shopper, roles: []}', 'of no roles holds for who is disabled'],
  ])('holds: %s %s', async (expectation) => {
    expect(await harness().apply(expecting(expectation))).toMatchObject({ expectations: 1 });
  });

  it.each([
    [
      '{user: ann, via: shop, scope: Shopper OrderAdmin, roles: [OrderAdmin]}',
      'expected OrderAdmin; found Shopper. Missing: OrderAdmin (unheld). Not expected: Shopper.',
    ],
    [
      '{user: ann, via: kiosk, scope: OrderReader, roles: [OrderReader]}',
      'expected OrderReader; found no roles. Missing: OrderReader (above_client_maximum).',
    ],
    ['{user: bob, via: shop, scope: OrderReader, roles: [OrderReader]}', 'Missing: OrderReader (expired).'],
    ['{user: sue, via: shop, scope: OrderReader, roles: [OrderReader]}', 'Missing: OrderReader (not_yet_valid).'],
    ['{user: ann, via: shop, scope: Shopper, roles: [Shopper, OrderReader]}', 'Missing: OrderReader (not requested).'],
    ['{user: ann, via: shop, scope: Shoper, roles: [Shoper]}', 'Missing: Shoper (nobody knows it. Did you mean "Shopper"?).'],
    [
      '{user: sue, via: kiosk, scope: Shopper, roles: [Shopper]}',
      'There is no token at all: the client does not admit the organization of the user.',
    ],
    [
      '{user: bob, via: strict, scope: Shopper, roles: [Shopper]}',
      'There is no token at all: the client demands OrderReader, which the user does not have.',
    ],
    [
      '{user: off, via: shop, scope: Shopper, roles: [Shopper]}',
      'There is no token at all: the subject, or an organization that it belongs to, is not active.',
    ],
    ['{user: ann, via: closed, scope: Shopper, roles: [Shopper]}', 'There is no token at all: the client is not active.'],
    ['{client_id: shop, scope: Shopper, roles: [Shopper]}', 'There is no token at all: the client may not use client_credentials.'],
  ])('that fails stops everything, with reasons: %s', async (expectation, reason) => {
    const problems = lines(await harness().refusal(expecting(expectation)));
    expect(problems).toEqual([expect.stringMatching(/^workspace\.yaml:\d+:\d+ expectations\[0\]\.roles: the expectation fails: /)]);
    expect(problems[0]).toContain(reason);
  });

  it('is judged on the state that the change leads to, with what the store already has', async () => {
    const market = harness();
    await market.apply(MARKET);
    const change = 'rolemint: 1\nassignments: [{security_profile: Q, user: bob}]\n';
    await expect(
      market.plan(`${change}expectations: [{user: bob, scope: OrderReader, roles: [OrderReader]}, {user: ann, scope: Shopper, roles: [Shopper]}]\n`),
    ).resolves.toMatchObject({ expectations: 2 });
    await expect(market.plan(`${change}expectations: [{user: bob, scope: OrderReader, roles: []}]\n`)).rejects.toMatchObject({
      code: 'invalid_input',
    });
    expect((await market.store.access.findUser('bob'))?.reaches).toHaveLength(1);
  });
});
