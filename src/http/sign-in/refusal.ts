/** What a person is told when an authorization request cannot go on, and cannot be answered to its client either. */
import type Koa from 'koa';
import { html } from '../html.ts';
import { Visit, type PageParts } from './page.ts';

interface Refusal {
  readonly error: string;
  readonly error_description?: string | undefined;
}

/** Makes a page of a refusal of the engine; its status stays. */
export function refusalPage(parts: PageParts): (ctx: Koa.Context, refusal: Refusal) => void {
  return (ctx, refusal) => {
    const { status } = ctx;
    answerRefused(ctx, new Visit(ctx, parts), refusal, status);
  };
}

/** Tells a person that a request cannot be answered, and whoever looks after the application why. */
export function answerRefused(ctx: Koa.Context, visit: Visit, { error, error_description: description }: Refusal, status = 400): void {
  const { ui_locales: uiLocales } = ctx.query;
  const view = visit.view(typeof uiLocales === 'string' ? uiLocales : undefined);
  const { title, refused, tooLate, tellDevelopers } = view.texts.failed;
  // Below the authorization endpoint a request goes on that was good when it was made.
  const goesOn = ctx.path.startsWith('/oauth/authorize/');
  ctx.status = status;
  ctx.body = view.page(
    title,
    html`<p>${goesOn ? tooLate : refused}</p>
      <div class="aside">
        <p class="hint">${tellDevelopers}</p>
        <p><code>${error}</code>${description === undefined ? '' : html`: ${description}`}</p>
      </div>`,
  );
}

/** The request of a page is over, or belongs to another browser. */
export function answerTooLate(ctx: Koa.Context, visit: Visit): void {
  const view = visit.view(undefined, { echo: false });
  ctx.status = 404;
  ctx.body = view.page(view.texts.failed.title, html`<p>${view.texts.failed.tooLate}</p>`);
}
