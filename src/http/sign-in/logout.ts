/**
 * Signing out, OpenID Connect RP-Initiated Logout 1.0. An application that shows the ID token of the very session ends it
 * at once; everything else asks the person first, so that no other site can sign anybody out.
 */
import type Koa from 'koa';
import type { TokenSigner } from '../../domain/ports.ts';
import type { AccessService } from '../../services/access.ts';
import type { BrowserSession } from '../../services/browser-sessions.ts';
import { html } from '../html.ts';
import type { SignInBrowser } from './browser.ts';
import { servedPage, single, type PageParts, type Visit } from './page.ts';
import { answerRefused } from './refusal.ts';
import { callerOf } from './caller.ts';

export const LOGOUT_PATH = '/oauth/logout';

export interface LogoutPageOptions extends PageParts {
  readonly browser: SignInBrowser;
  readonly access: AccessService;
  readonly signer: Pick<TokenSigner, 'verifyIdTokenHint'>;
}

/** A request to sign out that an application may make. */
interface LogoutRequest {
  /** Session of the ID token that it showed. */
  readonly sessionId: string | undefined;
  /** Where the browser goes afterwards; undefined: nowhere. */
  readonly returnTo: string | undefined;
  readonly uiLocales: string | undefined;
}

const PARAMETERS = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'ui_locales', 'logout_hint'] as const;

/** Serves {@link LOGOUT_PATH}. */
export function logoutPage({ browser, access, signer, ...parts }: LogoutPageOptions): Koa.Middleware {
  return servedPage(parts, {
    path: LOGOUT_PATH,
    async show(ctx, visit) {
      const request = await read(ctx);
      if (typeof request === 'string') return answerRefused(ctx, visit, { error: 'invalid_request', error_description: request });
      const session = await browser.session(ctx);
      if (session === undefined) return done(ctx, visit, request);
      if (request.sessionId === session.id) return signOut(ctx, visit, { session, request });
      if (request.returnTo !== undefined) visit.mayLeadTo(request.returnTo);
      const view = visit.view(request.uiLocales);
      const { title, lead, confirm, stay } = view.texts.logout;
      const user = await access.subject('user', session.userId);
      ctx.body = view.page(
        title,
        html`<p class="lead">${lead(user?.username ?? session.userId)}</p>
          ${view.form(
            html`<div class="actions full">
              <button type="submit" name="decision" value="leave">${confirm}</button>
              <button type="submit" name="decision" value="stay" class="plain">${stay}</button>
            </div>`,
          )}`,
      );
    },
    async send(ctx, form, visit) {
      const request = await read(ctx);
      if (typeof request === 'string') return answerRefused(ctx, visit, { error: 'invalid_request', error_description: request });
      const session = await browser.session(ctx);
      if (session !== undefined && form('decision') !== 'leave') {
        const view = visit.view(request.uiLocales);
        ctx.body = view.page(view.texts.logout.stayed, html`<p>${view.texts.logout.done}</p>`);
        return;
      }
      if (session === undefined) return done(ctx, visit, request);
      await signOut(ctx, visit, { session, request });
    },
    // §2: an application may send a form instead of leading here; it knows no token of ours, and the browser no session then.
    foreign(ctx, form, visit) {
      const parameters = new URLSearchParams();
      for (const name of PARAMETERS) if (form(name) !== '') parameters.set(name, form(name));
      ctx.status = 303;
      visit.leadTo(`${LOGOUT_PATH}?${parameters.toString()}`);
    },
  });

  /** @returns what is wrong with it, for developers */
  async function read({ query }: Koa.Context): Promise<LogoutRequest | string> {
    const [hint, named, returnTo, state, uiLocales] = [
      single(query['id_token_hint']),
      single(query['client_id']),
      single(query['post_logout_redirect_uri']),
      single(query['state']),
      single(query['ui_locales']),
    ];
    const claims = hint === '' ? undefined : await signer.verifyIdTokenHint(hint);
    if (hint !== '' && claims === undefined) return 'id_token_hint is no ID token of this server';
    const clientId = claims === undefined ? named : String(claims['aud']);
    if (named !== '' && named !== clientId) return 'client_id and id_token_hint are of different clients';
    if (returnTo !== '') {
      await access.refresh(0);
      const client = clientId === '' ? undefined : await access.client(clientId);
      if (client === undefined) return 'post_logout_redirect_uri needs a client_id or an id_token_hint';
      if (!client.client.postLogoutRedirectUris.includes(returnTo)) return 'post_logout_redirect_uri is not registered';
    }
    const sid = claims?.['sid'];
    return {
      sessionId: typeof sid === 'string' ? sid : undefined,
      returnTo: returnTo === '' ? undefined : withState(returnTo, state),
      uiLocales: uiLocales === '' ? undefined : uiLocales,
    };
  }

  async function signOut(
    ctx: Koa.Context,
    visit: Visit,
    { session, request }: { readonly session: BrowserSession; readonly request: LogoutRequest },
  ): Promise<void> {
    await browser.signOut(ctx, callerOf(ctx, session.userId));
    done(ctx, visit, request);
  }
}

function done(ctx: Koa.Context, visit: Visit, { returnTo, uiLocales }: LogoutRequest): void {
  if (returnTo !== undefined) {
    visit.mayLeadTo(returnTo);
    ctx.status = 303;
    return ctx.redirect(returnTo);
  }
  const view = visit.view(uiLocales, { echo: false });
  const { doneTitle, done: over } = view.texts.logout;
  ctx.body = view.page(doneTitle, html`<p>${over}</p>`);
}

function withState(address: string, state: string): string {
  if (state === '') return address;
  const url = new URL(address);
  url.searchParams.append('state', state);
  return url.href;
}
