/** The page where a person lets an application act for them: what it asks for, and what of it is theirs to give. */
import type Koa from 'koa';
import type { AccessService } from '../../services/access.ts';
import type { PendingAuthorization } from '../../services/browser-sessions.ts';
import { askedBy, type Consents, type Offer } from '../../services/consents.ts';
import type { PreparedClient } from '../../services/prepared-client.ts';
import { html, type Html } from '../html.ts';
import type { SignInBrowser } from './browser.ts';
import { servedPage, single, type Form, type PageParts } from './page.ts';
import { answerTooLate } from './refusal.ts';
import type { View } from './view.ts';

export const CONSENT_PATH = '/sign-in/consent';

export interface ConsentPageOptions extends PageParts {
  readonly issuer: string;
  readonly browser: SignInBrowser;
  readonly access: AccessService;
  readonly consents: Consents;
}

interface Opened {
  readonly pending: PendingAuthorization;
  readonly client: PreparedClient;
  readonly userId: string;
  readonly username: string;
  readonly offer: Offer;
}

/** Serves {@link CONSENT_PATH}. */
export function consentPage({ issuer, browser, access, consents, ...parts }: ConsentPageOptions): Koa.Middleware {
  return servedPage(parts, {
    path: CONSENT_PATH,
    async show(ctx, visit) {
      const opened = await open(ctx);
      if (opened === undefined) return answerTooLate(ctx, visit);
      visit.mayLeadTo(opened.pending.redirectUri);
      ctx.body = page(visit.view(opened.pending.uiLocales), opened);
    },
    async send(ctx, form, visit) {
      const opened = await open(ctx);
      if (opened === undefined) return answerTooLate(ctx, visit);
      const next = form('decision') === 'allow' ? await allow(ctx, opened, form) : await browser.refused(ctx, opened.pending.id);
      if (next === undefined) return answerTooLate(ctx, visit);
      visit.mayLeadTo(opened.pending.redirectUri);
      ctx.status = 303;
      ctx.redirect(next);
    },
  });

  async function open(ctx: Koa.Context): Promise<Opened | undefined> {
    const pending = await browser.pending(ctx, single(ctx.query['request']));
    const session = await browser.session(ctx);
    if (pending?.step !== 'consent' || session === undefined || session.userId !== pending.userId) return undefined;
    await access.refresh(0);
    const client = await access.client(pending.clientId);
    const user = await access.subject('user', session.userId);
    if (client === undefined || user === undefined) return undefined;
    const offer = await consents.offer({ scope: pending.scope, audience: pending.resource ?? issuer }, client, user.id);
    return { pending, client, userId: user.id, username: user.username ?? user.id, offer };
  }

  async function allow(ctx: Koa.Context, { pending, client, userId, offer }: Opened, form: Form): Promise<string | undefined> {
    const { names, everything } = askedBy(pending.scope, client);
    const withheld = withheldBy(form, offer);
    await consents.keep(userId, client.client.clientId, { agreed: names.filter((name) => !withheld.includes(name)), withheld, everything });
    return browser.agreed(ctx, pending.id);
  }
}

/** So many can be chosen one by one; beyond it is all or none. */
const MOST_CHOSEN = 60;

/** Of what could have been given: what the person crossed out. */
export function withheldBy(form: Form, { granted }: Offer): readonly string[] {
  if (granted.length > MOST_CHOSEN) return [];
  const chosen = new Set(form.all('role'));
  return granted.filter((name) => !chosen.has(name));
}

function page(view: View, { client, username, offer }: Opened): string {
  const { title, lead, explain, allow, refuse } = view.texts.consent;
  const { clientName } = client.client;
  return view.page(
    title(clientName),
    html`<p class="lead">${lead(clientName, username)}</p>
      ${view.form(
        html`${offerOf(view, offer)}
          <p class="hint aside">${explain}</p>
          <div class="actions full">
            <button type="submit" name="decision" value="allow">${allow}</button>
            <button type="submit" name="decision" value="refuse" class="plain">${refuse}</button>
          </div>`,
      )}`,
  );
}

/** What is asked for, for a person to look at: what they can give, to be chosen from, and what they cannot. */
export function offerOf({ texts }: View, { oidc, granted, dropped, everything }: Offer): Html {
  const { asks, grants, nothing, withheld, identity, profile, email, everything: all } = texts.consent;
  const identities = [
    ...(oidc.includes('openid') ? [identity] : []),
    ...(oidc.includes('profile') ? [profile] : []),
    ...(oidc.includes('email') ? [email] : []),
    ...(everything ? [all] : []),
  ];
  const list = (names: readonly string[]) =>
    html`<ul class="names">
      ${names.map((name) => html`<li>${name}</li>`)}
    </ul>`;
  return html`${
    identities.length === 0
      ? ''
      : html`<h2>${asks}</h2>
          ${list(identities)}`
  }
  ${
    granted.length === 0
      ? ''
      : html`<fieldset>
          <legend>${grants}</legend>
          ${granted.length > MOST_CHOSEN ? list(granted) : choice(granted)}
        </fieldset>`
  }
  ${granted.length === 0 && dropped.length > 0 && !everything ? html`<p class="notice" role="note">${nothing}</p>` : ''}
  ${
    dropped.length === 0
      ? ''
      : html`<details>
          <summary>${withheld} (${dropped.length})</summary>
          ${list(dropped)}
        </details>`
  }`;
}

const choice = (names: readonly string[]): Html =>
  html`<ul class="plain choices">
    ${names.map(
      (name) =>
        html`<li>
          <label><input type="checkbox" name="role" value="${name}" checked /> <span>${name}</span></label>
        </li>`,
    )}
  </ul>`;
