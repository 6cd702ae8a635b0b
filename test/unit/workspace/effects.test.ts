import { describe, expect, it } from '@jest/globals';
import type { PlanOptions } from '../../../src/workspace/apply.ts';
import { effectSentence } from '../../../src/workspace/format.ts';
import { harness, MARKET, type Harness, type Texts } from './harness.ts';

async function sentences(market: Harness, texts: Texts, options?: PlanOptions): Promise<string[]> {
  const plan = await market.plan(texts, options);
  const applied = await market.apply(texts, options);
  expect(applied).toEqual(plan);
  return applied.effects.map(effectSentence);
}

async function marketOf(text = MARKET): Promise<Harness> {
  const market = harness();
  await market.apply(text);
  return market;
}

describe('the effect of a change on people', () => {
  it('is told at creation', async () => {
    expect(await sentences(harness(), MARKET)).toEqual(['Users of B: +Shopper (2 people: ann, bob)']);
  });

  it('of a profile reaches everybody who has it', async () => {
    expect(await sentences(await marketOf(), 'rolemint: 1\nsecurity_profiles: [{id: P, roles: [OrderReader]}]\n')).toEqual([
      'Users of B: +OrderReader -Shopper (2 people: ann, bob)',
    ]);
  });

  it('of an assignment to a group reaches its members only', async () => {
    expect(await sentences(await marketOf(), 'rolemint: 1\nassignments: [{security_profile: Q, user_group: G}]\n')).toEqual([
      'Users of B: +OrderReader (1 person: ann)',
    ]);
  });

  it('is none for a role that comes by another path too', async () => {
    expect(await sentences(await marketOf(), 'rolemint: 1\nassignments: [{security_profile: P, user: ann}]\n')).toEqual([]);
  });

  it('of an assignment to an organization reaches those below when it says so', async () => {
    const market = await marketOf();
    expect(await sentences(market, 'rolemint: 1\nassignments: [{security_profile: Q, organization: S}]\n')).toEqual([
      'Users of S: +OrderReader (1 person: sue)',
    ]);
    expect(await sentences(market, 'rolemint: 1\nassignments: [{security_profile: Q, organization: S, include_descendants: true}]\n')).toEqual([
      'Users of B: +OrderReader (2 people: ann, bob)',
    ]);
  });

  it('of an assignment limited to a client is told for that client', async () => {
    const market = await marketOf();
    expect(await sentences(market, 'rolemint: 1\nassignments: [{security_profile: Q, user: ann, client: shop}]\n')).toEqual([
      'Users of B through shop: +OrderReader (1 person: ann)',
    ]);
    expect(await sentences(market, 'rolemint: 1\nassignments: [{security_profile: Q, user: ann}]\n')).toEqual([
      'Users of B: +OrderReader (1 person: ann)',
    ]);
  });

  it('counts only what is in force now', async () => {
    const market = await marketOf();
    expect(await sentences(market, 'rolemint: 1\nassignments: [{security_profile: Q, user: ann, valid_from: 2030-01-01}]\n')).toEqual([]);
    expect(await sentences(market, 'rolemint: 1\nassignments: [{security_profile: P, organization: B, valid_until: 2026-01-01}]\n')).toEqual([
      'Users of B: -Shopper (2 people: ann, bob)',
    ]);
  });

  it('of barring an organization type reaches its people', async () => {
    expect(await sentences(await marketOf(), 'rolemint: 1\norganization_types: [{name: buyer, barred_roles: [Shopper]}]\n')).toEqual([
      'Users of B: -Shopper (2 people: ann, bob)',
    ]);
  });

  it('of disabling an organization, or a user, takes everything away', async () => {
    const market = await marketOf();
    expect(await sentences(market, 'rolemint: 1\nusers: [{id: bob, active: false}]\n')).toEqual(['Users of B: -Shopper (1 person: bob)']);
    expect(await sentences(market, 'rolemint: 1\norganizations: [{id: S, active: false}]\n')).toEqual(['Users of B: -Shopper (1 person: ann)']);
  });

  it('of moving an organization, and of moving a user', async () => {
    const market = await marketOf(
      `${MARKET.replace('user_groups:', '  - {id: S2, type: seller}\nuser_groups:')}  - {security_profile: Q, organization: S2, include_descendants: true}\n`,
    );
    expect(await sentences(market, 'rolemint: 1\norganizations: [{id: B, parent: S2}]\n')).toEqual(['Users of B: +OrderReader (2 people: ann, bob)']);
    expect(await sentences(market, 'rolemint: 1\nusers: [{id: bob, organization: S2}]\n')).toEqual(['Users of S2: -Shopper (1 person: bob)']);
  });

  it('of new permission types reaches holders of wildcards and of full access', async () => {
    const market = await marketOf(
      `${MARKET.replace('clients:', '  - {id: W, permissions: [{type: "data/*", operations: [read]}]}\n  - {id: F, full_access: true}\nclients:')}  - {security_profile: W, user: ann}\n  - {security_profile: F, user: sue}\n`,
    );
    expect(await sentences(market, 'rolemint: 1\npermission_types: [{type: data/Phone, operations: [read, update]}]\n')).toEqual([
      'Users of B: +data/Phone:read (1 person: ann)',
      'Users of S: +data/Phone:read +data/Phone:update (1 person: sue)',
    ]);
  });

  it('of what prune removes', async () => {
    const market = await marketOf(`${MARKET}  - {security_profile: Q, user_group: G}\n`);
    expect(await sentences(market, 'rolemint: 1\nuser_groups: []\n', { prune: true })).toEqual(['Users of B: -OrderReader (1 person: ann)']);
    expect(await sentences(market, MARKET.replace('  - {id: bob, organization: B}\n', ''), { prune: true })).toEqual([
      'Users of B: -Shopper (1 person: bob)',
    ]);
  });

  it('reaches clients: by themselves, through their organization, through their context user', async () => {
    const clients = ['alone', 'home, organization: B', 'actor, context_user: sue'].map(
      (fields) =>
        `  - {client_id: ${fields}, grant_types: [client_credentials], token_endpoint_auth_method: client_secret_basic, client_secret: s3cret}\n`,
    );
    const market = await marketOf(MARKET.replace('assignments:', `${clients.join('')}assignments:`));
    expect(
      await sentences(
        market,
        'rolemint: 1\nassignments:\n  - {security_profile: Q, client_id: alone}\n  - {security_profile: Q, organization: B}\n  - {security_profile: P, user: sue}\n',
      ),
    ).toEqual([
      'Users of B: +OrderReader (2 people: ann, bob)',
      'Users of S: +Shopper (1 person: sue)',
      'Clients: +Shopper (1 client: actor)',
      'Clients: +OrderReader (2 clients: alone, home)',
    ]);
    expect(await sentences(market, 'rolemint: 1\nclients: [{client_id: actor, context_user: ann}]\n')).toEqual([
      'Clients: +OrderReader (1 client: actor)',
    ]);
  });

  it('is told of so many, and says when there are more', async () => {
    const people = Array.from({ length: 30 }, (_, index) => `  - {id: p${index + 10}, organization: B}\n`).join('');
    const market = await marketOf(MARKET.replace('security_profiles:', `${people}security_profiles:`));
    const change = 'rolemint: 1\nassignments: [{security_profile: Q, organization: B}]\n';
    const cut = await market.plan(change, { mostSubjects: 20 });
    expect(cut.effectsCut).toBe(true);
    expect(cut.effects[0]?.subjects).toHaveLength(20);
    const whole = await market.plan(change);
    expect(whole.effectsCut).toBe(false);
    expect(whole.effects.map(effectSentence)).toEqual(['Users of B: +OrderReader (32 people: ann, bob, p10, p11, p12, p13, p14, p15 and 24 more)']);
  });
});
