import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { canonicalJson, FIRST_LINK } from '../../../src/domain/audit-chain.ts';
import type { AuditReader } from '../../../src/domain/audit-event.ts';
import { OPERATIONS } from '../../../src/cli/operations/all.ts';
import { openOperatorSocket } from '../../../src/cli/operator-socket.ts';
import { PACKAGE } from '../../../src/cli/package.ts';
import { runCli } from '../../../src/cli/run.ts';
import { sha256 } from '../../../src/storage/audit-entry.ts';
import { auditEvent } from '../../contract/samples.ts';
import { MARKETPLACE, openBench, runWith, type Bench } from './harness.ts';

let bench: Bench;
let count: number;

beforeAll(async () => {
  bench = await openBench([MARKETPLACE]);
  await bench.app.store.transaction(async (tx) => {
    await tx.audit(
      auditEvent({
        type: 'user_updated',
        at: new Date('2026-11-22T12:00:00Z'),
        actor: { kind: 'user', id: 'carla' },
        onBehalfOf: { kind: 'user', id: 'alice' },
        clientId: 'shop',
        target: { kind: 'user', id: 'bob' },
        requestId: 'r-1',
      }),
    );
    await tx.audit(auditEvent({ type: 'odd\u001B[31m', at: new Date('2026-11-23T12:00:00Z'), target: { kind: 'thing', id: 'a:b' } }));
  });
  count = (await bench.app.store.audit.readHead())!.events;
});
afterAll(async () => bench.close());

describe('audit list', () => {
  it('shows who did what, newest first, safe for a terminal', async () => {
    const { code, out } = await bench.run(['audit', 'list', '--limit', '2']);
    expect(code).toBe(0);
    const [head, newest, older, more] = out.split('\n');
    expect(head).toMatch(/^number +at +type +who +what$/);
    expect(newest).toContain(`${count}      2026-11-23T12:00:00.000Z  odd\\u{1b}[31m`);
    expect(older).toContain('user carla as alice through shop  user bob');
    expect(more).toBe(`more: the same with --after ${count - 1}`);
  });

  it.each<[string, readonly string[], number]>([
    ['--type', ['--type', 'user_updated'], 1],
    ['--actor', ['--actor', 'carla'], 1],
    ['--on-behalf-of', ['--on-behalf-of', 'alice'], 1],
    ['--target with an id', ['--target', 'thing:a:b'], 1],
    ['--target of a kind', ['--target', 'thing'], 1],
    ['--request', ['--request', 'r-1'], 1],
    ['--since', ['--since', '2026-11-23'], 1],
    ['--until', ['--until', '2026-01-01'], 0],
    ['all together', ['--actor', 'carla', '--target', 'user:bob', '--since', '2026-11-22', '--until', '2026-11-23'], 1],
    ['what does not fit together', ['--actor', 'carla', '--type', 'user_created'], 0],
  ])('%s', async (_, argv, expected) => {
    const { code, json } = await bench.run(['audit', 'list', ...argv, '--json']);
    expect(code).toBe(0);
    expect(json()).toMatchObject({ events: { length: expected }, next: null });
  });

  it('pages from both ends', async () => {
    const ids = async (...argv: string[]) => {
      const { json } = await bench.run(['audit', 'list', '--limit', '2', '--json', ...argv]);
      return (json()['events'] as { readonly id: string }[]).map(({ id }) => Number(id));
    };
    expect(await ids()).toEqual([count, count - 1]);
    expect(await ids('--after', String(count - 1))).toEqual([count - 2, count - 3]);
    expect(await ids('--oldest-first')).toEqual([1, 2]);
    expect(await ids('--oldest-first', '--after', '2')).toEqual([3, 4]);
  });

  it('says so when there is none, and what is wrong with the command line', async () => {
    expect((await bench.run(['audit', 'list', '--type', 'nothing'])).out).toBe('There are no such audit events.\n');
    expect(await bench.run(['audit', 'list', '--since', 'yesterday'])).toMatchObject({ code: 1, err: expect.stringContaining('Write an instant') });
    expect(await bench.run(['audit', 'list', '--after', '9999'])).toMatchObject({ code: 2, err: 'rolemint: There is no audit event 9999.\n' });
    expect(await bench.run(['audit', 'list', '--after', 'x'])).toMatchObject({ code: 1, err: expect.stringContaining('number of an event') });
  });
});

