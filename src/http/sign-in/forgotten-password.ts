/**
 * The page where a new password is asked for. Every answer is the same, byte by byte, and leaves before anything was
 * looked up; how often an address, and a name from an address, may ask is counted whether or not there is such a name.
 */
import type Koa from 'koa';
import type { AttemptBudget } from '../../domain/attempt-budget.ts';
import { canonicalUsername } from '../../domain/party.ts';
import { FORGOTTEN_PASSWORD_PATH } from '../../services/one-time-links.ts';
import type { PasswordResets } from '../../services/password-resets.ts';
import { html } from '../html.ts';
import { servedPage, type PageParts } from './page.ts';
import type { FieldProblem, View } from './view.ts';

export interface ForgottenPasswordPageOptions extends PageParts {
  readonly resets: PasswordResets;
  readonly budget: AttemptBudget;
}

/** Serves {@link FORGOTTEN_PASSWORD_PATH}. */
export function forgottenPasswordPage({ resets, budget, ...parts }: ForgottenPasswordPageOptions): Koa.Middleware {
  return servedPage(parts, {
    path: FORGOTTEN_PASSWORD_PATH,
    async show(ctx, visit) {
      ctx.body = form(visit.view());
    },
    async send(ctx, field, visit) {
      const view = visit.view();
      const name = field('name').trim();
      if (name === '') {
        ctx.status = 400;
        ctx.body = form(view, [{ field: 'name', message: view.texts.forgotten.missing }]);
        return;
      }
      await budget.take({ address: ctx.ip, name: `password reset ${canonicalUsername(name) ?? ''}`, shared: false });
      resets.request(name);
      const { doneTitle, done, later } = view.texts.forgotten;
      ctx.body = view.page(
        doneTitle,
        html`<p>${done}</p>
          <p class="hint">${later}</p>`,
      );
    },
  });
}

function form(view: View, problems: readonly FieldProblem[] = []): string {
  const { title, lead, label, send } = view.texts.forgotten;
  return view.page(
    title,
    html`<p class="lead">${lead}</p>
      ${view.form(
        html`${view.field({ name: 'name', label, autocomplete: 'username', first: true }, problems)}
          <div class="actions full"><button type="submit">${send}</button></div>`,
      )}`,
    { problems },
  );
}
