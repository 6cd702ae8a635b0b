/**
 * The page where a person signs in, on the way from an application and back to it. Whatever is wrong with a name and a
 * password is told in the same words, after the same work.
 */
import type Koa from 'koa';
import type { Subject } from '../../domain/access.ts';
import { DomainError } from '../../domain/errors.ts';
import type { AccessService } from '../../services/access.ts';
import { admissionTo, objectionNow } from '../../services/admission.ts';
import type { PendingAuthorization } from '../../services/browser-sessions.ts';
import type { MeService } from '../../services/me.ts';
import { FORGOTTEN_PASSWORD_PATH } from '../../services/one-time-links.ts';
import type { PreparedClient } from '../../services/prepared-client.ts';
import type { SignIn } from '../../services/sign-in.ts';
import { TokenRefusal } from '../../services/token-refusal.ts';
import { html } from '../html.ts';
import type { SignInBrowser } from './browser.ts';
import { callerOf } from './caller.ts';
import { destinationOf, LOGIN_PATH } from './destinations.ts';
import { answerTooLate } from './refusal.ts';
import { servedPage, single, type Form, type PageParts, type Visit } from './page.ts';
import type { FieldProblem, View } from './view.ts';

export interface LoginPageOptions extends PageParts {
  readonly browser: SignInBrowser;
  readonly access: AccessService;
  readonly signIn: SignIn;
  readonly me: Pick<MeService, 'changePassword'>;
}

/** What somebody signs in for: a request, and the application that made it; or a page of ours. */
type Opened =
  | { readonly pending: PendingAuthorization; readonly client: PreparedClient; readonly destination?: undefined }
  | { readonly destination: string; readonly client?: undefined; readonly pending?: undefined };

/** Who signed in, what is wrong, or that a new password has to be set first. */
type Outcome = { readonly userId: string } | { readonly problems: readonly FieldProblem[] } | 'expired';

/** Serves {@link LOGIN_PATH}. */
export function loginPage({ browser, access, signIn, me, ...parts }: LoginPageOptions): Koa.Middleware {
  return servedPage(parts, {
    path: LOGIN_PATH,
    async show(ctx, visit) {
      const opened = await open(ctx);
      if (opened === undefined) return answerTooLate(ctx, visit);
      const view = viewOf(visit, opened);
      ctx.body = loginForm(view, opened, { username: opened.pending?.loginHint ?? '', notice: await noticeOf(view, opened) });
    },
    async send(ctx, form, visit) {
      const opened = await open(ctx);
      if (opened === undefined) return answerTooLate(ctx, visit);
      const view = viewOf(visit, opened);
      const changing = form('current') !== '';
      const outcome = changing ? await changePassword(ctx, opened, { form, view }) : await authenticate(ctx, opened, { form, view });
      if (outcome === 'expired') ctx.body = expiredForm(view, { username: form('username') });
      else if ('problems' in outcome) {
        ctx.status = 400;
        const shown = { username: form('username'), problems: outcome.problems };
        ctx.body = changing ? expiredForm(view, shown) : loginForm(view, opened, shown);
      } else {
        const next = await goOn(ctx, opened, outcome.userId);
        if (next === undefined) return answerTooLate(ctx, visit);
        ctx.status = 303;
        ctx.redirect(next);
      }
    },
  });

  async function open(ctx: Koa.Context): Promise<Opened | undefined> {
    await access.refresh(0);
    const destination = destinationOf(ctx);
    if (destination !== undefined) return { destination };
    const pending = await browser.pending(ctx, single(ctx.query['request']));
    if (pending?.step !== 'login') return undefined;
    const client = await access.client(pending.clientId);
    return client && { pending, client };
  }

  async function goOn(ctx: Koa.Context, { pending, destination }: Opened, userId: string): Promise<string | undefined> {
    const person = { userId, caller: callerOf(ctx, userId) };
    if (pending !== undefined) return browser.signedIn(ctx, pending.id, person);
    await browser.begin(ctx, person);
    return destination && parts.look.at(destination);
  }

  /** Why somebody who is signed in is asked to sign in. */
  async function noticeOf({ texts }: View, { pending, client }: Opened): Promise<string | undefined> {
    if (client === undefined) return undefined;
    const user = pending.userId === undefined ? undefined : await access.subject('user', pending.userId);
    if (user === undefined) return undefined;
    const { clientName } = client.client;
    const objection = await objectionNow(access, client, user);
    return objection === undefined ? texts.signIn.again(clientName) : texts.signIn.other(user.username ?? user.id, clientName);
  }

  /** For a page of ours whoever is not disabled is welcome. */
  async function admission(client: PreparedClient | undefined) {
    return client === undefined
      ? ({ active, organization }: Subject) => (active && organization !== undefined ? undefined : 'disabled')
      : admissionTo(access, client);
  }

  async function authenticate(ctx: Koa.Context, { client }: Opened, { form, view }: Sent): Promise<Outcome> {
    const { wrong, nameMissing, passwordMissing } = view.texts.signIn;
    const username = form('username').trim();
    const password = form('password');
    const problems: FieldProblem[] = [];
    if (username === '') problems.push({ field: 'username', message: nameMissing });
    if (password === '') problems.push({ field: 'password', message: passwordMissing });
    if (problems.length > 0) return { problems };
    try {
      const admit = await admission(client);
      const { user, passwordExpired } = await signIn.authenticate({ username, password, address: ctx.ip, shared: false }, admit);
      return passwordExpired ? 'expired' : { userId: user.id };
    } catch (error) {
      if (error instanceof TokenRefusal) return { problems: [{ field: 'username', message: wrong }] };
      throw error;
    }
  }

  async function changePassword(ctx: Koa.Context, { client }: Opened, { form, view }: Sent): Promise<Outcome> {
    const { texts } = view;
    const [username, current, password] = [form('username').trim(), form('current'), form('password')];
    if (password !== form('repeated')) return { problems: [{ field: 'repeated', message: texts.newPassword.differ }] };
    try {
      const { user } = await signIn.authenticate({ username, password: current, address: ctx.ip, shared: false }, await admission(client));
      await me.changePassword(user.id, { current, password, address: ctx.ip }, callerOf(ctx, user.id));
      return { userId: user.id };
    } catch (error) {
      if (error instanceof TokenRefusal) return { problems: [{ field: 'current', message: texts.expired.currentWrong }] };
      if (error instanceof DomainError && error.code === 'invalid_input')
        return { problems: [{ field: 'password', message: texts.newPassword.rule(error.message) }] };
      throw error;
    }
  }
}

