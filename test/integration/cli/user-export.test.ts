import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { USER_FIELDS } from '../../../src/workspace/import-users.ts';
import { openBench, type Bench } from './harness.ts';

const HASH = '$2y$06$wnn48RqzG8LgeaGJAYdKn.Mce.6AAyPDmcRsfirlnGwtJg0RaUZ5q';
const WORKSPACE = `
rolemint: 1
organization_types: [{name: seller}, {name: buyer, parents: [seller, buyer]}]
organizations: [{id: S, type: seller}, {id: B, type: buyer, parent: S}, {id: B-site, type: buyer, parent: B}, {id: C, type: buyer, parent: S}]
user_groups: [{id: staff, organization: B}, {id: night, organization: B}]
users:
  - {id: ann, organization: B, username: "Ann, \\"the\\" boss", email: ann@example.com, user_groups: [staff, {user_group: night, valid_until: 2027-01-01}]}
  - {id: bob, organization: B-site, active: false, authorized_organizations: [B, C], password_hash: "${HASH}"}
  - {id: eve, organization: C}
`;

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
  await bench.run(['apply', await bench.write('workspace.yaml', WORKSPACE)]);
});
afterEach(() => bench.close());

const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('rolemint user export', () => {
  it('writes what user import takes: importing it changes nothing, and into another store makes the same', async () => {
    const { out, code, err } = await bench.run(['user', 'export', '--include-hashes']);
    expect([code, err]).toEqual([0, '']);
    expect(lines(out)).toEqual([
      {
        id: 'ann',
        username: 'Ann, "the" boss',
        organization: 'B',
        email: 'ann@example.com',
        user_groups: [{ user_group: 'night', valid_until: '2027-01-01T00:00:00Z' }, 'staff'],
      },
      { id: 'bob', organization: 'B-site', authorized_organizations: ['B', 'C'], active: false, password_hash: HASH },
      { id: 'eve', organization: 'C' },
    ]);
    expect((await bench.run(['user', 'import', '-', '--json'], { stdin: out })).json()).toMatchObject({ unchanged: 3 });
    const other = await openBench();
    const structure = WORKSPACE.slice(0, WORKSPACE.indexOf('users:'));
    await other.run(['apply', await other.write('workspace.yaml', structure)]);
    expect((await other.run(['user', 'import', '-', '--json'], { stdin: out })).json()).toMatchObject({ created: 3 });
    expect((await other.run(['user', 'export', '--include-hashes'])).out).toBe(out);
    await other.close();
  });

  it('writes CSV, and hashes only when asked to', async () => {
    const { out } = await bench.run(['user', 'export', '--format', 'csv']);
    const [header, ...rows] = out.trimEnd().split('\n');
    const columns = header!.split(',');
    expect(columns).toEqual(USER_FIELDS.filter((name) => !name.startsWith('password')));
    // Of what nobody here has there are only the commas.
    expect(rows.map((row) => row.replaceAll(/,+/g, ','))).toEqual([
      'ann,"Ann, ""the"" boss",B,ann@example.com,night;staff,',
      'bob,B-site,B;C,false',
      'eve,C,',
    ]);
    expect((await bench.run(['user', 'import', '-', '--format', 'csv', '--json'], { stdin: out })).json()).toMatchObject({
      unchanged: 2,
      updated: 1,
    });
    expect((await bench.run(['user', 'export'])).out).not.toContain('password');
    expect((await bench.run(['user', 'export', '--format', 'csv', '--include-hashes'])).out).toContain(HASH);
  });

  it('writes those of an organization and of all below it', async () => {
    expect(lines((await bench.run(['user', 'export', '--organization', 'B'])).out).map(({ id }) => id)).toEqual(['ann', 'bob']);
    expect(lines((await bench.run(['user', 'export', '--organization', 'S'])).out)).toHaveLength(3);
    const unknown = await bench.run(['user', 'export', '--organization', 'nowhere']);
    expect([unknown.code, unknown.out, unknown.err]).toEqual([2, '', 'rolemint: There is no organization "nowhere".\n']);
  });

  it('writes any number of pages', async () => {
    const many = Array.from({ length: 2500 }, (_, index) => `${JSON.stringify({ id: `u${String(index).padStart(4, '0')}`, organization: 'C' })}\n`);
    await bench.run(['user', 'import', '-'], { stdin: many.join('') });
    const ids = lines((await bench.run(['user', 'export'])).out).map(({ id }) => id as string);
    expect(ids).toHaveLength(2503);
    expect(ids).toEqual([...ids].sort());
  });
});
