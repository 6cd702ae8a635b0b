/** The page behind a one-time link: a person sets a password. Opening it uses nothing up. */
import type Koa from 'koa';
import { DomainError } from '../../domain/errors.ts';
import type { AttemptBudget } from '../../domain/ports.ts';
import { ONE_TIME_PATH, type OneTimeLinks } from '../../services/one-time-links.ts';
import { alert, answerGone, escaped, page, passwordFields, servedPage, single } from './page.ts';

export interface OneTimeLinkPageOptions {
  readonly links: OneTimeLinks;
  readonly budget: AttemptBudget;
}

/** Serves {@link ONE_TIME_PATH}. */
export function oneTimeLinkPage({ links, budget }: OneTimeLinkPageOptions): Koa.Middleware {
  return servedPage({
    path: ONE_TIME_PATH,
    async show(ctx) {
      const token = single(ctx.query['token']);
      const user = await links.holderOf(token);
      if (user === undefined) return answerGone(ctx, budget);
      ctx.body = form(user.username, token);
    },
    async send(ctx, field) {
      const token = field('token');
      const user = await links.holderOf(token);
      if (user === undefined) return answerGone(ctx, budget);
      const password = field('password');
      const problem = password === field('repeated') ? await attempt(ctx, token, password) : 'The two passwords are not the same.';
      if (problem === 'gone') return answerGone(ctx, budget);
      ctx.status = problem === undefined ? 200 : 400;
      ctx.body = problem === undefined ? done(user.username) : form(user.username, token, problem);
    },
  });

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
}

const done = (username: string): string =>
  page('Password set', `<p>The password of <strong>${escaped(username)}</strong> is set. You can close this page.</p>`);

function form(username: string, token: string, problem?: string): string {
  return page(
    `Set the password of ${username}`,
    `${alert(problem)}<form method="post" action="?" autocomplete="on">
<input type="hidden" name="token" value="${escaped(token)}">
<input type="text" name="username" value="${escaped(username)}" autocomplete="username" readonly hidden>
${passwordFields('Set password')}
</form>`,
  );
}
