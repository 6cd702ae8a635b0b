import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openBench, type Bench } from './harness.ts';

const WORKSPACE = `
rolemint: 1
organization_types: [{name: buyer}]
roles: [{name: Shopper}]
organizations: [{id: B, type: buyer}]
user_groups: [{id: staff, organization: B}]
users: [{id: ann, organization: B, user_groups: [staff]}, {id: bob, organization: B}]
security_profiles: [{id: seasonal, roles: [Shopper]}]
assignments:
  - {security_profile: seasonal, user: ann}
  - {security_profile: seasonal, user: bob}
`;

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
  await bench.run(['apply', await bench.write('workspace.yaml', WORKSPACE)]);
});
afterEach(() => bench.close());

describe('rolemint remove', () => {
  it('says how much would go, and removes it only with --yes', async () => {
    const asked = await bench.run(['remove', 'security-profile', 'seasonal']);
    expect([asked.code, asked.out]).toEqual([
      2,
      'Would remove the security profile seasonal; 2 assignments, members and others name it. Do it with --yes.\n',
    ]);
    const removed = await bench.run(['remove', 'security-profile', 'seasonal', '--yes']);
    expect([removed.code, removed.out, removed.err]).toEqual([0, 'Removed the security profile seasonal, with 2 assignments and memberships.\n', '']);
    const again = await bench.run(['remove', 'security-profile', 'seasonal', '--yes']);
    expect([again.code, again.err]).toEqual([2, 'rolemint: There is no security profile "seasonal".\n']);
  });

  it('removes groups and clients too, and answers in JSON', async () => {
    expect((await bench.run(['remove', 'user-group', 'staff', '--json'])).json()).toEqual({
      kind: 'user-group',
      id: 'staff',
      naming: 1,
      removed: false,
    });
    const { json } = await bench.run(['remove', 'user-group', 'staff', '--yes', '--json']);
    expect(json()).toEqual({ kind: 'user-group', id: 'staff', naming: 1, removed: true });
    expect((await bench.run(['remove', 'client', 'nobody', '--yes'])).code).toBe(2);
    expect((await bench.run(['remove', 'planet', 'mars'])).err).toContain('Allowed choices are security-profile, user-group, client');
  });
});
