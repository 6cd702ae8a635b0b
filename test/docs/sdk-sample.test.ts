import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sdkProject, type SdkProject } from '../support/sdk-package.ts';
import { sample } from './documents.ts';

let project: SdkProject;
beforeAll(async () => {
  project = await sdkProject();
}, 60_000);
afterAll(() => project.remove());

async function output(program: string): Promise<unknown> {
  await writeFile(path.join(project.folder, 'sample.js'), program);
  return JSON.parse((await project.node('sample.js')).stdout);
}

describe('the samples of the SDK', () => {
  it('in the README protects a Koa application, for callers of the company in the path', async () => {
    const program = `
      import { createServer } from 'node:http';
      import { createTestIssuer } from 'rolemint/resource-server/testing';
      const tests = await createTestIssuer({ issuer: 'http://localhost:3000', audience: 'https://orders.fjord.example' });
      const network = globalThis.fetch;
      globalThis.fetch = (url, init) => (String(url).startsWith('http://localhost:3000/') ? tests.fetch(String(url), init) : network(url, init));
      const { app } = await import('./readme.js');
      const server = createServer(app.callback()).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const call = async (path, caller) => {
        const headers = caller === undefined ? {} : { authorization: 'Bearer ' + (await tests.token(caller)) };
        const response = await network('http://127.0.0.1:' + server.address().port + path, { headers });
        return [response.status, (await response.json()).for ?? null];
      };
      const ada = { username: 'ada', roles: ['OrderReader'], organization: { id: 'acme' } };
      console.log(JSON.stringify([await call('/acme/orders', ada), await call('/bolt/orders', ada), await call('/acme/orders')]));
      server.close();
      server.closeAllConnections();`;
    await writeFile(path.join(project.folder, 'readme.js'), sample('README.md', 'sdk'));
    expect(await output(program)).toEqual([
      [200, 'ada'],
      [403, null],
      [401, null],
    ]);
  });

  it('for tests of an API does what it says', async () => {
    expect(await output(`${sample('docs/resource-servers.md', 'testing')}\nconsole.log(status);`)).toBe(200);
  });
});
