import { afterEach, describe, expect, it } from '@jest/globals';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { startServer, type TestServer } from '../../support/server.ts';

let server: TestServer;
let sockets: Socket[];

async function start(env: Record<string, string> = {}): Promise<void> {
  sockets = [];
  server = await startServer({ env });
}

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server.close();
});

/** A connection that sends this much and no more; `from` is an address of the loopback interface. */
async function opened(text = '', from = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port: Number(new URL(server.url).port), host: '127.0.0.1', localAddress: from });
  sockets.push(socket);
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  if (text !== '') socket.write(text);
  return socket;
}

/** Resolves with what the server said until it closed the connection. */
const closed = (socket: Socket) =>
  new Promise<string>((resolve) => {
    let said = '';
    if (socket.destroyed) return resolve(said);
    socket.on('data', (chunk) => (said += String(chunk)));
    socket.once('close', () => resolve(said));
  });

/** The status of a request on a connection of its own; undefined when the connection is closed without an answer. */
const status = (path: string, from: string) =>
  new Promise<number | undefined>((resolve) => {
    const sent = get(`${server.url}${path}`, { agent: false, localAddress: from }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode));
    });
    sent.once('error', () => resolve(undefined));
  });

const HALF_HEADERS = 'POST /oauth/token HTTP/1.1\r\nHost: id.example.com\r\nContent-Type: appl';
const HALF_BODY =
  'POST /oauth/token HTTP/1.1\r\nHost: id.example.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ngrant_type=';

describe('F15, T-82: thousands of connections that are idle or half open', () => {
  it('leave everybody else answered, and are closed by the server', async () => {
    await start({ ROLEMINT_MAX_CONNECTIONS_PER_ADDRESS: '10000' });
    for (const text of ['', HALF_HEADERS, HALF_BODY]) await Promise.all(Array.from({ length: 700 }, () => opened(text)));
    const ends = sockets.map(closed);
    for (let batch = 0; batch < 10; batch += 1) {
      const paths = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? '/readyz' : '/.well-known/jwks.json'));
      expect(new Set(await Promise.all(paths.map((path) => status(path, '127.0.0.1'))))).toEqual(new Set([200]));
    }
    const said = await Promise.all(ends);
    // Those who began a request are told that it took too long.
    expect(new Set(said.slice(700, 1400).map((text) => text.slice(0, 12)))).toEqual(new Set(['HTTP/1.1 408']));
    expect(await status('/readyz', '127.0.0.1')).toBe(200);
  }, 120_000);
});

describe('T-82: one address', () => {
  it('has no more connections than it may; others are answered, and it is again when it lets go', async () => {
    await start({ ROLEMINT_MAX_CONNECTIONS_PER_ADDRESS: '3' });
    const mine = await Promise.all([opened(), opened(), opened()]);
    expect(await closed(await opened())).toBe('');
    expect(await status('/healthz', '127.0.0.1')).toBeUndefined();
    expect(await status('/healthz', '127.0.0.2')).toBe(200);
    expect(await server.app.metrics.registry.getSingleMetricAsString('rolemint_refused_connections_total')).toContain('{limit="caller"} 2');
    mine[0].destroy();
    let again: number | undefined;
    while (again === undefined) again = await status('/healthz', '127.0.0.1');
    expect(again).toBe(200);
  });

  it('is not counted behind a proxy, where all have the same', async () => {
    await start({ ROLEMINT_MAX_CONNECTIONS_PER_ADDRESS: '3', ROLEMINT_TRUSTED_PROXY_HOPS: '1' });
    await Promise.all([opened(), opened(), opened(), opened()]);
    expect(await status('/healthz', '127.0.0.1')).toBe(200);
  });
});

describe('T-82: all together', () => {
  it('have no more connections than the server takes', async () => {
    await start({ ROLEMINT_MAX_CONNECTIONS: '3' });
    await Promise.all([opened('', '127.0.0.2'), opened('', '127.0.0.3'), opened('', '127.0.0.4')]);
    expect(await closed(await opened())).toBe('');
    expect(await server.app.metrics.registry.getSingleMetricAsString('rolemint_refused_connections_total')).toContain('{limit="total"} 1');
  });
});
