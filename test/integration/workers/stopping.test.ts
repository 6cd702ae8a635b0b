import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { serve, type Served } from '../../support/program.ts';
import { startLoad } from '../../support/steady-load.ts';
import { describePostgres } from '../../support/stores.ts';
import { openWorkersWorld, TOKEN_FORM, type WorkersWorld } from './world.ts';

/** A request whose body never comes, as far as the server has it in hand. */
async function unfinishedRequest(url: string): Promise<Socket> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.write(
    'POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n',
  );
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}

describePostgres('F16: stopping, with two workers and with one', () => {
  let world: WorkersWorld;
  beforeAll(async () => {
    world = await openWorkersWorld();
  }, 60_000);
  afterAll(() => (world as WorkersWorld | undefined)?.close(), 60_000);

  it.each(['1', '2'])(
    'SIGTERM under load, %s: what was accepted is answered, and it ends with 0',
    async (workers) => {
      const served = await world.serve({ ROLEMINT_WORKERS: workers });
      const load = startLoad({ url: `${served.url}/oauth/token`, body: TOKEN_FORM, keptConnections: 4, newConnections: 4 });
      await load.more(50);
      served.child.kill('SIGTERM');
      await served.logged(({ event }) => event === 'stopping');
      await load.stop();
      expect(await served.ended).toEqual({ code: 0, signal: null });
      // Every token that was issued reached its client; only connections that nobody had taken up were turned away.
      expect(served.log.filter(({ event }) => event === 'token_issued')).toHaveLength(load.answered());
      expect([...new Set(load.failures)].filter((failure) => failure !== 'ECONNREFUSED' && failure !== 'ECONNRESET')).toEqual([]);
    },
    120_000,
  );

  it('a second signal does not wait for what is under way, and takes the workers along', async () => {
    const served = await world.serve({ ROLEMINT_WORKERS: '2' });
    const socket = await unfinishedRequest(served.url);
    served.child.kill('SIGTERM');
    await served.logged(({ event }) => event === 'stopping');
    served.child.kill('SIGTERM');
    // The pipe of standard output is open as long as one of the processes lives.
    expect(await served.ended).toEqual({ code: 143, signal: null });
    socket.destroy();
  }, 60_000);

  it('workers do not outlive a parent that is killed', async () => {
    const served = await world.serve({ ROLEMINT_WORKERS: '2' });
    served.child.kill('SIGKILL');
    expect(await served.ended).toEqual({ code: null, signal: 'SIGKILL' });
    await expect(fetch(`${served.url}/healthz`)).rejects.toThrow('fetch failed');
  }, 60_000);

  it('a port that is taken is said once, and ends it with 1', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const port = String((other.address() as AddressInfo).port);
    await expect(world.serve({ ROLEMINT_WORKERS: '2', ROLEMINT_PORT: port })).rejects.toThrow(`rolemint: Port ${port} on 127.0.0.1 is taken`);
    other.close();
  }, 60_000);
});

describe('several workers without Postgres', () => {
  it('are refused in words', async () => {
    const refused: Promise<Served> = serve({ env: { ROLEMINT_WORKERS: '2' } });
    await expect(refused).rejects.toThrow('ROLEMINT_WORKERS: more than one process needs Postgres, and ROLEMINT_DATABASE_URL is not set');
  });
});
