/** @module The administration in the browser: files that were built beforehand, served from memory. What it does, it does over the management API. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type Koa from 'koa';
import { CONSOLE_CLIENT_ID } from '../services/console-client.ts';
import { isKnown } from './api/etag.ts';
import { HttpError } from './errors.ts';
import { ENDPOINT_STATE } from './server.ts';

export const CONSOLE_PATH = '/console';

/** Nothing but the own files, and the own server. The one policy of trusted types lets no markup through. */
export const CONSOLE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types default',
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};
/** Where the build puts it: beside the compiled sources, or in `dist` when the sources themselves run. Without it, nothing is served. */
const FOLDER = path.resolve(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../../dist/console' : '../../console');
/** Files below here have the digest of their content in their name. */
const HASHED = '/assets/';

const compress = promisify(gzip);

interface ConsoleFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly immutable: boolean;
  /** Compressed once, when it is first asked for. */
  gzipped?: Promise<Buffer>;
}

export interface ConsoleOptions {
  readonly issuer: string;
}

/**
 * Serves the console at `/console`; passes on everything else. Only what was read when the server started can be had, so
 * no path leads to another file. What is no file is a page of the console, which finds its way by the address.
 */
export async function openConsole({ issuer }: ConsoleOptions): Promise<Koa.Middleware> {
  const prefix = new URL(issuer).pathname.replace(/\/$/, '');
  const files = await readFiles(FOLDER);
  const index = files.get('/index.html');
  if (index === undefined) return (_ctx, next) => next();
  const page = consoleFile('.html', Buffer.from(index.plain.toString().replaceAll('"./', `"${prefix}${CONSOLE_PATH}/`)));
  files.delete('/index.html');
  files.set('/config.json', consoleFile('.json', Buffer.from(JSON.stringify({ issuer, client_id: CONSOLE_CLIENT_ID }))));
  return async (ctx, next) => {
    if (ctx.path !== CONSOLE_PATH && !ctx.path.startsWith(`${CONSOLE_PATH}/`)) return void (await next());
    const name = ctx.path.slice(CONSOLE_PATH.length);
    ctx.state[ENDPOINT_STATE] = CONSOLE_PATH;
    const file = files.get(name) ?? (name.startsWith(HASHED) ? undefined : page);
    if (file === undefined) return;
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      throw new HttpError('method_not_allowed', `${ctx.method} is not possible here.`, { Allow: 'GET, HEAD' });
    }
    await send(ctx, file);
  };
}

async function send(ctx: Koa.Context, file: ConsoleFile): Promise<void> {
  ctx.set({
    'Cache-Control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    'Content-Security-Policy': CONSOLE_POLICY,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    // Weak: the same page compressed and not.
    ETag: `W/${file.etag}`,
    Vary: 'Accept-Encoding',
  });
  if (isKnown(ctx.get('if-none-match'), file.etag)) return void (ctx.status = 304);
  ctx.type = file.type;
  if (ctx.acceptsEncodings('gzip', 'identity') !== 'gzip') return void (ctx.body = file.plain);
  file.gzipped ??= compress(file.plain);
  ctx.set('Content-Encoding', 'gzip');
  ctx.body = await file.gzipped;
}

async function readFiles(folder: string): Promise<Map<string, ConsoleFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const read = entries
    .filter((entry) => entry.isFile())
    .map(async (entry): Promise<[string, ConsoleFile]> => {
      const file = path.join(entry.parentPath, entry.name);
      const name = `/${path.relative(folder, file).split(path.sep).join('/')}`;
      return [name, consoleFile(path.extname(name), await readFile(file), name.startsWith(HASHED))];
    });
  return new Map(await Promise.all(read));
}

function consoleFile(extension: string, plain: Buffer, immutable = false): ConsoleFile {
  const etag = `"${createHash('sha256').update(plain).digest('base64url')}"`;
  return { type: TYPES[extension] ?? 'application/octet-stream', etag, plain, immutable };
}
