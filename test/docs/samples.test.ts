import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { demonstrations, readDemo } from '../../src/cli/demo.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { post } from '../support/token-client.ts';
import { ROOT, sample } from './documents.ts';

const run = promisify(execFile);
const PRINTED = 'http://localhost:3000';
const API = 'https://orders.fjord.example';

let server: TestServer;
let issuer: string;

beforeAll(async () => {
  const port = await freePort();
  issuer = `http://127.0.0.1:${port}`;
  server = await startServer({
    workspaces: [path.join(ROOT, 'examples/marketplace/workspace.yaml')],
    env: { ROLEMINT_ISSUER: issuer, ROLEMINT_PORT: String(port) },
  });
});
afterAll(() => server.close());

/** The issuer must be known before the server listens, so port 0 will not do. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

const itWithCurl = spawnSync('curl', ['--version']).status === 0 || process.env['CI'] === 'true' ? it : it.skip;

describe('the lines of the README that administer', () => {
  itWithCurl('work as pasted (skipped without curl)', async () => {
    const { stdout } = await run('bash', ['-c', sample('README.md', 'administer').replaceAll(PRINTED, issuer)]);
    const [why, radius] = stdout.split(/(?<=\})(?=\{)/).map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(why).toMatchObject({ role: 'OrderApprover', verdict: 'granted' });
    expect(radius).toMatchObject({ dry_run: true, subjects: { total: 1, cut: false } });
  });
});

describe("the lines of the README for OrderCloud's SDK", () => {
  it('work as pasted', async () => {
    const lines = `${sample('README.md', 'ordercloud').replaceAll(PRINTED, issuer)}console.log(Tokens.GetAccessToken());`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', lines], { cwd: ROOT });
    const claims = JSON.parse(Buffer.from(stdout.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
    expect(claims).toMatchObject({ usr: 'alice', cid: 'shop', usrtype: 'buyer', role: expect.arrayContaining(['Shopper']) });
  });
});

describe('the lines that the README says are printed', () => {
  const lines = sample('README.md', 'curl')
    .split('\n')
    .filter((line) => line.startsWith('curl'));

  it('are those that are printed', async () => {
    const printed = await demonstrations(server.app, await readDemo(), PRINTED);
    expect(sample('README.md', 'curl').trim()).toBe(printed.map(({ about, line }) => `# ${about}\n${line}`).join('\n\n'));
  });

  itWithCurl.each([
    { line: lines[0]!, gives: { token_type: 'Bearer', scope: 'OrderApprover Shopper' } },
    { line: lines[1]!, gives: { token_type: 'Bearer', scope: 'FullAccess OrderAdmin' } },
    { line: lines[2]!, gives: { active: true, aud: API, username: 'alice', roles: ['OrderApprover', 'Shopper'] } },
  ])('work as pasted (skipped without curl): $gives', async ({ line, gives }) => {
    const { stdout } = await run('bash', ['-c', line.replaceAll(PRINTED, issuer)]);
    expect(JSON.parse(stdout)).toMatchObject(gives);
  });
});

describe('the verifier of the README', () => {
  /** Runs the sample in a process of its own, as an API would. */
  async function rolesOf(authorization: string | undefined): Promise<{ readonly roles?: readonly string[]; readonly code?: string }> {
    const script = `${sample('README.md', 'verify').replaceAll(PRINTED, issuer)}
      const done = (result) => console.log(JSON.stringify(result));
      await rolesOf(${JSON.stringify(authorization)}).then((roles) => done({ roles: [...roles] }), ({ code }) => done({ code }));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: ROOT });
    return JSON.parse(stdout) as object;
  }

  async function tokenFor(resource: string | undefined): Promise<string> {
    const form = {
      grant_type: 'password',
      client_id: 'shop',
      username: 'alice',
      password: 'Correct-Horse-7-Battery',
      scope: 'Shopper OrderReader OrderAdmin',
      resource,
    };
    const { status, body } = await post(`${issuer}/oauth/token`, form);
    expect(status).toBe(200);
    return String(body['access_token']);
  }

  it('gives the roles of a token for this API', async () => {
    expect(await rolesOf(`Bearer ${await tokenFor(API)}`)).toEqual({ roles: ['OrderReader', 'Shopper'] });
  });

  it('refuses a token for another audience', async () => {
    expect(await rolesOf(`Bearer ${await tokenFor(undefined)}`)).toEqual({ code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
  });

  it.each([undefined, '', 'Bearer ', 'Bearer a.b.c', 'Basic YTpi'])('refuses %p', async (authorization) => {
    expect((await rolesOf(authorization)).code).toMatch(/^ERR_JW[ST]_/);
  });

  it('refuses a token that was changed', async () => {
    const [header, payload, signature] = (await tokenFor(API)).split('.');
    const claims = { ...(JSON.parse(Buffer.from(payload!, 'base64url').toString()) as object), roles: ['FullAccess'] };
    const forged = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
    expect(await rolesOf(`Bearer ${forged}`)).toEqual({ code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  });
});
