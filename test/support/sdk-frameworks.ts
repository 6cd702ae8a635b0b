/** @module One small API in each of the five frameworks, protected by the SDK, listening on a free port. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request as ExpressRequest } from 'express';
import fastify from 'fastify';
import { Hono, type Context } from 'hono';
import Koa from 'koa';
import { allOf } from '../../src/sdk/checks.ts';
import { entity } from '../../src/sdk/entity.ts';
import { protectExpress } from '../../src/sdk/express.ts';
import { protectFastify } from '../../src/sdk/fastify.ts';
import { protectFetch } from '../../src/sdk/fetch-handler.ts';
import { protectHono } from '../../src/sdk/hono.ts';
import { protectKoa } from '../../src/sdk/koa.ts';
import { accessIn } from '../../src/sdk/protection.ts';
import type { Access } from '../../src/sdk/access.ts';
import type { Verifier } from '../../src/sdk/verifier.ts';

export const FRAMEWORKS = ['koa', 'express', 'fastify', 'hono', 'fetch'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

export interface SampleApi {
  readonly url: string;
  close(): Promise<void>;
}

/** Role of `/orders/…`; whose `company` in `/companies/{company}` must be the caller's. */
const ROLE = 'OrderReader';
const ofCompany = (company: string) => allOf(ROLE, entity.company(company));
const shown = ({ subject, roles }: Access) => ({ subject, roles: [...roles] });
const companyOf = (path: string): string => /^\/companies\/([^/?]*)/.exec(path)?.[1] ?? '';

/** `/orders/…` needs a role, `/companies/{company}` also the company, `/any` any token, `/bug` has a fault in its check. */
function needOf(path: string) {
  if (path.startsWith('/bug')) throw new Error('a fault of the API');
  return path.startsWith('/companies/') ? ofCompany(companyOf(path)) : ROLE;
}

const OPENERS: Readonly<Record<Framework, (verifier: Verifier) => Promise<RequestListener>>> = {
  koa: async (verifier) => {
    const app = new Koa();
    app.silent = true;
    const [any, some] = [protectKoa(verifier), protectKoa(verifier, (ctx: Koa.Context) => needOf(ctx.path))];
    app.use((ctx, next) => (ctx.path === '/any' ? any(ctx, next) : some(ctx, next)));
    app.use((ctx) => void (ctx.body = shown(accessIn(ctx))));
    const callback = app.callback();
    return (request, response) => void callback(request, response);
  },
  express: async (verifier) => {
    const app = express();
    const answer = (request: ExpressRequest<never>, response: { json(body: unknown): unknown }) => void response.json(shown(accessIn(request)));
    const [any, some] = [protectExpress(verifier), protectExpress(verifier, (request: ExpressRequest) => needOf(request.originalUrl))];
    // A router takes its part of the path away.
    const orders = express.Router();
    orders.get('/:id', some, answer as never);
    app.get('/any', any, answer as never);
    app.use('/orders', orders);
    app.use(some, answer as never);
    app.use((_error: unknown, _request: unknown, response: { status(code: number): { end(): void } }, _next: unknown) => response.status(500).end());
    return app;
  },
  fastify: async (verifier) => {
    const app = fastify();
    app.get('/any', { onRequest: protectFastify(verifier) }, (request, reply) => reply.send(shown(accessIn(request))));
    const some = protectFastify(
      verifier,
      (request: { readonly raw: object; readonly url: string } & Parameters<ReturnType<typeof protectFastify>>[0]) => needOf(request.url),
    );
    for (const path of ['/orders/:id', '/companies/:company', '/bug'])
      app.get(path, { preHandler: some }, (request, reply) => reply.send(shown(accessIn(request))));
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
  hono: async (verifier) => {
    const app = new Hono();
    app.get('/any', protectHono(verifier), (c) => c.json(shown(accessIn(c))));
    app.get(
      '*',
      protectHono(verifier, (c: Context) => needOf(c.req.path)),
      (c) => c.json(shown(accessIn(c))),
    );
    app.onError((_error, c) => c.body(null, 500));
    return standard((request) => app.fetch(request) as Promise<Response>);
  },
  fetch: async (verifier) => {
    const any = protectFetch(verifier, undefined, (_request, access) => Response.json(shown(access)));
    const some = protectFetch(
      verifier,
      ({ url }) => needOf(new URL(url).pathname),
      (_request, access) => Response.json(shown(access)),
    );
    return standard((request) => (new URL(request.url).pathname === '/any' ? any(request) : some(request)));
  },
};

/** A standard handler behind Node's server, as adapters do it. */
function standard(handle: (request: Request) => Promise<Response>): RequestListener {
  return (incoming, outgoing) => {
    void (async () => {
      try {
        const headers = new Headers();
        for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2)
          headers.append(incoming.rawHeaders[index]!, incoming.rawHeaders[index + 1]!);
        const response = await handle(
          new Request(`http://${incoming.headers.host ?? 'host.invalid'}${incoming.url ?? '/'}`, { method: incoming.method!, headers }),
        );
        outgoing.writeHead(response.status, Object.fromEntries(response.headers));
        outgoing.end(await response.text());
      } catch {
        outgoing.writeHead(500).end();
      }
    })();
  };
}

export async function openSampleApi(framework: Framework, verifier: Verifier): Promise<SampleApi> {
  const listener = await OPENERS[framework](verifier);
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
