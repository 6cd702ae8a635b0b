/** The page behind an invitation: a person chooses name and password and becomes a user. Opening it uses nothing up. */
import type Koa from 'koa';
import { DomainError } from '../../domain/errors.ts';
import type { Invitation } from '../../domain/invitation.ts';
import type { AttemptBudget } from '../../domain/attempt-budget.ts';
import { INVITATION_PATH } from '../../services/invitations.ts';
import type { InvitationAcceptance } from '../../services/invitation-acceptance.ts';
import { html } from '../html.ts';
import { answerGone, servedPage, single, type Form, type PageParts } from './page.ts';
import type { FieldProblem, View } from './view.ts';

export interface InvitationPageOptions extends PageParts {
  readonly acceptance: InvitationAcceptance;
  readonly budget: AttemptBudget;
}

interface Opened {
  readonly invitation: Invitation;
  readonly organizationName: string;
}

/** What came of sending the form: the name of the new user, what is wrong, or a link that is not good. */
type Outcome = { readonly username: string } | { readonly problem: FieldProblem } | 'gone';

/** Serves {@link INVITATION_PATH}. */
export function invitationPage({ acceptance, budget, ...parts }: InvitationPageOptions): Koa.Middleware {
  return servedPage(parts, {
    path: INVITATION_PATH,
    async show(ctx, visit) {
      const token = single(ctx.query['token']);
      const opened = await acceptance.opened(token);
      if (opened === undefined) return answerGone(ctx, budget, visit);
      ctx.body = form(visit.view(), opened, { token, username: '' });
    },
    async send(ctx, field, visit) {
      const token = field('token');
      const opened = await acceptance.opened(token);
      if (opened === undefined) return answerGone(ctx, budget, visit);
      const view = visit.view();
      const outcome = await attempt(ctx, opened, { field, view });
      if (outcome === 'gone') return answerGone(ctx, budget, visit);
      ctx.status = 'problem' in outcome ? 400 : 200;
      ctx.body =
        'problem' in outcome
          ? form(view, opened, { token, username: field('username'), problems: [outcome.problem] })
          : done(view, opened, outcome.username);
    },
  });

  async function attempt(ctx: Koa.Context, { invitation }: Opened, { field, view }: { readonly field: Form; readonly view: View }): Promise<Outcome> {
    const { texts } = view;
    const password = field('password');
    if (password !== field('repeated')) return { problem: { field: 'repeated', message: texts.newPassword.differ } };
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
      if (error.code === 'invalid_input') {
        const about = error.pointer === '/username' ? 'username' : 'password';
        return { problem: { field: about, message: texts.newPassword.rule(error.message) } };
      }
      if (error.code !== 'already_exists') throw error;
      return { problem: { field: 'username', message: invitation.username === undefined ? texts.invitation.taken : texts.invitation.fixedTaken } };
    }
  }
}

function done(view: View, { organizationName }: Opened, username: string): string {
  const { doneTitle, done: welcome } = view.texts.invitation;
  return view.page(doneTitle, html`<p>${welcome(organizationName, username)}</p>`);
}

interface Shown {
  readonly token: string;
  readonly username: string;
  readonly problems?: readonly FieldProblem[];
}

function form(view: View, { invitation, organizationName }: Opened, { token, username, problems = [] }: Shown): string {
  const { title, lead, join } = view.texts.invitation;
  const fixed = invitation.username;
  const name = { name: 'username', label: view.texts.username, value: fixed ?? username, autocomplete: 'username', maxLength: 200 };
  return view.page(
    title(organizationName),
    html`<p class="lead">${lead}</p>
      ${view.form(
        html`<input type="hidden" name="token" value="${token}" />
          ${view.field({ ...name, readonly: fixed !== undefined, first: fixed === undefined }, problems)} ${view.newPassword(problems)}
          <div class="actions full"><button type="submit">${join}</button></div>`,
      )}`,
    { problems },
  );
}
