import type Koa from 'koa';
import getRawBody from 'raw-body';
import { DomainError } from '../../domain/errors.ts';
import { HttpError } from '../errors.ts';
import type { Method } from './route.ts';
import { parseStrictJson } from './strict-json.ts';

export const LARGEST_BODY = 256 * 1024;

/** RFC 7396 patches have a type of their own; plain JSON means the same there. */
export function mediaTypesOf(method: Method): readonly string[] {
  return method === 'PATCH' ? ['application/merge-patch+json', 'application/json'] : ['application/json'];
}

/**
 * The JSON in the body of a request.
 * @throws `unsupported_media_type` for another type, another encoding than UTF-8 and compressed bodies
 * @throws `too_large`
 * @throws `invalid_input` when it is no JSON in UTF-8
 */
export async function readBody(ctx: Koa.Context, method: Method): Promise<unknown> {
  assertType(ctx, mediaTypesOf(method));
  const bytes = await readBytes(ctx);
  if (bytes.length === 0) throw new DomainError('invalid_input', 'A JSON body is needed.', { pointer: '' });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DomainError('invalid_input', 'The body is not UTF-8.', { pointer: '' });
  }
  return parseStrictJson(text);
}

function assertType(ctx: Koa.Context, allowed: readonly string[]): void {
  const encoding = ctx.get('content-encoding');
  if (encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw new HttpError('unsupported_media_type', 'Compressed bodies are not accepted here.', { 'Accept-Encoding': 'identity' });
  }
  const [type = '', ...parameters] = ctx
    .get('content-type')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (!allowed.includes(type) || !parameters.every((parameter) => /^charset="?utf-?8"?$/.test(parameter))) {
    const headers: Record<string, string> = allowed.length > 1 ? { 'Accept-Patch': allowed.join(', ') } : { Accept: allowed.join(', ') };
    throw new HttpError('unsupported_media_type', `The body must be ${allowed.join(' or ')} in UTF-8.`, headers);
  }
}

async function readBytes(ctx: Koa.Context): Promise<Buffer> {
  try {
    return await getRawBody(ctx.req, { limit: LARGEST_BODY, length: ctx.get('content-length') || null });
  } catch (error) {
    if ((error as { readonly type?: unknown }).type === 'entity.too.large') {
      // What is still to come is not waited for.
      throw new HttpError('too_large', `The body may have ${LARGEST_BODY / 1024} KiB.`, { Connection: 'close' });
    }
    throw new DomainError('invalid_input', 'The body did not come completely.', { cause: error });
  }
}
