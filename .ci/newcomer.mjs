// What somebody does who has just cloned the repository, with nothing but Node and npm: `npm start` as the first
// command, the printed curl lines pasted, Ctrl-C; then once more, and everything is still there.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const root = path.resolve(import.meta.dirname, '..');
const START_WITHIN_MS = 240_000;
const STOP_WITHIN_MS = 20_000;
const LINK = /http\S+\/sign-in\/one-time\?token=\S+/;
const PASSWORD = 'Newcomers-Choice-1';

const folder = mkdtempSync(path.join(tmpdir(), 'rolemint-newcomer-'));
const clone = path.join(folder, 'rolemint');
const port = await freePort();
const issuer = `http://localhost:${port}`;
let running;

try {
  execFileSync('git', ['-c', 'safe.directory=*', 'clone', '--quiet', '--no-hardlinks', root, clone], { stdio: 'inherit' });
  // So that the lines can be pasted as they are, curl is told by its own configuration to say the status, on standard error.
  writeFileSync(path.join(folder, '.curlrc'), 'show-error\nwrite-out = "%{stderr}%{http_code}\\n"\n');

  const first = await start();
  const kids = await publishedKeys();
  await takeTheAdministratorsLink(first.output());
  const answers = pasteLines(first.output());
  const refreshToken = answers.find((answer) => answer.refresh_token !== undefined)?.refresh_token;
  const [, client] = /-d client_id=([\w-]+)/.exec(first.output()) ?? [];
  await pressCtrlC(first);

  const second = await start();
  expect('the signing keys are those of the first start', JSON.stringify(await publishedKeys()) === JSON.stringify(kids));
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: client, refresh_token: refreshToken });
  const { status } = await fetch(`${issuer}/oauth/token`, { method: 'POST', body });
  expect('a refresh token of the first start still works', status === 200, `status ${status}`);
  pasteLines(second.output());
  expect('the link was for the first start', !LINK.test(second.output()));
  await interruptServer(second);
} finally {
  if (running !== undefined && !hasEnded(running)) process.kill(-running.pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

async function start() {
  const env = { ...process.env, ROLEMINT_PORT: String(port), NO_COLOR: '1' };
  for (const name of Object.keys(env)) if (/^(npm_|ROLEMINT_(?!PORT))/.test(name)) delete env[name];
  const began = Date.now();
  let text = '';
  // A process group of its own, as a terminal gives: Ctrl-C goes to all of it.
  running = spawn('npm', ['start'], { cwd: clone, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [running.stdout, running.stderr]) stream.on('data', (chunk) => (text += chunk));
  const linesArePrinted = () => text.split('\n').filter((line) => /^\s*curl /.test(line)).length >= 3;
  while (!(linesArePrinted() && (await isReady()))) {
    if (hasEnded(running) || Date.now() - began > START_WITHIN_MS) {
      throw new Error(`npm start ${hasEnded(running) ? `ended with ${running.exitCode}` : 'did not become ready'}:\n${text}`);
    }
    await delay(100);
  }
  console.log(`started in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  return { child: running, output: () => text };
}

async function isReady() {
  try {
    return (await fetch(`${issuer}/readyz`)).ok;
  } catch {
    return false;
  }
}

/** Runs every printed curl line in a shell, as a person does who pastes it; one that ends in a backslash goes on. */
function pasteLines(output) {
  const lines = output
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^\s*curl /.test(line));
  expect('three curl lines are printed', lines.length === 3, `${lines.length} lines`);
  return lines.map((line) => {
    const { stdout, stderr, status } = spawnSync('bash', ['-c', line], {
      env: { ...process.env, HOME: folder, CURL_HOME: folder },
      encoding: 'utf8',
    });
    const good = status === 0 && /^(?:200\n)+$/.test(stderr);
    expect(`200 for ${line.trim().slice(0, 100)}`, good, `${stdout}${stderr}`);
    const answer = JSON.parse(stdout);
    if (line.includes('/oauth/introspect')) expect('the token that it asks about is active', answer.active === true, stdout);
    else expect(`a token with ${answer.scope}`, typeof answer.access_token === 'string' && answer.scope !== '', stdout);
    return answer;
  });
}

/** Sets the password of the administrator, as the page behind the printed link asks for it. */
async function takeTheAdministratorsLink(output) {
  const [link] = LINK.exec(output) ?? [];
  expect('a link for the administrator is printed', link !== undefined, output);
  const page = await fetch(link);
  const cookie = page.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const hidden = [...(await page.text()).matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
  const body = new URLSearchParams([...hidden, ['password', PASSWORD], ['repeated', PASSWORD]]);
  const { status } = await fetch(link, { method: 'POST', headers: { cookie }, body });
  expect('it takes a password', status === 200, `status ${status}`);
  expect('it takes one once', (await fetch(link)).status === 404);
  expect('the console is there to sign in to', (await fetch(`${issuer}/console`)).ok);
}

async function publishedKeys() {
  const { keys } = await (await fetch(`${issuer}/.well-known/jwks.json`)).json();
  return keys.map(({ kid }) => kid).sort();
}

/** Ctrl-C in a terminal: the whole group gets the signal. npm then says that a signal ended it; the server says how. */
async function pressCtrlC({ child, output }) {
  await ended(child, () => process.kill(-child.pid, 'SIGINT'));
  expect('Ctrl-C ends it cleanly', output().includes('rolemint: stopped.'), output());
}

/** The signal to the server alone: its exit code becomes npm's. */
async function interruptServer({ child, output }) {
  const claim = readdirSync(path.join(clone, 'data')).find((name) => name.startsWith('claim-'));
  const { pid } = JSON.parse(readFileSync(path.join(clone, 'data', claim), 'utf8'));
  await ended(child, () => process.kill(pid, 'SIGINT'));
  expect('the interrupted server exits with 0', child.exitCode === 0 && output().includes('rolemint: stopped.'), output());
}

async function ended(child, interrupt) {
  const exit = once(child, 'exit');
  interrupt();
  expect('it ends in time', (await Promise.race([exit, delay(STOP_WITHIN_MS, 'late', { ref: false })])) !== 'late');
}

function hasEnded({ exitCode, signalCode }) {
  return exitCode !== null || signalCode !== null;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address();
  server.close();
  await once(server, 'close');
  return free;
}

function expect(what, holds, otherwise = '') {
  if (!holds) throw new Error(`${what}: no. ${otherwise}`);
  console.log(`ok: ${what}`);
}
