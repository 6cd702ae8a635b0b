/** @module The APIs of the examples as their readers start them: plain Node, in a process of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { startServer, type TestServer } from './server.ts';
import { post } from './token-client.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export const SYSTEMS = ['ordercloud', 'tradecloud', 'voss'] as const;
export type System = (typeof SYSTEMS)[number];

/** For whom the API of an example wants its tokens to be. */
export const AUDIENCES: Readonly<Record<System, string>> = {
  ordercloud: 'https://ordercloud.example',
  tradecloud: 'https://tradecloud.example',
  voss: 'https://voss.example',
};

/** Of everybody in the examples. */
const PASSWORD = 'Correct-Horse-7-Battery';

export interface ExampleApi {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts `node examples/<system>/api.js` on a free port, for tokens of an issuer.
 * @throws Error with what it wrote, when it ends instead
 */
export async function startExampleApi(system: System, issuer: string): Promise<ExampleApi> {
  if (!existsSync(path.join(ROOT, 'dist/src/sdk/resource-server.js')))
    throw new Error('nothing is compiled: run `npm run build` first, as `npm test` does');
  const child = spawn(process.execPath, [path.join(ROOT, 'examples', system, 'api.js')], {
    env: { PATH: process.env['PATH'], ISSUER: issuer, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let written = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      written += chunk.toString();
      const found = / at (http:\S+), for tokens of \S+\n/.exec(written);
      if (found !== null) resolve(found[1]!);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`The API of ${system} did not start: ${written}`)));
  });
  return {
    url,
    close: async () => {
      child.kill();
      await ended;
    },
  };
}

/** A server whose issuer is where it really listens, as the examples' APIs need it, with the example's workspace. */
export async function startSystem(system: System): Promise<TestServer> {
  const port = String(await freePort());
  const env = { ROLEMINT_ISSUER: `http://127.0.0.1:${port}`, ROLEMINT_PORT: port };
  return startServer({ workspaces: [path.join(ROOT, 'examples', system)], env });
}

/**
 * A token for the API of an example.
 * @param scope undefined: whatever the client asks for then
 */
export async function tokenFor(
  { url }: Pick<TestServer, 'url'>,
  system: System,
  { client, user, scope }: { readonly client: string; readonly user: string; readonly scope?: string | undefined },
): Promise<string> {
  const form = { grant_type: 'password', client_id: client, username: user, password: PASSWORD, scope, resource: AUDIENCES[system] };
  const { body, text } = await post(`${url}/oauth/token`, form);
  if (typeof body['access_token'] !== 'string') throw new Error(`${user} was not let in: ${text}`);
  return body['access_token'];
}

/** What a call was answered with. */
export interface CallAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Calls the API of an example: method and path, and a body when there is one. */
export async function callExample(
  { url }: Pick<ExampleApi, 'url'>,
  operation: string,
  { token, body }: { readonly token?: string; readonly body?: unknown },
): Promise<CallAnswer> {
  const [method, target] = operation.split(' ') as [string, string];
  const response = await fetch(url + target, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: JSON.parse((await response.text()) || '{}') as CallAnswer['body'] };
}

/** The operating system gives a port out again only after all others: nobody else gets this one meanwhile. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
