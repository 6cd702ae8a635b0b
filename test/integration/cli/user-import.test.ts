import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { DomainError } from '../../../src/domain/errors.ts';
import type { User } from '../../../src/domain/party.ts';
import { verifyAuditChain } from '../../../src/services/audit.ts';
import { listAuditEvents } from '../../support/audit.ts';
import { openBench, PASSWORD, runWith, type Bench } from './harness.ts';

const HASH = '$2y$06$wnn48RqzG8LgeaGJAYdKn.Mce.6AAyPDmcRsfirlnGwtJg0RaUZ5q';
const WORKSPACE = `
rolemint: 1
organization_types: [{name: buyer}]
organizations: [{id: acme, type: buyer}, {id: other, type: buyer}]
user_groups: [{id: staff, organization: acme}, {id: night, organization: acme}]
clients: [{client_id: shop, grant_types: [password], token_endpoint_auth_method: none}]
`;

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
  await bench.run(['apply', await bench.write('workspace.yaml', WORKSPACE)]);
});
afterEach(() => bench.close());

const ndjson = (users: readonly unknown[]) => users.map((user) => `${typeof user === 'string' ? user : JSON.stringify(user)}\n`).join('');
const user = (id: string, more: object = {}) => ({ id, organization: 'acme', ...more });
const many = (count: number) => Array.from({ length: count }, (_, index) => user(`u${String(index).padStart(5, '0')}`));
const stored = async (...ids: string[]): Promise<ReadonlyMap<string, User>> =>
  bench.app.store.transaction((tx) => tx.users.findMany(ids), { rollback: true });
const events = async (type: string) => (await listAuditEvents(bench.app.store, { limit: 10_000, type })).map(({ target }) => target.id).sort();

