/**
 * @module Pages under `/sign-in` for people: they work without script, load a style sheet of ours and nothing else, and
 * take no form that they did not give out themselves.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { parse } from 'node:querystring';
import type Koa from 'koa';
import getRawBody from 'raw-body';
import { DomainError } from '../../domain/errors.ts';
import type { AttemptBudget } from '../../domain/attempt-budget.ts';
import type { Random } from '../../domain/ports.ts';
import { FORGOTTEN_PASSWORD_PATH } from '../../services/one-time-links.ts';
import { html } from '../html.ts';
import { languageOf, switchedTo } from './language.ts';
import type { Look } from './look.ts';
import { View } from './view.ts';

/** What all pages share. */
export interface PageParts {
  readonly look: Look;
  /** The same on all nodes: a form of one may be sent to another. */
  readonly secret: string;
  readonly random: Random;
  /** The issuer is https. */
  readonly tls: boolean;
}

export interface Page {
  readonly path: string;
  readonly show: (ctx: Koa.Context, visit: Visit) => Promise<void>;
  /** Unset: there is nothing to send. */
  readonly send?: (ctx: Koa.Context, form: Form, visit: Visit) => Promise<void>;
  /** Takes a form that another site made, which says so by lacking our token; unset: it is refused like a forged one. */
  readonly foreign?: (ctx: Koa.Context, form: Form, visit: Visit) => void;
}

/** The fields of a form: one that was sent once, or all of a name. */
export interface Form {
  (name: string): string;
  all(name: string): readonly string[];
}

const LARGEST_FORM = 16 * 1024;
const POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const YEAR_SECONDS = 31_536_000;

/** One request for a page. */
export class Visit {
  readonly #ctx: Koa.Context;
  readonly #parts: PageParts;
  readonly #csrf: string;

  constructor(ctx: Koa.Context, parts: PageParts) {
    this.#ctx = ctx;
    this.#parts = parts;
    ctx.set({ 'Cache-Control': 'no-store', 'Content-Security-Policy': POLICY, 'Cross-Origin-Resource-Policy': 'same-origin' });
    this.#keepLanguage();
    this.#csrf = this.#csrfToken();
  }