describe('audit export', () => {
  it('writes every event, oldest first, so that the chain can be verified from the lines alone', async () => {
    const { code, out } = await bench.run(['audit', 'export']);
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(count);
    let previous = FIRST_LINK;
    for (const [index, line] of lines.entries()) {
      const { id, hash, organization = '', ...said } = JSON.parse(line) as Record<string, unknown> & { readonly organization?: string };
      expect(id).toBe(String(index + 1));
      expect(sha256(`${previous}${sha256(canonicalJson(said))}${organization}`)).toBe(hash);
      previous = hash as string;
    }
  });

  it('of a span of time', async () => {
    const { out } = await bench.run(['audit', 'export', '--since', '2026-11-23', '--until', '2026-11-24']);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    expect(await bench.run(['audit', 'export', '--since', '2030-01-01'])).toMatchObject({ code: 0, out: '' });
  });

  it('goes through a long trail in pages, and waits for whoever reads', async () => {
    const long = await openBench();
    const many = Array.from({ length: 1200 }, (_, index) => auditEvent({ target: { kind: 'thing', id: String(index) } }));
    await long.app.store.transaction(async (tx) => {
      for (const event of many) await tx.audit(event);
    });
    const asked: number[] = [];
    const audit: AuditReader = { ...long.app.store.audit, list: (query) => (asked.push(query.limit), long.app.store.audit.list(query)) };
    let [written, waited, full] = ['', 0, false];
    const code = await runCli(['audit', 'export'], {
      stdin: process.stdin,
      stdout: {
        write: (text) => {
          if (full) throw new Error('did not wait');
          written += text;
          full = true;
          return false;
        },
        once: (_event, listener) => {
          waited += 1;
          setImmediate(() => {
            full = false;
            listener();
          });
        },
      },
      stderr: { write: () => true },
      env: {},
      cwd: long.folder,
      operator: 'ops',
      signals: { on: () => undefined, off: () => undefined },
      openApp: async (config) => ({ ...long.app, config, store: { ...long.app.store, audit }, close: async () => {} }),
    });
    expect(code).toBe(0);
    expect(written.trimEnd().split('\n')).toHaveLength(1200);
    expect(asked).toEqual([500, 500, 500]);
    expect(waited).toBe(3);
    await long.close();
  });
});

describe('audit verify', () => {
  it('says how many events are unbroken, and where the chain ends', async () => {
    const { hash } = (await bench.app.store.audit.readHead())!;
    expect(await bench.run(['audit', 'verify'])).toMatchObject({ code: 0, out: `${count} events, unbroken\nend of the chain: ${count}:${hash}\n` });
    expect((await bench.run(['audit', 'verify', '--json'])).json()).toEqual({ unbroken: true, events: count, hash, fault: null });
    expect((await bench.run(['audit', 'verify', '--expect', `${count}:${hash}`])).code).toBe(0);
  });

  it('ends with 1 and names the event when something does not fit', async () => {
    const broken = await bench.run(['audit', 'verify', '--expect', `2:${'5f'.repeat(32)}`]);
    expect(broken).toMatchObject({ code: 1, out: 'broken: event 2 is not the one that was noted; 1 events before are unbroken\n' });
    const { code, json } = await bench.run(['audit', 'verify', '--expect', `${count + 1}:${'5f'.repeat(32)}`, '--json']);
    expect({ code, found: json() }).toMatchObject({ code: 1, found: { unbroken: false, events: count, fault: { kind: 'cut', event: count + 1 } } });
  });

  it('refuses an end that nobody can have noted', async () => {
    for (const expect_ of ['5', '5:abc', `0:${'0'.repeat(64)}`])
      expect(await bench.run(['audit', 'verify', '--expect', expect_])).toMatchObject({
        code: 1,
        err: expect.stringContaining('what audit verify printed'),
      });
  });
});

describe('while a server has the embedded database open', () => {
  it('the same comes from the server', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'rolemint-audit-'));
    const close = await openOperatorSocket({ dataDir, version: PACKAGE.version, app: bench.app, operations: OPERATIONS });
    const through = (...argv: string[]) =>
      runWith(argv, {
        stdin: process.stdin,
        env: { ROLEMINT_DATA_DIR: dataDir },
        cwd: dataDir,
        operator: 'ops',
        signals: { on: () => undefined, off: () => undefined },
        timeZone: 'UTC',
      });
    for (const argv of [
      ['audit', 'list'],
      ['audit', 'export', '--since', '2026-11-22'],
      ['audit', 'verify', '--json'],
    ]) {
      expect(await through(...argv)).toMatchObject({ code: 0, err: '', out: (await bench.run(argv)).out });
    }
    expect((await through('audit', 'verify', '--expect', `1:${'0'.repeat(64)}`)).code).toBe(1);
    await close();
    await rm(dataDir, { recursive: true, force: true });
  });
});