interface Sent {
  readonly form: Form;
  readonly view: View;
}

interface Shown {
  readonly username: string;
  readonly problems?: readonly FieldProblem[];
  readonly notice?: string | undefined;
}

function viewOf(visit: Visit, { pending }: Opened): View {
  if (pending !== undefined) visit.mayLeadTo(pending.redirectUri);
  return visit.view(pending?.uiLocales);
}

function loginForm(view: View, { client }: Opened, { username, problems = [], notice }: Shown): string {
  const { texts } = view;
  const { title, lead, plainLead, forgot } = texts.signIn;
  return view.page(
    title,
    html`<p class="lead">${client === undefined ? plainLead : lead(client.client.clientName)}</p>
      ${notice === undefined ? '' : html`<p class="notice" role="status">${notice}</p>`}
      ${view.form(
        html`${view.field({ name: 'username', label: texts.username, value: username, autocomplete: 'username', first: username === '', maxLength: 200 }, problems)}
          ${view.field({ name: 'password', label: texts.password, type: 'password', autocomplete: 'current-password', first: username !== '' }, problems)}
          <div class="actions full"><button type="submit">${title}</button></div>`,
      )}
      <p class="aside"><a href="${view.at(FORGOTTEN_PASSWORD_PATH)}">${forgot}</a></p>`,
    { problems },
  );
}

function expiredForm(view: View, { username, problems = [] }: Shown): string {
  const { texts } = view;
  const { title, lead, current } = texts.expired;
  return view.page(
    title,
    html`<p class="lead">${lead}</p>
      ${view.form(
        html`${view.field({ name: 'username', label: texts.username, value: username, autocomplete: 'username', readonly: true, maxLength: 200 })}
          ${view.field({ name: 'current', label: current, type: 'password', autocomplete: 'current-password', first: true }, problems)}
          ${view.newPassword(problems)}
          <div class="actions full"><button type="submit">${texts.newPassword.set}</button></div>`,
      )}`,
    { problems },
  );
}
