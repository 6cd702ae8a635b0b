/**
 * @module The HTTP side: one Koa application, every request with an id, limits against slow and many callers. Protocol
 * answers come from the engine, which arrives here as middleware.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { DomainError } from '../domain/errors.ts';
import { Connections, type ConnectionLimits } from './connections.ts';
import { deadline } from './deadline.ts';
import { errorAnswer } from './errors.ts';
import { securityHeaders } from './headers.ts';

export interface HttpOptions {
  /** The issuer is https. */
  readonly tls: boolean;
  readonly trustedProxyHops: number;
  readonly connections: ConnectionLimits;
  /** In order; each passes on what is not its own. */
  readonly middleware: readonly Koa.Middleware[];
  readonly requestId: () => string;
  /** Called once a request is answered, with its duration in seconds. */
  readonly onAnswered: (ctx: Koa.Context, seconds: number) => void;
  /** A fault of ours, not of the caller. */
  readonly onFault: (ctx: Koa.Context, error: unknown) => void;
}

/** Where a middleware says which of its endpoints a request is for, when its paths have ids in them. */
export const ENDPOINT_STATE = 'endpoint';

const HEADERS_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 15_000;
const KEEP_ALIVE_TIMEOUT = 65_000;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

export interface HttpServer {
  /**
   * Starts to take connections.
   * @returns the port, for when it was 0
   * @throws `unavailable` in words where the port cannot be had
   */
  listen(port: number, host: string): Promise<number>;
  /** It takes no more connections, and answers what is under way. */
  readonly draining: boolean;
  /** Stops, see {@link Connections.drain}. */
  drain(milliseconds: number): Promise<void>;
}

/** Builds the server; it does not listen yet. */
export function createHttpServer(options: HttpOptions): HttpServer {
  const app = new Koa({ proxy: options.trustedProxyHops > 0, maxIpsCount: options.trustedProxyHops });
  app.silent = true;
  app.use(async (ctx, next) => {
    const startedAt = process.hrtime.bigint();
    const given = ctx.req.headers['x-request-id'];
    const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : options.requestId();
    ctx.state['requestId'] = id;
    ctx.set('X-Request-Id', id);
    securityHeaders(ctx, options.tls);
    try {
      await next();
    } catch (error) {
      errorAnswer(ctx, error, options.onFault);
    }
    if (ctx.status === 404 && ctx.body === undefined) errorAnswer(ctx, undefined, options.onFault);
    options.onAnswered(ctx, Number(process.hrtime.bigint() - startedAt) / 1e9);
  });
  app.use(deadline(options.onFault));
  for (const middleware of options.middleware) app.use(middleware);
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT, requestTimeout: REQUEST_TIMEOUT, keepAliveTimeout: KEEP_ALIVE_TIMEOUT, connectionsCheckingInterval: 5000 },
    originForm(app.callback()),
  );
  const connections = new Connections(server, options.connections);
  return {
    listen: async (port, host) => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error: NodeJS.ErrnoException) => reject(portRefused(error, port, host)));
        server.listen(port, host, resolve);
      });
      return (server.address() as AddressInfo).port;
    },
    get draining() {
      return connections.draining;
    },
    drain: (milliseconds) => connections.drain(milliseconds),
  };
}

function portRefused(cause: NodeJS.ErrnoException, port: number, host: string): Error {
  const sentence = {
    EADDRINUSE: `Port ${port} on ${host} is taken by another program: stop it, or choose another port with ROLEMINT_PORT.`,
    EACCES: `Port ${port} may not be used by this user: choose one above 1023 with ROLEMINT_PORT.`,
    EADDRNOTAVAIL: `${host} is no address of this machine: see ROLEMINT_HOST.`,
  }[cause.code ?? ''];
  return sentence === undefined ? cause : new DomainError('unavailable', sentence, { cause });
}

/** Endpoint names as metric labels: a closed set, whatever paths and ids callers invent. */
export function endpointOf(ctx: Koa.Context): string {
  const template: unknown = ctx.state[ENDPOINT_STATE];
  if (typeof template === 'string') return template;
  return ctx.status === 404 ? 'unknown' : ctx.path;
}

export const requestIdOf = (ctx: Koa.Context): string => ctx.state['requestId'] as string;

/**
 * RFC 9112 §3.2: an absolute-form target means the same as its path; the host in it, like the Host header, never changes
 * an answer. Anything else that is not a path is refused.
 */
function originForm(listener: (req: IncomingMessage, res: ServerResponse) => Promise<void>): RequestListener {
  return (req, res) => {
    const path = pathOf(req);
    if (path === undefined) {
      res.writeHead(400, {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        connection: 'close',
      });
      res.end('{"error":"invalid_request","error_description":"the request target is not a path"}');
      return;
    }
    req.url = path;
    req.headers.host = 'host.invalid';
    void listener(req, res);
  };
}

function pathOf({ url = '' }: IncomingMessage): string | undefined {
  if (url.startsWith('/') && !url.startsWith('//')) return url;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
  const { pathname, search } = new URL(url);
  return pathname + search;
}
