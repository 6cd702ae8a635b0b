import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { deadline, PATIENCE_STATE } from '../../../src/http/deadline.ts';
import { errorAnswer } from '../../../src/http/errors.ts';

let server: Server;
let faults: unknown[];
let late: () => void;
let finished: Promise<unknown>;
beforeEach(() => {
  faults = [];
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** A server with a deadline of ten milliseconds, inside of which something else takes as long as the test wants. */
async function serve(given: { readonly patience?: number } = {}): Promise<string> {
  const app = new Koa();
  app.silent = true;
  const held = new Promise<void>((resolve) => (late = resolve));
  const onFault = (_ctx: Koa.Context, error: unknown) => void faults.push(error);
  app.use(async (ctx, next) => {
    await (next() as Promise<void>).catch((error: unknown) => errorAnswer(ctx, error, onFault));
  });
  app.use(deadline(onFault, 10));
  app.use(async (ctx) => {
    ctx.state[PATIENCE_STATE] = given.patience;
    if (ctx.path === '/reads') for await (const _chunk of ctx.req);
    else if (ctx.path === '/fails') await held.then(() => Promise.reject(new Error('nobody hears of this')));
    else await held;
    ctx.set('X-Late', 'yes');
    ctx.body = 'done';
  });
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('what is not answered in time', () => {
  it('is answered 503 with Retry-After, and what comes later changes nothing', async () => {
    const url = await serve();
    const answer = await fetch(`${url}/api/v1/users`);
    late();
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('x-late')]).toEqual([503, '1', null]);
    expect(await answer.json()).toMatchObject({ code: 'unavailable', title: 'This takes too long at the moment.' });
    expect(faults).toHaveLength(1);
  });

  it('is answered in the words of RFC 6749 by the endpoints of the protocol', async () => {
    const url = await serve();
    const answer = await fetch(`${url}/oauth/token`, { method: 'POST' });
    late();
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('cache-control')]).toEqual([503, '1', 'no-store']);
    expect(await answer.json()).toEqual({ error: 'temporarily_unavailable', error_description: 'the server cannot answer at the moment' });
    expect(faults).toHaveLength(1);
  });

  it('may fail afterwards without harm', async () => {
    const url = await serve();
    expect((await fetch(`${url}/fails`)).status).toBe(503);
    late();
    expect((await fetch(`${url}/fails`)).status).toBe(500);
  });

  it('gets the time that it asked for', async () => {
    const url = await serve({ patience: 60_000 });
    const answer = fetch(url);
    setTimeout(() => late(), 50);
    expect((await answer).status).toBe(200);
  });

  it('is not the answer to a request that is still coming in', async () => {
    const url = await serve();
    const sending = request(`${url}/reads`, { method: 'POST' });
    finished = once(sending, 'response');
    sending.write('slow');
    setTimeout(() => sending.end(), 50);
    const [answer] = (await finished) as [{ readonly statusCode: number; resume(): void }];
    answer.resume();
    expect(answer.statusCode).toBe(200);
  });
});
