import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { MARKETPLACE, runWith, type Result } from './harness.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once standard error contains the text; rejects when the program ends before. */
  saying(text: string): Promise<string>;
}

let folder: string;
let port: number;
let environment: Record<string, string>;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rolemint-serve-'));
  port = await freePort();
  children = [];
  environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    ROLEMINT_PORT: String(port),
    ROLEMINT_DATA_DIR: path.join(folder, 'data'),
    ROLEMINT_KEYS_DIR: path.join(folder, 'keys'),
  };
});
afterEach(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: found } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return found;
}

function start(command: string, argv: readonly string[], env: Record<string, string> = {}): Program {
  const child = spawn(command, argv, { cwd: ROOT, env: { ...environment, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let out = '';
  let err = '';
  const heard = new Set<() => void>();
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
    for (const listener of heard) listener();
  });
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  const saying = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const listener = () => {
        if (err.includes(text)) resolve(err);
      };
      heard.add(listener);
      listener();
      void ended.then(() => reject(new Error(`ended without saying ${JSON.stringify(text)}:\n${err}\n${out}`)));
    });
  return { child, ended, saying };
}

const rolemint = (argv: readonly string[], env: Record<string, string> = {}): Program =>
  start(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...argv], env);
/** The command in this process, which is quicker to start; the server that has the database is another one all the same. */
const quickly = (argv: readonly string[], env: Record<string, string> = {}): Promise<Result> =>
  runWith(argv, {
    stdin: Readable.from([]),
    env: { ...environment, ...env },
    cwd: ROOT,
    operator: 'ops',
    signals: { on: () => undefined, off: () => undefined },
  });
const demoLines = (banner: string): string[] =>
  banner
    .split('\n')
    .filter((line) => line.startsWith('  curl '))
    .map((line) => line.trim());
const paste = async (line: string): Promise<Record<string, unknown>> =>
  JSON.parse((await start('sh', ['-c', line]).ended).out) as Record<string, unknown>;

