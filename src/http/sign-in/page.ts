/**
 * @module Pages under `/sign-in` for people: they work without script and load nothing. Where a page is opened by a link,
 * the token in the address is the credential, so another site cannot forge the form without having it.
 */
import { createHash } from 'node:crypto';
import { parse } from 'node:querystring';
import type Koa from 'koa';
import getRawBody from 'raw-body';
import { DomainError } from '../../domain/errors.ts';
import type { AttemptBudget } from '../../domain/ports.ts';
import { FORGOTTEN_PASSWORD_PATH } from '../../services/one-time-links.ts';

const LARGEST_FORM = 16 * 1024;

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}' +
  'label{display:block;margin-top:1rem;font-weight:600}input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #666;border-radius:.25rem}' +
  'button{font:inherit;font-weight:600;margin-top:1.5rem;padding:.5rem 1.25rem;border:0;border-radius:.25rem;color:#fff;background:#14532d}' +
  '[role=alert]{padding:.5rem .75rem;border-left:.25rem solid #991b1b;background:#fef2f2}';
const POLICY =
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ` +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

export interface Page {
  readonly path: string;
  readonly show: (ctx: Koa.Context) => Promise<void>;
  readonly send: (ctx: Koa.Context, form: Form) => Promise<void>;
}

/** The fields of a form. */
export type Form = (name: string) => string;

/** Serves a page at its path; passes on everything else. */
export function servedPage({ path, show, send }: Page): Koa.Middleware {
  return async (ctx, next) => {
    if (ctx.path !== path) return void (await next());
    ctx.set({ 'Cache-Control': 'no-store', 'Content-Security-Policy': POLICY, 'Cross-Origin-Resource-Policy': 'same-origin' });
    try {
      if (ctx.method === 'GET' || ctx.method === 'HEAD') return await show(ctx);
      if (ctx.method === 'POST') return await send(ctx, await readForm(ctx));
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'too_many_attempts') throw error;
      return tooMany(ctx, error);
    }
    ctx.set('Allow', 'GET, HEAD, POST');
    ctx.status = 405;
    ctx.body = page('Not possible', '<p>This page can be opened and sent, nothing else.</p>');
  };
}

/** The answer to a link that is unknown, used, replaced, taken back or too old: they are not told apart. Guessing is counted. */
export async function answerGone(ctx: Koa.Context, budget: AttemptBudget): Promise<void> {
  await budget.recordFailure(ctx.ip);
  const retryAfterSeconds = budget.blockedFor(ctx.ip);
  if (retryAfterSeconds !== undefined) throw new DomainError('too_many_attempts', 'Too many attempts, try again later.', { retryAfterSeconds });
  ctx.status = 404;
  ctx.body = page(
    'This link is not good any more',
    '<p>It was used, replaced by a newer one, taken back, or is too old. ' +
      `If you have a password and forgot it, <a href="${FORGOTTEN_PASSWORD_PATH}">ask for a new one</a>; otherwise ask an administrator for another link.</p>`,
  );
}

function tooMany(ctx: Koa.Context, { retryAfterSeconds = 60 }: DomainError): void {
  ctx.status = 429;
  ctx.set('Retry-After', String(retryAfterSeconds));
  ctx.body = page('Too many attempts', `<p>Please wait ${Math.ceil(retryAfterSeconds / 60)} minutes, then try again.</p>`);
}

async function readForm(ctx: Koa.Context): Promise<Form> {
  if (ctx.is('application/x-www-form-urlencoded') === false) throw new DomainError('invalid_input', 'Only the form of this page can be sent here.');
  try {
    const fields = parse(await getRawBody(ctx.req, { limit: LARGEST_FORM, length: ctx.get('content-length') || null, encoding: true }));
    return (name) => single(fields[name]);
  } catch (cause) {
    throw new DomainError('invalid_input', 'The form is broken or too large.', { cause });
  }
}

/** A field that was sent once; everything else counts as empty. */
export const single = (value: unknown): string => (typeof value === 'string' ? value : '');

/** @param problem what was wrong with what was sent before */
export function alert(problem: string | undefined): string {
  return problem === undefined ? '' : `<p role="alert">${escaped(problem)}</p>`;
}

/** Two fields for a new password, and the button that sends the form. */
export function passwordFields(button: string): string {
  return `<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required>
<label for="repeated">The same again</label>
<input id="repeated" name="repeated" type="password" autocomplete="new-password" required>
<button type="submit">${button}</button>`;
}

/** @param title plain text */
export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} – Rolemint</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${content}
</main>
</body>
</html>
`;
}

export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
