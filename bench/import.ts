/**
 * @module Imports users with the command, twice, and exports them: `node --import tsx bench/import.ts [users]`. Prints how
 * long it took, how many a second, and the most memory that the command held. Needs `npm run build`.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openBenchStores } from './stores.ts';

const USERS = Number(process.argv.slice(2).find((argument) => /^\d+$/.test(argument)) ?? 1_000_000);
const ORGANIZATIONS = 1000;
const MAIN = path.resolve(import.meta.dirname, '../dist/src/cli/main.js');
/** Of no password. */
const HASH = '$2b$10$wnn48RqzG8LgeaGJAYdKn.Mce.6AAyPDmcRsfirlnGwtJg0RaUZ5q';

const stores = await openBenchStores();
const folder = await mkdtemp(path.join(tmpdir(), 'rolemint-bench-import-'));
try {
  const environment = await stores.environment();
  await writeFile(path.join(folder, 'workspace.json'), JSON.stringify(workspace()));
  await writeUsers(path.join(folder, 'users.ndjson'));
  await run('apply', ['apply', 'workspace.json'], environment);
  console.log(`${USERS.toLocaleString('en')} users into ${stores.kind}, Node ${process.version}\n`);
  console.log('| | seconds | users a second | most memory of the command |\n|---|---|---|---|');
  for (const name of ['import', 'the same again']) row(name, await run(name, ['user', 'import', 'users.ndjson', '--json'], environment));
} finally {
  await stores.close();
  await rm(folder, { recursive: true, force: true });
}

function workspace(): object {
  const numbers = Array.from({ length: ORGANIZATIONS }, (_, index) => index);
  return {
    rolemint: 1,
    organization_types: [{ name: 'seller' }, { name: 'buyer', parents: ['seller'] }],
    organizations: [{ id: 'market', type: 'seller' }, ...numbers.map((index) => ({ id: `o${index}`, type: 'buyer', parent: 'market' }))],
    user_groups: numbers.map((index) => ({ id: `g${index}`, organization: `o${index}` })),
  };
}

async function writeUsers(file: string): Promise<void> {
  const stream = createWriteStream(file);
  for (let index = 0; index < USERS; index += 1) {
    const organization = index % ORGANIZATIONS;
    const user = {
      id: `u${index}`,
      username: `person${index}@example.com`,
      organization: `o${organization}`,
      email: `person${index}@example.com`,
      user_groups: [`g${organization}`],
      password_hash: HASH,
    };
    if (!stream.write(`${JSON.stringify(user)}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
}

interface Run {
  readonly seconds: number;
  readonly mostMemoryMiB: number;
}

async function run(name: string, argv: readonly string[], environment: Record<string, string>): Promise<Run> {
  const begun = performance.now();
  const child = spawn(process.execPath, [MAIN, ...argv], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let mostMemoryMiB = 0;
  const watching = setInterval(() => {
    readFile(`/proc/${child.pid}/status`, 'utf8').then(
      (status) => void (mostMemoryMiB = Math.max(mostMemoryMiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)),
      () => undefined,
    );
  }, 500);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearInterval(watching);
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return { seconds: (performance.now() - begun) / 1000, mostMemoryMiB };
}

function row(name: string, { seconds, mostMemoryMiB }: Run): void {
  console.log(`| ${name} | ${seconds.toFixed(0)} | ${Math.round(USERS / seconds).toLocaleString('en')} | ${mostMemoryMiB.toFixed(0)} MiB |`);
}
