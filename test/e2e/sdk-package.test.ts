import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { sdkProject, type SdkProject } from '../support/sdk-package.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
let project: SdkProject;
beforeAll(async () => {
  project = await sdkProject();
}, 60_000);
afterAll(() => project.remove());

async function output(program: string, ...flags: readonly string[]): Promise<unknown> {
  await writeFile(path.join(project.folder, 'program.js'), program);
  const { stdout, stderr } = await project.node('program.js', ...flags);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** What an API does in its tests: an issuer of its own, a protected handler, one call that is let in and one that is not. */
const PROGRAM = `
  import { protectFetch, createVerifier, followRevocations, anyOf } from 'rolemint/resource-server';
  import { createTestIssuer } from 'rolemint/resource-server/testing';
  const { issuer, audience, fetch, token } = await createTestIssuer({ audience: 'https://orders.example.com' });
  const revocations = followRevocations({ issuer, fetch });
  const verifier = createVerifier({ issuer, audience, fetch, revocations });
  const handler = protectFetch(verifier, anyOf('FullAccess', 'OrderReader'), (request, access) => Response.json({ for: access.subject }));
  const call = async (roles) => {
    const response = await handler(new Request(audience, { headers: { authorization: 'Bearer ' + (await token({ subject: 'ada', roles })) } }));
    return { status: response.status, body: await response.json() };
  };
  export const result = [await call(['OrderReader']), await call(['Order'])];
`;
const RESULT = [
  { status: 200, body: { for: 'ada' } },
  {
    status: 403,
    body: {
      error: 'insufficient_scope',
      error_description: 'The token does not carry the roles that this call needs.',
      sufficient_roles: ['FullAccess', 'OrderReader'],
      token_roles: ['Order'],
    },
  },
];

/** A context that has what the web has and nothing of Node: no process, no Buffer, no require, and no module of Node. */
const WORKER = `
  import { SourceTextModule, createContext } from 'node:vm';
  import { readFile } from 'node:fs/promises';
  import { fileURLToPath } from 'node:url';
  const names = ['crypto', 'TextEncoder', 'TextDecoder', 'URL', 'URLSearchParams', 'Request', 'Response', 'Headers', 'AbortSignal', 'AbortController',
    'atob', 'btoa', 'structuredClone', 'setTimeout', 'clearTimeout', 'CryptoKey', 'Uint8Array', 'ArrayBuffer'];
  const context = createContext(Object.fromEntries(names.map((name) => [name, globalThis[name]])));
  const known = new Map();
  async function load(specifier, parent) {
    if (specifier.startsWith('node:')) throw new Error('a module of Node: ' + specifier);
    const url = specifier.startsWith('.') ? new URL(specifier, parent).href : import.meta.resolve(specifier);
    if (!known.has(url)) known.set(url, readFile(fileURLToPath(url), 'utf8').then((code) => new SourceTextModule(code, { identifier: url, context })));
    return known.get(url);
  }
  const main = new SourceTextModule(await readFile('worker.js', 'utf8'), { identifier: import.meta.url, context });
  await main.link((specifier, { identifier }) => load(specifier, identifier));
  await main.evaluate();
  console.log(JSON.stringify(main.namespace.result));
`;

describe('the package', () => {
  it('gives the SDK and its testing part by name', async () => {
    expect(await output(`${PROGRAM}\nconsole.log(JSON.stringify(result));`)).toEqual(RESULT);
  });

  it('works where there is nothing of Node, as in a worker', async () => {
    await writeFile(path.join(project.folder, 'worker.js'), PROGRAM);
    expect(await output(WORKER, '--experimental-vm-modules', '--no-warnings')).toEqual(RESULT);
  });

  it('gives nothing else: the server is no library', async () => {
    const codes = await output(`
      const codes = [];
      for (const name of ['rolemint', 'rolemint/dist/src/app.js', 'rolemint/dist/src/sdk/verifier.js'])
        codes.push(await import(name).then(() => 'found', ({ code }) => code));
      console.log(JSON.stringify(codes));`);
    expect(codes).toEqual(['ERR_PACKAGE_PATH_NOT_EXPORTED', 'ERR_PACKAGE_PATH_NOT_EXPORTED', 'ERR_PACKAGE_PATH_NOT_EXPORTED']);
  });

  it('imports jose and nothing else', () => {
    const folder = path.join(ROOT, 'src/sdk');
    const foreign = readdirSync(folder).flatMap((file) =>
      [...readFileSync(path.join(folder, file), 'utf8').matchAll(/^(?:import|export) [^;]*?from '([^.'][^']*)';/gm)].map(([, name]) => name!),
    );
    expect(new Set(foreign)).toEqual(new Set(['jose']));
  });

  it('is as small as the README says', () => {
    const folder = path.join(project.folder, 'node_modules/rolemint/dist/src/sdk');
    const code = readdirSync(folder).filter((file) => file.endsWith('.js') && file !== 'testing.js');
    const all = code.map((file) => readFileSync(path.join(folder, file), 'utf8')).join('');
    const kilobytes = Math.ceil(gzipSync(all).length / 1024);
    const [, dependencies, size] =
      /(\w+) dependency, `jose`, which has none itself; (\d+) KiB gzipped/.exec(readFileSync(path.join(ROOT, 'README.md'), 'utf8')) ?? [];
    expect({ dependencies, size }).toEqual({ dependencies: 'One', size: String(kilobytes) });
  });
});
