import { parse } from 'node:querystring';
import { errors } from 'oidc-provider';
import getRawBody from 'raw-body';
import type { EngineContext } from './context.ts';

/** As large as the engine allows on its own endpoints. */
const LARGEST_FORM = 56 * 1024;
const FORM = 'application/x-www-form-urlencoded';

/**
 * The form in the body of a request; a parameter that comes several times is an array.
 * @throws `invalid_request` when it is no form, not UTF-8 or too large
 */
export async function readForm(ctx: EngineContext): Promise<Record<string, unknown>> {
  const type = ctx.get('content-type');
  if (type !== FORM && !isForm(ctx, type)) throw new errors.InvalidRequest(`only ${FORM} in UTF-8 is supported here`);
  try {
    return parse(await getRawBody(ctx.req, { limit: LARGEST_FORM, length: ctx.get('content-length') || null, encoding: true }));
  } catch (cause) {
    throw new errors.InvalidRequest('failed to parse the request body', undefined, { cause });
  }
}

function isForm(ctx: EngineContext, type: string): boolean {
  // A request without a body needs no type; what it lacks is said by whoever misses it.
  if (type === '') return ctx.request.length === undefined || ctx.request.length === 0;
  const charset = ctx.request.charset.toLowerCase();
  return ctx.is(FORM) === FORM && (charset === '' || charset === 'utf-8' || charset === 'utf8');
}
