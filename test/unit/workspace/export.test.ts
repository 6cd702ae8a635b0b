import { describe, expect, it } from '@jest/globals';
import { exportWorkspace } from '../../../src/workspace/export.ts';
import { harness, MARKET } from './harness.ts';

describe('export', () => {
  it('writes sections in their order, objects sorted, defaults left out', async () => {
    const market = harness();
    await market.apply(`${MARKET}  - {security_profile: Q, user_group: G, valid_from: 2027-01-01, reason: "yes"}\n`);
    expect(await exportWorkspace(market.store)).toBe(`rolemint: 1
workspace: market
organization_types:
  - name: buyer
    parents: [seller]
  - name: seller
roles:
  - name: OrderAdmin
    category: admin
  - name: OrderReader
    category: reader
  - name: Shopper
    category: shopper
permission_types:
  - type: data/User
    operations: [read, update]
organizations:
  - id: B
    type: buyer
    parent: S
  - id: S
    type: seller
user_groups:
  - id: G
    organization: B
users:
  - id: ann
    organization: B
    user_groups: [G]
  - id: bob
    organization: B
  - id: sue
    organization: S
security_profiles:
  - id: P
    roles: [Shopper]
  - id: Q
    roles: [OrderReader]
clients:
  - client_id: shop
    grant_types: [password]
    token_endpoint_auth_method: none
assignments:
  - security_profile: P
    organization: B
  - security_profile: Q
    user_group: G
    valid_from: "2027-01-01T00:00:00Z"
    reason: "yes"
`);
  });

  it('keeps ids that look like something else, texts of several lines, and memberships for a time', async () => {
    const market = harness();
    const text = `rolemint: 1
organization_types: [{name: t}]
organizations: [{id: "012", type: t}, {id: "0x1F", type: t}, {id: "1e3", type: t}, {id: "null", type: t, name: "- x: #"}, {id: "true", type: t, name: "*a"}]
user_groups: [{id: g, organization: "012"}]
users: [{id: u, organization: "012", user_groups: [{user_group: g, valid_until: 2027-01-01T10:00:00+02:00, reason: "line\\nline\\n"}]}]
security_profiles: [{id: p, description: "two\\n  lines: \\u00e9 \\u2028 \\u0085 end "}]
`;
    await market.apply(text);
    const exported = await exportWorkspace(market.store);
    expect(exported).toContain('valid_until: "2027-01-01T08:00:00Z"');
    const copy = harness();
    await copy.apply(exported);
    expect(await exportWorkspace(copy.store)).toBe(exported);
    expect((await copy.apply(text)).rows).toEqual([]);
  });

  it('writes JSON with the same content', async () => {
    const market = harness();
    await market.apply(MARKET);
    const copy = harness();
    const json = await exportWorkspace(market.store, { format: 'json' });
    expect(json).toBe(`${JSON.stringify(JSON.parse(json), undefined, 2)}\n`);
    expect(await exportWorkspace(harness().store, { format: 'json' })).toBe('{\n  "rolemint": 1\n}\n');
    await copy.apply(json);
    expect(await exportWorkspace(copy.store)).toBe(await exportWorkspace(market.store));
  });

  it('writes password hashes only when asked to', async () => {
    const market = harness();
    const hash = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo';
    await market.apply(MARKET.replace('{id: ann,', `{id: ann, password_hash: "${hash}",`));
    expect(await exportWorkspace(market.store)).not.toContain('argon2id');
    const exported = await exportWorkspace(market.store, { includeHashes: true });
    expect(exported.match(/password_hash: .*/g)).toEqual([`password_hash: ${hash}`]);
    const copy = harness();
    await copy.apply(exported);
    expect((await copy.store.signIn.findCredentialOf('ann'))?.passwordHash).toBe(hash);
  });

  it('sorts assignments by what people call them, however the ids of profiles and parties begin', async () => {
    const market = harness();
    const profiles = ['a', 'a-b', 'a.b', 'a0', 'ab'];
    const users = ['u', 'u-1', 'u1'];
    await market.apply(
      [
        'rolemint: 1',
        'organization_types: [{name: t}]',
        'organizations: [{id: O, type: t}]',
        'user_groups: [{id: u, organization: O}]',
        `users: [${users.map((id) => `{id: ${id}, organization: O}`).join(', ')}]`,
        `security_profiles: [${profiles.map((id) => `{id: ${id}}`).join(', ')}]`,
        'clients: [{client_id: c, grant_types: [password], token_endpoint_auth_method: none}]',
        'assignments:',
        ...profiles.flatMap((id) => [
          `  - {security_profile: ${id}, user_group: u}`,
          ...users.flatMap((user) => [
            `  - {security_profile: ${id}, user: ${user}, valid_from: 2027-01-01}`,
            `  - {security_profile: ${id}, user: ${user}, client: c}`,
            `  - {security_profile: ${id}, user: ${user}}`,
          ]),
          `  - {security_profile: ${id}, organization: O}`,
        ]),
      ].join('\n'),
    );
    const { assignments } = JSON.parse(await exportWorkspace(market.store, { format: 'json' })) as { assignments: Record<string, string>[] };
    const labels = assignments.map(({ security_profile: profile, user, user_group: group, client, valid_from: from }) => {
      const party = user === undefined ? (group === undefined ? 'organization O' : `user_group ${group}`) : `user ${user}`;
      return `${profile} → ${party}${client === undefined ? '' : ` through ${client}`}${from === undefined ? '' : ` from ${from}`}`;
    });
    expect(labels).toHaveLength(55);
    expect(labels).toEqual([...labels].sort());
  });

  it('of an empty store is an empty workspace, and leaves nothing behind', async () => {
    const market = harness();
    expect(await exportWorkspace(market.store)).toBe('rolemint: 1\n');
    expect((await market.store.access.readChanges(0)).version).toBe(0);
  });
});