  /**
   * @param uiLocales as an application asks for, OpenID Connect Core 1.0 §3.1.2.1
   * @param echo whether the page may name the query by which it was opened
   */
  view(uiLocales?: string, { echo = true }: { readonly echo?: boolean } = {}): View {
    const { look } = this.#parts;
    const language = languageOf(this.#ctx, this.#cookie('language'), uiLocales);
    this.#ctx.set('Content-Language', language);
    return new View({ look, language, csrf: this.#csrf, query: echo ? this.#ctx.querystring : '' });
  }

  /** Leads the browser to a page of ours. */
  leadTo(path: string): void {
    this.#ctx.redirect(this.#parts.look.at(path));
  }

  /**
   * Lets the answer to a form of this page lead to an application: Chromium holds `form-action` against every address
   * that a redirect after a form goes through.
   */
  mayLeadTo(address: string): void {
    const { protocol, origin, hostname } = new URL(address);
    // A source list has no words for an IPv6 address.
    const source = origin === 'null' || hostname.startsWith('[') ? protocol : origin;
    this.#ctx.set('Content-Security-Policy', `${POLICY} ${source}`);
  }

  isForged(form: Form): boolean {
    const sent = Buffer.from(form('csrf'));
    const known = Buffer.from(this.#csrf);
    return sent.length !== known.length || !timingSafeEqual(sent, known);
  }

  #cookie(name: string): string {
    return `${this.#parts.tls ? '__Host-' : ''}rolemint-${name}`;
  }

  #setCookie(name: string, value: string, maxAge?: number): void {
    const secure = this.#parts.tls ? '; Secure' : '';
    const age = maxAge === undefined ? '' : `; Max-Age=${maxAge}`;
    this.#ctx.append('Set-Cookie', `${this.#cookie(name)}=${value}; Path=/; HttpOnly; SameSite=Lax${secure}${age}`);
  }

  #keepLanguage(): void {
    const language = switchedTo(this.#ctx);
    if (language !== undefined) this.#setCookie('language', language, YEAR_SECONDS);
  }

  /** What only a page of ours in this browser knows: made from a secret of ours and one of the browser's. */
  #csrfToken(): string {
    const given = this.#ctx.cookies.get(this.#cookie('form'));
    const known = given !== undefined && /^[\w-]{43}$/.test(given);
    const browser = known ? given : this.#parts.random.secret();
    if (!known) this.#setCookie('form', browser);
    return createHmac('sha256', this.#parts.secret).update('form\0').update(browser).digest('base64url');
  }
}

/** Serves a page at its path; passes on everything else. */
export function servedPage(parts: PageParts, { path, show, send, foreign }: Page): Koa.Middleware {
  return async (ctx, next) => {
    if (ctx.path !== path) return void (await next());
    const visit = new Visit(ctx, parts);
    try {
      if (ctx.method === 'GET' || ctx.method === 'HEAD') return await show(ctx, visit);
      if (ctx.method === 'POST' && send !== undefined) {
        const form = await readForm(ctx);
        if (foreign !== undefined && form('csrf') === '') return foreign(ctx, form, visit);
        return visit.isForged(form) ? answerForged(ctx, visit) : await send(ctx, form, visit);
      }
    } catch (error) {
      return answerError(ctx, visit, error);
    }
    const { texts, ...view } = pageOf(visit);
    ctx.set('Allow', send === undefined ? 'GET, HEAD' : 'GET, HEAD, POST');
    ctx.status = 405;
    ctx.body = view.page(texts.failed.title, html`<p>${texts.failed.method}</p>`);
  };
}

function pageOf(visit: Visit) {
  const view = visit.view(undefined, { echo: false });
  return { texts: view.texts, page: view.page.bind(view), at: view.at.bind(view) };
}

function answerForged(ctx: Koa.Context, visit: Visit): void {
  const { texts, page } = pageOf(visit);
  ctx.status = 403;
  ctx.body = page(
    texts.failed.forgedTitle,
    html`<p>${texts.failed.forged}</p>
      <p><a href="?${ctx.querystring}">${texts.failed.reopen}</a></p>`,
  );
}

function answerError(ctx: Koa.Context, visit: Visit, error: unknown): void {
  if (!(error instanceof DomainError)) throw error;
  const { code, retryAfterSeconds = 60 } = error;
  const { texts, page } = pageOf(visit);
  if (code === 'too_many_attempts') {
    ctx.status = 429;
    ctx.set('Retry-After', String(retryAfterSeconds));
    ctx.body = page(texts.failed.tooMany, html`<p>${texts.failed.wait(Math.ceil(retryAfterSeconds / 60))}</p>`);
  } else if (code === 'unavailable') {
    ctx.status = 503;
    ctx.set('Retry-After', String(retryAfterSeconds));
    ctx.body = page(texts.failed.unavailableTitle, html`<p>${texts.failed.unavailable}</p>`);
  } else {
    throw error;
  }
}

/** The answer to a link that is unknown, used, replaced, taken back or too old: they are not told apart. Guessing is counted. */
export async function answerGone(ctx: Koa.Context, budget: AttemptBudget, visit: Visit): Promise<void> {
  await budget.recordFailure(ctx.ip);
  const retryAfterSeconds = budget.blockedFor(ctx.ip);
  if (retryAfterSeconds !== undefined) throw new DomainError('too_many_attempts', 'Too many attempts, try again later.', { retryAfterSeconds });
  const { texts, page, at } = pageOf(visit);
  const { title, lead, askAgain, administrator } = texts.gone;
  ctx.status = 404;
  ctx.body = page(
    title,
    html`<p>${lead}</p>
      <p><a href="${at(FORGOTTEN_PASSWORD_PATH)}">${askAgain}</a>; ${administrator}</p>`,
  );
}

async function readForm(ctx: Koa.Context): Promise<Form> {
  if (ctx.is('application/x-www-form-urlencoded') === false) throw new DomainError('invalid_input', 'Only the form of this page can be sent here.');
  try {
    const fields = parse(await getRawBody(ctx.req, { limit: LARGEST_FORM, length: ctx.get('content-length') || null, encoding: true }));
    const one = (name: string): string => single(fields[name]);
    return Object.assign(one, { all: (name: string) => [fields[name] ?? []].flat() });
  } catch (cause) {
    throw new DomainError('invalid_input', 'The form is broken or too large.', { cause });
  }
}

/** A field that was sent once; everything else counts as empty. */
export const single = (value: unknown): string => (typeof value === 'string' ? value : '');
