/** The page behind a one-time link: a person sets a password. Opening it uses nothing up. */
import type Koa from 'koa';
import { DomainError } from '../../domain/errors.ts';
import type { AttemptBudget } from '../../domain/attempt-budget.ts';
import { ONE_TIME_PATH, type OneTimeLinks } from '../../services/one-time-links.ts';
import { html } from '../html.ts';
import { answerGone, servedPage, single, type PageParts } from './page.ts';
import type { FieldProblem, View } from './view.ts';

export interface OneTimeLinkPageOptions extends PageParts {
  readonly links: OneTimeLinks;
  readonly budget: AttemptBudget;
}

/** Serves {@link ONE_TIME_PATH}. */
export function oneTimeLinkPage({ links, budget, ...parts }: OneTimeLinkPageOptions): Koa.Middleware {
  return servedPage(parts, {
    path: ONE_TIME_PATH,
    async show(ctx, visit) {
      const token = single(ctx.query['token']);
      const user = await links.holderOf(token);
      if (user === undefined) return answerGone(ctx, budget, visit);
      ctx.body = form(visit.view(), { username: user.username, token });
    },
    async send(ctx, field, visit) {
      const token = field('token');
      const user = await links.holderOf(token);
      if (user === undefined) return answerGone(ctx, budget, visit);
      const view = visit.view();
      const password = field('password');
      const { differ } = view.texts.newPassword;
      const problem = password === field('repeated') ? await attempt(ctx, token, password) : { field: 'repeated', message: differ };
      if (problem === 'gone') return answerGone(ctx, budget, visit);
      if (problem === undefined) {
        ctx.body = view.page(view.texts.oneTime.doneTitle, html`<p>${view.texts.oneTime.done(user.username)}</p>`);
        return;
      }
      ctx.status = 400;
      const told = { ...problem, message: view.texts.newPassword.rule(problem.message) };
      ctx.body = form(view, { username: user.username, token, problems: [told] });
    },
  });

  /** @returns what is wrong, for the person; undefined when the password is set */
  async function attempt(ctx: Koa.Context, token: string, password: string): Promise<FieldProblem | 'gone' | undefined> {
    try {
      await links.redeem(token, password, ctx.state['requestId'] as string);
      return undefined;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'invalid_input') return { field: 'password', message: error.message };
      if (error instanceof DomainError && error.code === 'not_found') return 'gone';
      throw error;
    }
  }
}

interface Shown {
  readonly username: string;
  readonly token: string;
  readonly problems?: readonly FieldProblem[];
}

function form(view: View, { username, token, problems = [] }: Shown): string {
  return view.page(
    view.texts.oneTime.title(username),
    view.form(
      html`<input type="hidden" name="token" value="${token}" />
        <input type="text" name="username" value="${username}" autocomplete="username" readonly hidden />
        ${view.newPassword(problems)}
        <div class="actions full"><button type="submit">${view.texts.newPassword.set}</button></div>`,
    ),
    { problems },
  );
}
