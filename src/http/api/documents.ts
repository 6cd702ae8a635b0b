import { createHash } from 'node:crypto';
import type Koa from 'koa';
import { HttpError } from '../errors.ts';
import { docsPage, DOCS_POLICY } from './docs-page.ts';
import { isKnown } from './etag.ts';
import { openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';

export const DOCUMENT_PATH = '/api/openapi.json';
export const DOCS_PATH = '/api/docs';

/** How long a copy may be used without asking again. */
const FRESH_SECONDS = 300;

interface Published {
  readonly type: string;
  readonly text: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Serves what the API says of itself, to everybody: the OpenAPI document, and the same for people. Both are made when one is
 * first asked for: that takes as long as all else that a server does to start, and few are ever asked.
 */
export function apiDocuments(routes: readonly Route[]): Koa.Middleware {
  let published: ReadonlyMap<string, Published> | undefined;
  return async (ctx, next) => {
    if (ctx.path !== DOCUMENT_PATH && ctx.path !== DOCS_PATH) return void (await next());
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      throw new HttpError('method_not_allowed', `${ctx.method} is not possible here.`, { Allow: 'GET, HEAD' });
    }
    published ??= publish(routes);
    const found = published.get(ctx.path)!;
    ctx.set({ ...found.headers, 'Cache-Control': `public, max-age=${FRESH_SECONDS}`, ETag: found.etag });
    if (isKnown(ctx.get('if-none-match'), found.etag)) return void (ctx.status = 304);
    ctx.type = found.type;
    ctx.body = found.text;
  };
}

function publish(routes: readonly Route[]): ReadonlyMap<string, Published> {
  const document = openApiDocument(routes);
  return new Map([
    [DOCUMENT_PATH, publishedAs('application/json', JSON.stringify(document))],
    [DOCS_PATH, publishedAs('text/html; charset=utf-8', docsPage(document, DOCUMENT_PATH), { 'Content-Security-Policy': DOCS_POLICY })],
  ]);
}

function publishedAs(type: string, text: string, headers: Readonly<Record<string, string>> = {}): Published {
  return { type, text, headers, etag: `"${createHash('sha256').update(text).digest('base64url')}"` };
}