describe('rolemint serve on the embedded database', () => {
  it('shows the demo, answers the lines that it prints, lets commands in while it runs, and stops cleanly; a second start keeps everything', async () => {
    const first = rolemint(['serve', '--demo']);
    const banner = await first.saying('Ctrl-C stops it.');
    for (const url of [
      '/oauth/token',
      '/oauth/introspect',
      '/oauth/revoke',
      '/.well-known/jwks.json',
      '/.well-known/openid-configuration',
      '/healthz',
      '/metrics',
    ]) {
      expect(banner).toContain(`http://localhost:${port}${url}\n`);
    }
    const [, link = ''] = /\n {2}(http:\S+\/sign-in\/one-time\?token=[\w-]{43})\n/.exec(banner) ?? [];
    expect(await (await fetch(link)).text()).toContain('Set the password of admin');
    const [password, credentials, introspect, ...rest] = demoLines(banner) as [string, string, string];
    expect(rest).toEqual([]);
    expect(await paste(password)).toMatchObject({ token_type: 'Bearer', scope: 'OrderApprover Shopper' });
    expect(await paste(credentials)).toMatchObject({ token_type: 'Bearer', scope: 'FullAccess OrderAdmin' });
    expect(await paste(introspect)).toMatchObject({ active: true, username: 'alice', roles: ['OrderApprover', 'Shopper'] });

    const why = await rolemint(['why', 'alice', 'OrderApprover', '--client', 'shop']).ended;
    expect(why).toMatchObject({
      code: 0,
      out: expect.stringContaining('alice has OrderApprover in tokens for shop.\n  ✓ through user group'),
      err: '',
    });
    expect((await quickly(['why', 'admin', 'FullAccess', '--json'])).json()).toMatchObject({ verdict: 'granted' });
    const missing = await quickly(['why', 'alice', 'OrderAdmin', '--json']);
    expect(missing.code).toBe(2);
    expect(missing.json()).toMatchObject({ verdict: 'unheld' });
    expect(await quickly(['user', 'show', 'nobody'])).toMatchObject({ code: 2, out: '', err: 'rolemint: There is no user "nobody".\n' });

    await writeFile(
      path.join(folder, 'w.yaml'),
      'rolemint: 1\nusers: [{id: zoe, username: zoe, organization: fjord, password: {env: ZOE_PASSWORD}}]\n',
    );
    const applied = await quickly(['apply', path.join(folder, 'w.yaml'), '--json'], { ZOE_PASSWORD: 'Correct-Horse-8-Battery' });
    expect(applied).toMatchObject({ code: 0, err: '' });
    const token = await paste(
      `curl -s -u backoffice:demo-backoffice-secret http://localhost:${port}/oauth/token -d grant_type=password -d username=zoe -d password=Correct-Horse-8-Battery`,
    );
    expect(token).toMatchObject({ token_type: 'Bearer' });

    const doctor = await quickly(['doctor', '--json']);
    expect(doctor.code).toBe(0);
    const { checks } = JSON.parse(doctor.out) as { checks: { name: string; status: string; finding: string }[] };
    expect(checks.find(({ name }) => name === 'server')).toMatchObject({ status: 'ok' });
    expect(checks.find(({ name }) => name === 'database')).toMatchObject({
      status: 'warn',
      finding: expect.stringContaining('client backoffice, client orders-api'),
    });

    const other = await rolemint(['serve'], { ROLEMINT_PORT: String(await freePort()) }).ended;
    expect(other.code).toBe(1);
    expect(other.err).toMatch(/^(?:oidc-provider WARNING.*\n)?rolemint: The data directory .* is already open in process \d+/);

    first.child.kill('SIGINT');
    const ended = await first.ended;
    expect(ended.code).toBe(0);
    expect(ended.err).toContain('rolemint: stopped.\n');
    expect(ended.out + ended.err).not.toContain('Correct-Horse-8-Battery');

    const second = rolemint(['serve', '--demo']);
    const again = await second.saying('Ctrl-C stops it.');
    expect(again).not.toContain('the demo marketplace is loaded');
    expect(again).not.toContain('/sign-in/one-time');
    expect(demoLines(again)).toEqual([password, credentials, introspect]);
    expect(await quickly(['user', 'show', 'zoe', '--json'])).toMatchObject({ code: 0 });
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
  }, 180_000);

  it('applies files, and bootstraps once, with and without a running server', async () => {
    expect(await quickly(['why', 'alice', 'Shopper'])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('There is no database in') });
    await writeFile(
      path.join(folder, 'w.yaml'),
      'rolemint: 1\nworkspace: mine\norganization_types: [{name: t}]\norganizations: [{id: o, name: o, type: t}]\n',
    );
    const server = rolemint(['serve', '--apply', path.join(folder, 'w.yaml')]);
    await new Promise<void>((resolve) => server.child.stdout!.on('data', (chunk) => String(chunk).includes('"listening"') && resolve()));
    const made = await rolemint(['bootstrap', '--json']).ended;
    expect(made.code).toBe(0);
    const { username, one_time_link: link, client_id: id, client_secret: secret } = JSON.parse(made.out) as Record<string, string>;
    expect({ username, id }).toEqual({ username: 'admin', id: 'rolemint-admin' });
    expect(
      await paste(`curl -s -u ${id}:${secret} http://localhost:${port}/oauth/token -d grant_type=client_credentials -d scope=FullAccess`),
    ).toMatchObject({ scope: 'FullAccess' });
    expect((await fetch(link!)).status).toBe(200);
    server.child.kill('SIGTERM');
    const ended = await server.ended;
    expect(ended.code).toBe(0);
    expect(ended.out).not.toContain(secret);
    expect(ended.err).not.toContain('stopped');
    for (const line of ended.out.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) });
    const again = await rolemint(['bootstrap', '--json']).ended;
    expect(again).toMatchObject({ code: 1, out: '', err: expect.stringContaining('There is an administrator already: admin.') });
  }, 180_000);

  it('refuses in production what is for trying out, before anything is opened', async () => {
    const production = { ROLEMINT_PRODUCTION: 'true' };
    expect(await quickly(['serve', '--demo'], production)).toMatchObject({
      code: 1,
      out: '',
      err: 'rolemint: --demo is refused with ROLEMINT_PRODUCTION=true.\n',
    });
    expect(await quickly(['serve', '--apply', MARKETPLACE, '--insecure-plaintext'], production)).toMatchObject({
      code: 1,
      err: expect.stringContaining('--insecure-plaintext is refused with ROLEMINT_PRODUCTION=true'),
    });
    expect(await quickly(['serve'], { ...production, ROLEMINT_ISSUER: 'http://id.example.com' })).toMatchObject({
      code: 1,
      err: expect.stringContaining('in production it must be https'),
    });
    expect(await quickly(['serve'], { ROLEMINT_PORT: '0' })).toMatchObject({
      code: 1,
      err: expect.stringContaining('ROLEMINT_ISSUER: must be set when ROLEMINT_PORT is 0'),
    });
  }, 60_000);
});
