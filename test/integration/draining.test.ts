import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Agent, get } from 'node:http';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

/** Asks on a connection of its own, as a balancer without kept connections does. */
const status = (path: string) =>
  new Promise<number>((resolve, reject) => {
    get(`${server.url}${path}`, { agent: new Agent({ keepAlive: false }) }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!));
    }).on('error', reject);
  });

it('answers whoever has not heard yet that it is not ready', async () => {
  const caller = async () => {
    const statuses: number[] = [];
    // Asks for something else behind each look, as callers do that the balancer sent here before it looked.
    for (let ready = 200; ready === 200; statuses.push(await status('/.well-known/jwks.json'))) ready = await status('/readyz');
    return statuses;
  };
  const callers = Array.from({ length: 8 }, caller);
  await status('/readyz');
  const [statuses] = await Promise.all([Promise.all(callers), server.close()]);
  expect(new Set(statuses.flat())).toEqual(new Set([200]));
});
