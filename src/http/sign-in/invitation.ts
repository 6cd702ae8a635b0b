/** The page behind an invitation: a person chooses name and password and becomes a user. Opening it uses nothing up. */
import type Koa from 'koa';
import { DomainError } from '../../domain/errors.ts';
import type { Invitation } from '../../domain/invitation.ts';
import type { AttemptBudget } from '../../domain/ports.ts';
import { INVITATION_PATH } from '../../services/invitations.ts';
import type { InvitationAcceptance } from '../../services/invitation-acceptance.ts';
import { alert, answerGone, escaped, page, passwordFields, servedPage, single, type Form } from './page.ts';

export interface InvitationPageOptions {
  readonly acceptance: InvitationAcceptance;
  readonly budget: AttemptBudget;
}

interface Opened {
  readonly invitation: Invitation;
  readonly organizationName: string;
}

/** What came of sending the form: the name of the new user, what is wrong, or a link that is not good. */
type Outcome = { readonly username: string } | { readonly problem: string } | 'gone';

/** Serves {@link INVITATION_PATH}. */
export function invitationPage({ acceptance, budget }: InvitationPageOptions): Koa.Middleware {
  return servedPage({
    path: INVITATION_PATH,
    async show(ctx) {
      const token = single(ctx.query['token']);
      const opened = await acceptance.opened(token);
      if (opened === undefined) return answerGone(ctx, budget);
      ctx.body = form(opened, { token, username: '' });
    },
    async send(ctx, field) {
      const token = field('token');
      const opened = await acceptance.opened(token);
      if (opened === undefined) return answerGone(ctx, budget);
      const outcome = await attempt(ctx, opened, field);
      if (outcome === 'gone') return answerGone(ctx, budget);
      ctx.status = 'problem' in outcome ? 400 : 200;
      ctx.body =
        'problem' in outcome ? form(opened, { token, username: field('username'), problem: outcome.problem }) : done(opened, outcome.username);
    },
  });

  async function attempt(ctx: Koa.Context, { invitation }: Opened, field: Form): Promise<Outcome> {
    const password = field('password');
    if (password !== field('repeated')) return { problem: 'The two passwords are not the same.' };
    // Whether a name is taken must be told here: who wants to learn names this way is slowed down like who guesses passwords.
    const trial = { address: ctx.ip, name: `invitation ${invitation.id}`, shared: false };
    await budget.take(trial);
    try {
      const user = await acceptance.accept(field('token'), { username: field('username'), password }, ctx.state['requestId'] as string);
      await budget.giveBack(trial);
      return { username: user.username };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error.code === 'not_found') return 'gone';
      if (error.code === 'invalid_input') return { problem: error.message };
      if (error.code !== 'already_exists') throw error;
      return { problem: invitation.username === undefined ? 'The user name is taken, choose another one.' : TAKEN };
    }
  }
}

const TAKEN = 'Your user name was taken meanwhile. Ask for another invitation.';

const done = ({ organizationName }: Opened, username: string): string =>
  page(
    'Welcome',
    `<p>You belong to <strong>${escaped(organizationName)}</strong> now, as <strong>${escaped(username)}</strong>. You can close this page.</p>`,
  );

function form(
  { invitation, organizationName }: Opened,
  { token, username, problem }: { readonly token: string; readonly username: string; readonly problem?: string },
): string {
  const fixed = invitation.username;
  return page(
    `Join ${organizationName}`,
    `${alert(problem)}<form method="post" action="?" autocomplete="on">
<input type="hidden" name="token" value="${escaped(token)}">
<label for="username">User name</label>
<input id="username" name="username" type="text" value="${escaped(fixed ?? username)}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="200" ${fixed === undefined ? 'required' : 'readonly'}>
${passwordFields('Join')}
</form>`,
  );
}
