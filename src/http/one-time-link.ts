/**
 * The page behind a one-time link: a person sets a password. It works without script and loads nothing. The token in the
 * address is the credential, so another site cannot forge the form without having it; opening the page uses nothing up.
 */
import { createHash } from 'node:crypto';
import { parse } from 'node:querystring';
import type Koa from 'koa';
import getRawBody from 'raw-body';
import { DomainError } from '../domain/errors.ts';
import type { AttemptBudget } from '../domain/ports.ts';
import { ONE_TIME_PATH, type OneTimeLinks } from '../services/one-time-links.ts';

export interface OneTimeLinkPageOptions {
  readonly links: OneTimeLinks;
  readonly budget: AttemptBudget;
}

const LARGEST_FORM = 16 * 1024;

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}' +
  'label{display:block;margin-top:1rem;font-weight:600}input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #666;border-radius:.25rem}' +
  'button{font:inherit;font-weight:600;margin-top:1.5rem;padding:.5rem 1.25rem;border:0;border-radius:.25rem;color:#fff;background:#14532d}' +
  '[role=alert]{padding:.5rem .75rem;border-left:.25rem solid #991b1b;background:#fef2f2}';
const POLICY =
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ` +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/** Serves {@link ONE_TIME_PATH}; passes on everything else. */
export function oneTimeLinkPage({ links, budget }: OneTimeLinkPageOptions): Koa.Middleware {
  return async (ctx, next) => {
    if (ctx.path !== ONE_TIME_PATH) return void (await next());
    ctx.set({ 'Cache-Control': 'no-store', 'Content-Security-Policy': POLICY, 'Cross-Origin-Resource-Policy': 'same-origin' });
    if (ctx.method === 'GET' || ctx.method === 'HEAD') return show(ctx);
    if (ctx.method === 'POST') return redeem(ctx);
    ctx.set('Allow', 'GET, HEAD, POST');
    ctx.status = 405;
    ctx.body = page('Not possible', '<p>This page can be opened and sent, nothing else.</p>');
  };

  async function show(ctx: Koa.Context): Promise<void> {
    const token = single(ctx.query['token']);
    const user = await links.holderOf(token);
    if (user === undefined) return gone(ctx);
    ctx.body = form(user.username, token);
  }

  async function redeem(ctx: Koa.Context): Promise<void> {
    const sent = await readForm(ctx);
    const token = single(sent['token']);
    const user = await links.holderOf(token);
    if (user === undefined) return gone(ctx);
    const password = single(sent['password']);
    const problem = password === single(sent['repeated']) ? await attempt(ctx, token, password) : 'The two passwords are not the same.';
    if (problem === 'gone') return gone(ctx);
    ctx.status = problem === undefined ? 200 : 400;
    ctx.body = problem === undefined ? done(user.username) : form(user.username, token, problem);
  }

  /** @returns what is wrong, for the person; undefined when the password is set */
  async function attempt(ctx: Koa.Context, token: string, password: string): Promise<string | undefined> {
    try {
      await links.redeem(token, password, ctx.state['requestId'] as string);
      return undefined;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'invalid_input') return error.message;
      if (error instanceof DomainError && error.code === 'not_found') return 'gone';
      throw error;
    }
  }

  async function gone(ctx: Koa.Context): Promise<void> {
    await budget.recordFailure(ctx.ip);
    const blockedFor = budget.blockedFor(ctx.ip);
    if (blockedFor !== undefined) {
      throw new DomainError('too_many_attempts', 'Too many attempts, try again later.', { retryAfterSeconds: blockedFor });
    }
    ctx.status = 404;
    ctx.body = page(
      'This link is not good any more',
      '<p>It was used, replaced by a newer one, or is older than a day. Ask an administrator for another one.</p>',
    );
  }
}

async function readForm(ctx: Koa.Context): Promise<Readonly<Record<string, unknown>>> {
  if (ctx.is('application/x-www-form-urlencoded') === false) throw new DomainError('invalid_input', 'Only the form of this page can be sent here.');
  try {
    return parse(await getRawBody(ctx.req, { limit: LARGEST_FORM, length: ctx.get('content-length') || null, encoding: true }));
  } catch (cause) {
    throw new DomainError('invalid_input', 'The form is broken or too large.', { cause });
  }
}

/** A field that was sent once; everything else counts as empty. */
const single = (value: unknown): string => (typeof value === 'string' ? value : '');

const done = (username: string): string =>
  page('Password set', `<p>The password of <strong>${escaped(username)}</strong> is set. You can close this page.</p>`);

function form(username: string, token: string, problem?: string): string {
  const alert = problem === undefined ? '' : `<p role="alert">${escaped(problem)}</p>`;
  return page(
    `Set the password of ${escaped(username)}`,
    `${alert}<form method="post" action="?" autocomplete="on">
<input type="hidden" name="token" value="${escaped(token)}">
<input type="text" name="username" value="${escaped(username)}" autocomplete="username" readonly hidden>
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required autofocus>
<label for="repeated">The same again</label>
<input id="repeated" name="repeated" type="password" autocomplete="new-password" required>
<button type="submit">Set password</button>
</form>`,
  );
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Rolemint</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
