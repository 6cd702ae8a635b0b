import { describe, expect, it } from '@jest/globals';
import { formatPlan } from '../../../src/workspace/format.ts';
import { harness, MARKET } from './harness.ts';

describe('a plan as text', () => {
  it('tells rows, effects and expectations', async () => {
    const market = harness();
    await market.apply(MARKET);
    const plan = await market.plan(
      `${MARKET.replace('roles: [Shopper]', 'roles: [OrderReader], description: New').replace('  - {id: bob, organization: B}\n', '')}  - {security_profile: Q, user_group: G, reason: trial}\nexpectations: [{user: ann, scope: Shopper, roles: []}]\n`,
      { prune: true },
    );
    expect(formatPlan(plan)).toBe(`market: 1 to create, 1 to update, 1 to remove.

users
  - bob

security_profiles
  ~ P
      description: (none) → New
      roles: +OrderReader -Shopper

assignments
  + Q → user_group G  (reason: trial)

effective roles
  Users of B: +OrderReader -Shopper (1 person: ann)
  Users of B: -Shopper (1 person: bob)

The expectation holds.`);
    expect(formatPlan(plan, { applied: true }).split('\n', 1)).toEqual(['market: 1 created, 1 updated, 1 removed.']);
  });

  it('says so when there is nothing to change, or nobody is touched', async () => {
    const market = harness();
    await market.apply(MARKET);
    expect(formatPlan(await market.plan(MARKET))).toBe('market: nothing to change.');
    expect(formatPlan(await market.plan('rolemint: 1\nuser_groups: [{id: H, organization: S}]\n'))).toBe(
      '1 to create, 0 to update, 0 to remove.\n\nuser_groups\n  + H  (organization: S)\n\nNobody gains or loses a role.',
    );
  });

  it('has colour codes only when asked for, and never those of the data', async () => {
    const market = harness();
    const plan = await market.plan(`${MARKET}  - {security_profile: Q, user: ann, reason: "\\u001b[31mred\\u202e"}\n`);
    const plain = formatPlan(plan);
    // oxlint-disable-next-line no-control-regex
    expect(plain).not.toMatch(/[\u001B\u202E]/);
    expect(plain).toContain('\\u{1b}[31mred\\u{202e}');
    expect(formatPlan(plan, { colour: true })).toContain('\u001B[32m  + Q → user ann');
  });

  it('shortens long lists of roles', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `Role${index + 10}`);
    const plan = await harness().plan(
      MARKET.replace('  - {name: Shopper', `${names.map((name) => `  - {name: ${name}}`).join('\n')}\n  - {name: Shopper`).replace(
        'roles: [Shopper]',
        `roles: [${names.join(', ')}]`,
      ),
    );
    expect(formatPlan(plan)).toContain('+Role20 +Role21 +28 more (2 people: ann, bob)');
  });
});