describe('rolemint user import', () => {
  it('imports NDJSON and CSV, compressed or not, from a file or standard input: the same users', async () => {
    const text = ndjson([
      user('ann', { username: 'Ann@Example.com', email: 'ann@example.com', user_groups: ['staff', 'night'], authorized_organizations: ['other'] }),
      '',
      user('bob', { active: false, password_hash: HASH }),
    ]);
    const csv =
      '\uFEFFid,username,organization,email,user_groups,authorized_organizations,active,password_hash\r\n' +
      'ann,Ann@Example.com,acme,ann@example.com,staff; night,other,,\r\n' +
      `bob,,acme,,,,false,"${HASH}"\r\n`;
    const first = await bench.run(['user', 'import', await bench.write('users.ndjson', text), '--json']);
    expect(first.json()).toMatchObject({ read: 2, created: 2, updated: 0, unchanged: 0, refused: 0, ended: 'complete', problems: [] });
    expect(first.code).toBe(0);
    const users = await stored('ann', 'bob');
    expect(users.get('ann')).toMatchObject({ username: 'Ann@Example.com', authorizedOrganizations: ['other'], active: true });
    expect(users.get('ann')!.memberships.map(({ userGroup }) => userGroup)).toEqual(['night', 'staff']);
    expect(users.get('bob')).toMatchObject({ username: 'bob', active: false });
    expect((await bench.app.store.signIn.findCredentialOf('bob'))!.passwordHash).toBe(HASH);

    await writeFile(path.join(bench.folder, 'users.ndjson.gz'), gzipSync(text));
    await writeFile(path.join(bench.folder, 'users.csv.gz'), gzipSync(csv));
    await bench.write('users.csv', csv);
    await bench.write('semicolons.csv', 'organization;id\nacme;ann\n');
    for (const argv of [['users.csv'], ['users.csv.gz'], ['users.ndjson.gz']]) {
      const again = await bench.run(['user', 'import', ...argv, '--json']);
      expect([again.err, again.json()]).toMatchObject(['', { read: 2, created: 0, updated: 0, unchanged: 2, refused: 0 }]);
    }
    expect((await bench.run(['user', 'import', '-', '--json'], { stdin: text })).json()).toMatchObject({ unchanged: 2 });
    expect((await bench.run(['user', 'import', '-', '--format', 'csv', '--json'], { stdin: csv })).json()).toMatchObject({ unchanged: 2 });
    expect((await bench.run(['user', 'import', 'semicolons.csv', '--delimiter', ';', '--json'])).json()).toMatchObject({ unchanged: 1 });
    expect(await events('user_created')).toEqual(['ann', 'bob']);
    expect(await events('user_updated')).toEqual([]);
  });

  it('changes what a file says otherwise, leaves what it does not say, and never a password that is there', async () => {
    await bench.run(['user', 'import', '-'], {
      stdin: ndjson([user('ann', { email: 'ann@example.com', user_groups: ['staff'], password_hash: HASH })]),
    });
    const other = HASH.replace('$2y$06$', '$2b$06$');
    const { out } = await bench.run(['user', 'import', '-'], { stdin: ndjson([{ id: 'ann', email: null, active: false, password_hash: other }]) });
    expect(out).toMatch(/^0 created, 1 updated, 0 unchanged, 0 refused, in 0 s\.\naudit events: rolemint audit list --request import-/);
    const ann = (await stored('ann')).get('ann')!;
    expect(ann).toMatchObject({ active: false, memberships: [expect.objectContaining({ userGroup: 'staff' })] });
    expect(ann.email).toBeUndefined();
    expect((await bench.app.store.signIn.findCredentialOf('ann'))!.passwordHash).toBe(HASH);
    const [updated] = await listAuditEvents(bench.app.store, { limit: 1, type: 'user_updated' });
    expect(updated).toMatchObject({
      actor: { kind: 'operator', id: 'ops' },
      before: { email: 'ann@example.com', active: true },
      after: { active: false },
      requestId: expect.stringMatching(/^import-/),
    });
  });

  it('says what people lose to the APIs that verify by themselves, and nothing of those who come', async () => {
    await bench.run(['user', 'import', '-'], { stdin: ndjson([user('ann'), user('bob')]) });
    const now = new Date(bench.time.now);
    const losses = async () => (await bench.app.store.revocationFeed.news({ now, notBeforeAfter: new Date(0) })).roleLosses;
    expect(await losses()).toEqual([]);
    await bench.run(['user', 'import', '-'], { stdin: ndjson([user('carl'), { id: 'ann', active: false }]) });
    expect(await losses()).toEqual([expect.objectContaining({ subject: { kind: 'user', id: 'ann' }, role: '*' })]);
  });

  it('stops at the first record that is refused: what stands before it is in, and the line and the field are named', async () => {
    const lines = [...many(1200), user('bad', { email: 'nobody' }), user('lost', { organization: 'nowhere' }), ...many(3)];
    const file = await bench.write('users.ndjson', ndjson(lines));
    const { code, out, err } = await bench.run(['user', 'import', file]);
    expect(code).toBe(1);
    expect(err).toMatch(/^line 1201: email: must be an e-mail address\./);
    expect(out).toMatch(/^1,200 created, 0 updated, 0 unchanged, \d refused, in 0 s\.\nStopped there: correct the file/);
    expect((await events('user_created')).length).toBe(1200);
  });

  it('skips what is refused, names each in the report, and imports the rest', async () => {
    await bench.run(['user', 'import', '-'], { stdin: ndjson([user('taken', { username: 'Taken Name' })]) });
    const file = await bench.write(
      'users.ndjson',
      ndjson([
        user('a1'),
        '{"id": "broken", "password": "hunter2-hunter2',
        user('a2', { organization: 'nowhere', user_groups: ['staff', 'no-such-group'] }),
        user('a3', { username: 'taken name' }),
        user('shop'),
        user('a4', { password: PASSWORD }),
        user('a5', { password_hash: 'plain' }),
        user('a6', { favourite_colour: 'red' }),
        '{"id": "a7", "organization": "acme", "__proto__": {"active": false}}',
        '["a8"]',
        { id: 'a9' },
        user('a1', { active: false }),
        user('a10'),
      ]),
    );
    const { code, out } = await bench.run(['user', 'import', file, '--on-error', 'skip', '--report', 'refused.ndjson', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ read: 13, created: 2, refused: 11, ended: 'complete' });
    const report = await readFile(path.join(bench.folder, 'refused.ndjson'), 'utf8');
    const refused = report
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { line: number; field: string; message: string });
    expect(refused.map(({ line, field }) => `${line} ${field}`).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))).toEqual([
      '2 ',
      '3 organization',
      '3 user_groups[1]',
      '4 ',
      '5 id',
      '6 password',
      '7 password_hash',
      '8 favourite_colour',
      '9 __proto__',
      '10 ',
      '11 organization',
      '12 id',
    ]);
    expect(refused.find(({ line }) => line === 4)!.message).toMatch(/user name/);
    expect(report).not.toMatch(/hunter2|Correct-Horse/);
    expect(await events('user_created')).toEqual(['a1', 'a10', 'taken']);
  });

  it('tells with --dry-run, and changes nothing', async () => {
    const file = await bench.write('users.ndjson', ndjson([user('ann'), user('bob', { email: 'nobody' })]));
    const { code, out } = await bench.run(['user', 'import', file, '--dry-run', '--on-error', 'skip']);
    expect(code).toBe(1);
    expect(out).toBe('Dry run, nothing was changed: 1 created, 0 updated, 0 unchanged, 1 refused, in 0 s.\n');
    expect((await stored('ann')).size).toBe(0);
    expect(await events('user_created')).toEqual([]);
  });

  it('takes plain passwords only when told to, and never in production', async () => {
    const stdin = ndjson([user('ann', { password: PASSWORD })]);
    expect((await bench.run(['user', 'import', '-'], { stdin })).err).toMatch(/line 1: password: is a secret in plain text/);
    const production = { ROLEMINT_PRODUCTION: 'true' };
    const refused = await bench.run(['user', 'import', '-', '--insecure-plaintext'], { stdin, env: production });
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('--insecure-plaintext is refused')]);
    expect((await bench.run(['user', 'import', '-', '--insecure-plaintext'], { stdin })).code).toBe(0);
    const credential = await bench.app.store.signIn.findCredentialOf('ann');
    expect(await bench.app.hasher.verify(credential!.passwordHash!, PASSWORD)).toBe(true);
  });

  it.each([
    ['missing.ndjson', undefined, /missing\.ndjson does not exist\./, 2],
    ['users.csv', 'id,organisation\nann,acme\n', /The header has the unknown column "organisation"\. Did you mean "organization"\?/, 1],
    ['users.csv', 'id,id\nann,acme\n', /The header has the column id twice/, 1],
    ['users.csv', 'id,organization\nann\n', /line 2: has not as many fields as the header/, 1],
    ['users.csv.gz', 'id,organization\nann,acme\n', /is no gzip/, 1],
    ['users.ndjson', Buffer.from([0x7b, 0xff, 0x7d]), /not valid UTF-8/, 1],
    ['users.ndjson', 'x'.repeat(1024 * 1024 + 1), /line 1: is longer than/, 1],
  ])('explains what is wrong with %s', async (name, content, message, code) => {
    if (content !== undefined) await writeFile(path.join(bench.folder, name), content);
    const result = await bench.run(['user', 'import', name]);
    expect(result.err).toMatch(message);
    expect(result.code).toBe(code);
  });

  it('draws a bar on a terminal, and writes a line now and then elsewhere', async () => {
    const file = await bench.write('users.ndjson', ndjson(many(3000)));
    const shown = async (tty: boolean) => {
      const transaction = bench.app.store.transaction.bind(bench.app.store);
      const slow = { ...bench.app.store, transaction: ((...given) => ((bench.time.now += 11_000), transaction(...given))) as typeof transaction };
      return runWith(['user', 'import', file], {
        stdin: Readable.from([]),
        env: { ROLEMINT_ISSUER: 'https://id.example.com' },
        cwd: bench.folder,
        operator: 'ops',
        signals: new EventEmitter(),
        openApp: async () => ({ ...bench.app, store: slow, close: async () => {} }),
        clock: bench.app.clock,
        tty,
      });
    };
    expect((await shown(true)).err).toMatch(/\[#+\.*\] \d+ %, 1,000 users, 91 a second, \d+ s left/);
    expect((await shown(false)).err).toMatch(/^\d+ %, 1,000 users, 91 a second/);
  });

  it('ends after the batch when it is interrupted, and goes on the next time', async () => {
    const file = await bench.write('users.ndjson', ndjson(many(3000)));
    const signals = new EventEmitter();
    const interrupted = await runWith(['user', 'import', file], {
      stdin: Readable.from([]),
      env: { ROLEMINT_ISSUER: 'https://id.example.com' },
      cwd: bench.folder,
      operator: 'ops',
      signals,
      openApp: async () => {
        signals.emit('SIGINT');
        return { ...bench.app, close: async () => {} };
      },
      clock: bench.app.clock,
    });
    expect(interrupted.code).toBe(1);
    expect(interrupted.out).toMatch(/^1,000 created,.*\nInterrupted: run it again, and it goes on\./);
    expect(signals.listenerCount('SIGINT')).toBe(0);
    expect((await bench.run(['user', 'import', file, '--json'])).json()).toMatchObject({ created: 2000, unchanged: 1000 });
    expect((await verifyAuditChain(bench.app.store.audit)).fault).toBeUndefined();
    expect(new Set(await events('user_created')).size).toBe(3000);
  });

  it('tries a batch again while the database does not answer', async () => {
    let left = 1;
    const transaction = bench.app.store.transaction.bind(bench.app.store);
    const flaky: typeof transaction = async (work, options) => {
      const done = await transaction(work, options);
      // The answer is lost: what was committed stays.
      if (options?.rollback !== true && (left -= 1) >= 0)
        throw new DomainError('unavailable', 'The database does not answer.', { retryAfterSeconds: 0 });
      return done;
    };
    const result = await runWith(['user', 'import', '-', '--json'], {
      stdin: Readable.from([ndjson(many(5))]),
      env: { ROLEMINT_ISSUER: 'https://id.example.com' },
      cwd: bench.folder,
      operator: 'ops',
      signals: new EventEmitter(),
      openApp: async () => ({ ...bench.app, store: { ...bench.app.store, transaction: flaky }, close: async () => {} }),
      clock: bench.app.clock,
    });
    expect(result.json()).toMatchObject({ read: 5, created: 0, unchanged: 5, ended: 'complete' });
    expect((await events('user_created')).length).toBe(5);
  });
});
