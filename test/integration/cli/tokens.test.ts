import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { generateKeyPair, SignJWT } from 'jose';
import { claimsOf, post } from '../../support/token-client.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MARKETPLACE, PASSWORD, runWith, type Result } from './harness.ts';

/** The issuer must be where the server listens, so a free port is found first and given back. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

let server: TestServer;
let issuer: string;
beforeAll(async () => {
  const port = await freePort();
  issuer = `http://127.0.0.1:${port}`;
  server = await startServer({ workspaces: [MARKETPLACE], env: { ROLEMINT_PORT: String(port), ROLEMINT_ISSUER: issuer } });
});
afterAll(() => server.close());

const cli = (argv: readonly string[], { stdin = '', clock }: { stdin?: string; clock?: { now(): number } } = {}): Promise<Result> =>
  runWith(argv, {
    stdin: Readable.from(stdin === '' ? [] : [stdin]),
    env: { ROLEMINT_ISSUER: issuer },
    cwd: '/',
    operator: 'ops',
    signals: { on: () => undefined, off: () => undefined },
    clock: clock ?? { now: () => Date.now() },
    timeZone: 'UTC',
  });

const tokenOf = async (form: Record<string, string> = {}): Promise<string> =>
  String(
    (
      await post(`${issuer}/oauth/token`, {
        grant_type: 'password',
        client_id: 'shop',
        username: 'alice',
        password: PASSWORD,
        scope: 'Shopper',
        ...form,
      })
    ).body['access_token'],
  );

describe('rolemint token', () => {
  it('asks for a person, with the password from standard input', async () => {
    const { code, err, json } = await cli(
      ['token', '--client', 'shop', '--user', 'alice', '--password-stdin', '--scope', 'Shopper OrderAdmin', '--json', '--decode'],
      { stdin: `${PASSWORD}\n` },
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(json()).toMatchObject({ token_type: 'Bearer', scope: 'Shopper', claims: { sub: 'alice', roles: ['Shopper'] } });
  });

  it('asks for a client, with the secret from standard input', async () => {
    const { code, json } = await cli(['token', '--client', 'backoffice', '--secret-stdin', '--scope', 'FullAccess', '--json'], {
      stdin: 'demo-backoffice-secret',
    });
    expect(code).toBe(0);
    expect(json()).toMatchObject({ scope: 'FullAccess' });
  });

  it('sends the secret in the body where the client is registered so', async () => {
    const made = await server.app.services.clients.create(
      { ...(await server.app.services.clients.get('backoffice')).client, clientId: 'poster', tokenEndpointAuthMethod: 'client_secret_post' },
      { actor: { kind: 'operator', id: 'test' } },
    );
    const { code, json } = await cli(['token', '--client', 'poster', '--secret-stdin', '--auth', 'post', '--scope', 'OrderAdmin', '--json'], {
      stdin: made!.secret,
    });
    expect(code).toBe(0);
    expect(json()).toMatchObject({ scope: 'OrderAdmin' });
  });

  it('takes both from standard input, the secret first', async () => {
    const { code, json } = await cli(
      ['token', '--client', 'backoffice', '--secret-stdin', '--user', 'olga', '--password-stdin', '--scope', 'OrderReader', '--json'],
      {
        stdin: `demo-backoffice-secret\n${PASSWORD}\n`,
      },
    );
    expect(code).toBe(0);
    expect(json()).toMatchObject({ scope: 'OrderReader' });
  });

  it('names the resource', async () => {
    const { json } = await cli(
      ['token', '--client', 'shop', '--user', 'alice', '--password-stdin', '--resource', 'https://orders.fjord.example', '--json'],
      { stdin: PASSWORD },
    );
    expect(claimsOf(json()['access_token'])['aud']).toBe('https://orders.fjord.example');
  });

  it('ends with 2 when the server refuses, and repeats no secret', async () => {
    const refused = await cli(['token', '--client', 'shop', '--user', 'alice', '--password-stdin'], { stdin: 'not-her-password' });
    expect(refused).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/^rolemint: the server refuses with 400 invalid_grant/) });
    expect(refused.err).not.toContain('not-her-password');
    const json = await cli(['token', '--client', 'shop', '--user', 'alice', '--password-stdin', '--json'], { stdin: 'not-her-password' });
    expect(json).toMatchObject({ code: 2, err: '' });
    expect(json.json()).toMatchObject({ error: 'invalid_grant' });
  });

  it('ends with 1 when nobody is there', async () => {
    const result = await cli(['token', '--client', 'shop', '--url', `http://127.0.0.1:${await freePort()}`]);
    expect(result).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/does not answer \(ECONNREFUSED\)/) });
  });
});

describe('rolemint verify', () => {
  it('says that a token is valid, until when, and what it carries', async () => {
    const { code, out } = await cli(['verify', await tokenOf()]);
    expect(code).toBe(0);
    expect(out).toMatch(/^Valid\. It ends in (9 minutes|10 minutes|\d+ seconds)\.\n/);
    expect(out).toContain('"sub": "alice"');
  });

  it('reads the token from standard input', async () => {
    expect(await cli(['verify', '-'], { stdin: `${await tokenOf()}\n` })).toMatchObject({ code: 0 });
  });

  it('says exactly what is wrong', async () => {
    const token = await tokenOf();
    const [header, , signature] = token.split('.') as [string, string, string];
    const forged = Buffer.from(JSON.stringify({ ...claimsOf(token), roles: ['FullAccess'] })).toString('base64url');
    const { privateKey } = await generateKeyPair('ES256');
    const foreign = await new SignJWT({ client_id: 'x', jti: 'x' })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'theirs' })
      .setIssuer(issuer)
      .setSubject('x')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
    const problems: readonly (readonly [readonly string[], string])[] = [
      [[`${header}.${forged}.${signature}`], 'its signature is not of the key that it names: somebody changed it, or another key signed it'],
      [[foreign], 'the server publishes no key with its kid and alg: it was signed elsewhere, or the key is retired'],
      [['garbage'], 'it is not a JWT: three parts of base64url with JSON in the first two'],
      [[token, '--audience', 'https://api.example'], `aud is "${issuer}", not "https://api.example"`],
    ];
    for (const [argv, problem] of problems) {
      const { code, json, err } = await cli(['verify', ...argv, '--json']);
      expect({ code, err, problem: json()['problem'], valid: json()['valid'] }).toEqual({ code: 2, err: '', problem, valid: false });
    }
  });

  it('says how long ago a token ended', async () => {
    const token = await tokenOf();
    const later = (Number(claimsOf(token)['exp']) + 3 * 3600) * 1000;
    expect(await cli(['verify', token], { clock: { now: () => later } })).toMatchObject({
      code: 2,
      out: expect.stringMatching(/^Not valid: it ended 3 hours ago\.\n/),
    });
  });
});

describe('what a server that is none answers', () => {
  let other: Server;
  let url: string;
  beforeAll(async () => {
    other = createServer((_request, response) => response.end('<html>\u001B[2J'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => other.close(resolve)));

  it('is said in words, and commands no terminal', async () => {
    const { code, out, err } = await cli(['token', '--client', 'x', '--url', url]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('but not with JSON: is it the address of a Rolemint server?');
    expect(err).not.toContain('\u001B');
  });
});
