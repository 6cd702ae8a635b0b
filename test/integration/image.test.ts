/**
 * The final stage of the Dockerfile laid out by hand, since no container engine is at hand in a test: the files that it
 * copies, production dependencies only, owned by somebody else and not writable, run by a user without rights.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const ROOT = path.resolve(import.meta.dirname, '../..');
const dockerfile = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8');
const isRoot = process.getuid?.() === 0;
/** `nobody`, wherever there is one. */
const NOBODY = 65_534;
const account = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

const folder = mkdtempSync(path.join(tmpdir(), 'rolemint-image-'));
const app = path.join(folder, 'app');
const volumes = { data: path.join(folder, 'data'), keys: path.join(folder, 'keys') };

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
}

/** What `npm ci --omit=dev` installs, taken from what is installed. */
function copyProductionDependencies(): string[] {
  const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
  const wanted = Object.entries(packages)
    .filter(([location, { dev, devOptional }]) => location !== '' && dev !== true && devOptional !== true)
    .map(([location]) => location);
  for (const location of wanted.filter((name) => existsSync(path.join(ROOT, name)))) {
    cpSync(path.join(ROOT, location), path.join(app, location), {
      recursive: true,
      filter: (source) => !source.slice(ROOT.length + location.length + 1).includes('node_modules'),
    });
  }
  return wanted;
}

/** Every file below a folder with what would show that it was written. */
function snapshot(below: string): string[] {
  const entries = readdirSync(below, { recursive: true, encoding: 'utf8' }).map((name) => path.join(below, name));
  return [below, ...entries].map((file) => {
    const { mode, size, mtimeMs } = statSync(file);
    return `${file} ${mode} ${size} ${mtimeMs}`;
  });
}

function takeWriteAway(below: string): void {
  for (const name of ['', ...readdirSync(below, { recursive: true, encoding: 'utf8' })]) {
    const file = path.join(below, name);
    chmodSync(file, (statSync(file).mode & 0o555) | 0o444);
  }
}

/** Node where the unprivileged user can reach it: a copy, when this one runs from a private folder. */
function node(): string {
  const runs = spawnSync(process.execPath, ['--version'], { ...account, cwd: '/' });
  if (runs.status === 0) return process.execPath;
  const copy = path.join(folder, 'node');
  copyFileSync(process.execPath, copy);
  chmodSync(copy, 0o755);
  return copy;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

describe('the final stage of the image, on a tree that cannot be written', () => {
  let url: string;
  let program: string;
  let server: ChildProcess;
  let output = '';
  let log = '';
  let before: string[];
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    if (!existsSync(path.join(ROOT, 'dist/src/cli/main.js'))) throw new Error('nothing is compiled: run `npm run build` first, as `npm test` does');
    chmodSync(folder, 0o755);
    mkdirSync(app);
    copyProductionDependencies();
    const copied = [...dockerfile.matchAll(/^COPY (?:--from=build \/app\/)?(dist|examples|package\.json LICENSE) /gm)].flatMap(([, files]) =>
      files!.split(' '),
    );
    expect(copied).toEqual(['dist', 'examples', 'package.json', 'LICENSE']);
    for (const file of copied) cpSync(path.join(ROOT, file), path.join(app, file), { recursive: true });
    takeWriteAway(app);
    for (const volume of Object.values(volumes)) {
      mkdirSync(volume, { mode: 0o700 });
      if (isRoot) chownSync(volume, NOBODY, NOBODY);
    }
    before = snapshot(app);
    program = node();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    environment = {
      ROLEMINT_PRODUCTION: 'true',
      ROLEMINT_PORT: String(port),
      ROLEMINT_DATA_DIR: volumes.data,
      ROLEMINT_KEYS_DIR: volumes.keys,
      NODE_ENV: 'production',
    };
    server = spawn(program, [path.join(app, 'dist/src/cli/main.js'), 'serve'], {
      ...account,
      cwd: app,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [server.stdout!, server.stderr!]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    server.stdout!.on('data', (chunk: Buffer) => (log += chunk.toString()));
    while (!(await isReady())) {
      if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}:\n${output}`);
      await delay(50);
    }
  }, 90_000);

  afterAll(async () => {
    if (server?.exitCode === null) {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    if (!isRoot) for (const name of ['', ...readdirSync(app, { recursive: true, encoding: 'utf8' })]) chmodSync(path.join(app, name), 0o755);
    rmSync(folder, { recursive: true, force: true });
  });

  async function isReady(): Promise<boolean> {
    try {
      return (await fetch(`${url}/readyz`)).ok;
    } catch {
      return false;
    }
  }

  it('answers', async () => {
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'alive' });
    const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: unknown[] };
    expect(keys.length).toBeGreaterThan(0);
  });

  it('is healthy by the command of its HEALTHCHECK', () => {
    const [, command] = /HEALTHCHECK[^[]*CMD (\[.*\])/.exec(dockerfile.replaceAll('\\\n', ' ')) ?? [];
    const [, ...parameters] = JSON.parse(command!) as string[];
    expect(spawnSync(program, parameters, { ...account, cwd: app, env: environment }).status).toBe(0);
    expect(spawnSync(program, parameters, { ...account, cwd: app, env: { ...environment, ROLEMINT_PORT: '1' } }).status).toBe(1);
  });

  it('has no development dependency in it', () => {
    const { devDependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
    const present = Object.keys(devDependencies).filter((name) => existsSync(path.join(app, 'node_modules', name)));
    // `@types/node` comes along with a dependency of the product; it is types only.
    expect(present.filter((name) => !name.startsWith('@types/'))).toEqual([]);
  });

  it('carries out commands from inside, as `docker compose exec` does', () => {
    const { status, stdout, stderr } = spawnSync(program, [path.join(app, 'dist/src/cli/main.js'), 'keys', 'list', '--json'], {
      ...account,
      cwd: app,
      env: environment,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect((JSON.parse(stdout) as { keys: { status: string }[] }).keys.map((key) => key.status).toSorted()).toEqual(['current', 'next']);
  });

  it('ends with 0 on the stop signal, having written nothing but its volumes', async () => {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(snapshot(app)).toEqual(before);
    expect(
      readdirSync(folder)
        .filter((name) => name !== 'node')
        .toSorted(),
    ).toEqual(['app', 'data', 'keys']);
    expect(statSync(path.join(volumes.keys, 'signing-keys.json')).mode & 0o777).toBe(0o600);
    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event?: string });
    expect(lines.map(({ event }) => event)).toEqual(expect.arrayContaining(['listening', 'stopping']));
  });
});
