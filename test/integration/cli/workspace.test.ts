import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MARKETPLACE, openBench, PASSWORD, type Bench } from './harness.ts';
import { listAuditEvents } from '../../support/audit.ts';

const SMALL = `
rolemint: 1
organization_types: [{name: seller}]
organizations: [{id: MARKET, name: The Market, type: seller}]
users: [{id: alice, username: alice, organization: MARKET, password: {env: ALICE_PASSWORD}}]
`;

describe('plan, apply and export', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench();
  });
  afterEach(() => bench.close());

  it('plan ends with 2 when something would change, and changes nothing', async () => {
    const { code, out, err } = await bench.run(['plan', MARKETPLACE, '--insecure-plaintext']);
    expect({ code, err }).toEqual({ code: 2, err: '' });
    expect(out).toContain('to create');
    expect(await bench.app.store.access.hasUsers()).toBe(false);
    expect(await listAuditEvents(bench.app.store, { limit: 10 })).toEqual([]);
  });

  it('plan ends with 0 when nothing would change', async () => {
    expect(await bench.run(['apply', MARKETPLACE, '--insecure-plaintext'])).toMatchObject({ code: 0, err: '' });
    const again = await bench.run(['plan', MARKETPLACE, '--insecure-plaintext', '--json']);
    expect(again.code).toBe(0);
    expect(again.json()).toMatchObject({ workspace: 'marketplace', rows: [], effects: [] });
  });

  it('plan ends with 1 when the files are wrong, and names every place', async () => {
    await bench.write('bad.yaml', 'rolemint: 1\nusers:\n  - {id: "a b", usrname: x}\nroles: [{name: openid}]\n');
    const { code, out, err } = await bench.run(['plan', 'bad.yaml', '--json']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^rolemint: The workspace has \d+ problems; nothing was changed\.\n/);
    expect(err).toMatch(/bad\.yaml:3:\d+: users\[0\]/);
    expect(err).toMatch(/bad\.yaml:4:\d+: roles\[0\]\.name/);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('apply records the operator, and a second time changes nothing', async () => {
    const first = await bench.run(['apply', MARKETPLACE, '--insecure-plaintext', '--json']);
    expect((first.json()['rows'] as unknown[]).length).toBeGreaterThan(10);
    const events = await listAuditEvents(bench.app.store, { limit: 1000 });
    expect(events.length).toBeGreaterThan(10);
    expect(new Set(events.map(({ actor }) => `${actor.kind} ${actor.id}`))).toEqual(new Set(['operator ops']));
    expect((await bench.run(['apply', MARKETPLACE, '--insecure-plaintext', '--json'])).json()['rows']).toEqual([]);
    expect(await listAuditEvents(bench.app.store, { limit: 1000 })).toHaveLength(events.length);
  });

  it('apply --dry-run is plan', async () => {
    expect(await bench.run(['apply', MARKETPLACE, '--insecure-plaintext', '--dry-run'])).toMatchObject({ code: 2 });
    expect(await bench.app.store.access.hasUsers()).toBe(false);
  });

  it('refuses secrets in plain text without being told, and in production always', async () => {
    const untold = await bench.run(['apply', MARKETPLACE]);
    expect(untold).toMatchObject({ code: 1, out: '', err: expect.stringContaining('accepted only with --insecure-plaintext') });
    expect(untold.err).not.toContain(PASSWORD);
    const production = await bench.run(['apply', MARKETPLACE, '--insecure-plaintext'], { env: { ROLEMINT_PRODUCTION: 'true' } });
    expect(production).toMatchObject({ code: 1, out: '', err: expect.stringContaining('refused with ROLEMINT_PRODUCTION=true') });
    expect(await bench.app.store.access.hasUsers()).toBe(false);
  });

  it("takes {env: NAME} from the caller's environment, and asks only for names that files mention", async () => {
    await bench.write('small.yaml', SMALL);
    expect(await bench.run(['apply', 'small.yaml'])).toMatchObject({ code: 1, err: expect.stringContaining('"ALICE_PASSWORD", which is not set') });
    const { code, out } = await bench.run(['apply', 'small.yaml'], { env: { ALICE_PASSWORD: PASSWORD } });
    expect(code).toBe(0);
    expect(out).not.toContain(PASSWORD);
    const credential = await bench.app.store.signIn.findCredentialOf('alice');
    expect(await bench.app.hasher.verify(credential!.passwordHash!, PASSWORD)).toBe(true);
  });

  it('export gives a file that changes nothing, and never a secret', async () => {
    await bench.run(['apply', MARKETPLACE, '--insecure-plaintext']);
    const yaml = await bench.run(['export']);
    expect(yaml).toMatchObject({ code: 0, err: '' });
    expect(yaml.out).not.toMatch(/argon2|demo-backoffice-secret|Correct-Horse/);
    await bench.write('again.yaml', yaml.out);
    expect(await bench.run(['plan', 'again.yaml'])).toMatchObject({ code: 0 });
    const json = await bench.run(['export', '--json']);
    expect(json.json()).toMatchObject({ rolemint: 1, workspace: 'marketplace' });
    expect((await bench.run(['export', '--include-hashes'])).out).toContain('$argon2id$');
  });

  it('migrate says that the schema is up to date', async () => {
    expect((await bench.run(['migrate', '--json'])).json()).toEqual({ database: 'embedded', current: true });
  });
});
