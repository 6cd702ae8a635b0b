import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { read } from '../docs/documents.ts';
import { openMarket, secretOf } from '../support/market.ts';
import { freePort } from '../support/postgres.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { describeNeeding, lasting, openTestStore, type TestStore } from '../support/stores.ts';
import { basic, post } from '../support/token-client.ts';
import { until } from '../support/until.ts';

const program = ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy', '/opt/homebrew/bin/haproxy'].find((file) => existsSync(file));
const missing = program === undefined ? 'needs HAProxy: install it (Debian: apt-get install haproxy)' : undefined;
const configuration = read('deploy/haproxy.cfg');

describeNeeding(missing, 'deploy/haproxy.cfg', () => {
  it('is understood by HAProxy', () => {
    // Outside of compose there is nobody of that name, which is only a warning.
    const { status, stderr } = spawnSync(program!, ['-c', '-f', 'deploy/haproxy.cfg'], { encoding: 'utf8' });
    expect(stderr.split('\n').filter((line) => /ALERT/.test(line))).toEqual([]);
    expect(status).toBe(0);
  });

  describe('in front of two nodes', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'rolemint-haproxy-'));
    let store: TestStore;
    let nodes: TestServer[];
    let proxy: ChildProcess;
    let said = '';
    let url: string;
    beforeAll(async () => {
      const env = { ROLEMINT_KEYS_DIR: path.join(folder, 'keys'), ROLEMINT_TRUSTED_PROXY_HOPS: '1' };
      store = await openTestStore();
      nodes = [await startServer({ store: lasting(store), env }), await startServer({ store: lasting(store), env })];
      await openMarket(nodes[0]!.app);
      const port = await freePort();
      const servers = nodes.map((node, index) => `  server node${index} ${new URL(node.url).host}`).join('\n');
      const file = path.join(folder, 'haproxy.cfg');
      writeFileSync(file, configuration.replace(/^ {2}server-template .*$/m, servers).replace('bind :8080', `bind 127.0.0.1:${port}`));
      proxy = spawn(program!, ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [proxy.stdout!, proxy.stderr!]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      url = `http://127.0.0.1:${port}`;
      await until(async () => (await fetch(`${url}/.well-known/jwks.json`).catch(() => undefined))?.status === 200).catch((error: unknown) => {
        throw new Error(`HAProxy lets nobody through: ${said}`, { cause: error });
      });
    }, 60_000);
    afterAll(async () => {
      proxy.kill('SIGKILL');
      await Promise.all(nodes.map((node) => node.close()));
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const token = () => post(`${url}/oauth/token`, { grant_type: 'client_credentials', scope: 'A' }, basic('svc', secretOf('svc')));

    it('keeps health and metrics inside', async () => {
      for (const name of ['/healthz', '/readyz', '/metrics']) expect((await fetch(`${url}${name}`)).status).toBe(404);
    });

    it('answers every request while a node ends under load', async () => {
      const statuses: number[] = [];
      const client = async (requests: number) => {
        for (let count = 0; count < requests; count += 1) statuses.push((await token()).status);
      };
      const load = Array.from({ length: 8 }, () => client(25));
      await until(async () => statuses.length >= 40);
      await nodes[1]!.close();
      await Promise.all(load);
      expect(statuses).toHaveLength(200);
      expect(statuses.filter((status) => status !== 200)).toEqual([]);
    }, 60_000);
  });
});
