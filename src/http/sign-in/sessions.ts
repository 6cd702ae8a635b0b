/** The page where people see in which browsers they are signed in and what acts for them, and end any of it. */
import type Koa from 'koa';
import type { Session } from '../../domain/directory.ts';
import { DomainError } from '../../domain/errors.ts';
import type { AccessService } from '../../services/access.ts';
import type { BrowserSession, BrowserSessions, ListedBrowserSession } from '../../services/browser-sessions.ts';
import type { Consents, GivenConsent } from '../../services/consents.ts';
import type { SessionService } from '../../services/sessions.ts';
import { html, type Html } from '../html.ts';
import type { SignInBrowser } from './browser.ts';
import { callerOf } from './caller.ts';
import { loginFor, SESSIONS_PATH } from './destinations.ts';
import { LOGOUT_PATH } from './logout.ts';
import { servedPage, single, type Form, type PageParts } from './page.ts';
import type { View } from './view.ts';

export interface SessionsPageOptions extends PageParts {
  readonly browser: SignInBrowser;
  readonly access: AccessService;
  readonly browserSessions: BrowserSessions;
  readonly sessions: SessionService;
  readonly consents: Consents;
}

interface Shown {
  readonly username: string;
  readonly current: BrowserSession;
  readonly browsers: readonly ListedBrowserSession[];
  readonly applications: readonly Session[];
  readonly consents: readonly GivenConsent[];
  readonly nameOf: (clientId: string) => string;
}

/** Of each kind. */
const MOST_SHOWN = 50;

/** Serves {@link SESSIONS_PATH}. */
export function sessionsPage({ browser, access, browserSessions, sessions, consents, ...parts }: SessionsPageOptions): Koa.Middleware {
  return servedPage(parts, {
    path: SESSIONS_PATH,
    async show(ctx, visit) {
      const current = await browser.session(ctx);
      if (current === undefined) return visit.leadTo(loginFor('sessions', ctx));
      const ended = single(ctx.query['ended']) !== '';
      ctx.body = page(visit.view(), { ...(await read(current)), ended });
    },
    async send(ctx, form, visit) {
      const current = await browser.session(ctx);
      ctx.status = 303;
      if (current === undefined) return visit.leadTo(loginFor('sessions', ctx));
      await end(ctx, current, form);
      visit.leadTo(`${SESSIONS_PATH}?ended=1`);
    },
  });

  async function read(current: BrowserSession): Promise<Shown> {
    const { userId } = current;
    const [browsers, applications, given] = await Promise.all([
      browserSessions.list(userId),
      sessions.list(userId, MOST_SHOWN),
      consents.list(userId),
    ]);
    const clients = new Set([...applications, ...given].map(({ clientId }) => clientId));
    const names = new Map<string, string>();
    for (const id of clients) names.set(id, (await access.client(id))?.client.clientName ?? id);
    const user = await access.subject('user', userId);
    return {
      username: user?.username ?? userId,
      current,
      browsers: browsers.slice(0, MOST_SHOWN),
      applications,
      consents: given.slice(0, MOST_SHOWN),
      nameOf: (id) => names.get(id) ?? id,
    };
  }

  /** What is gone already is as good as ended. */
  async function end(ctx: Koa.Context, { userId }: BrowserSession, form: Form): Promise<void> {
    const caller = callerOf(ctx, userId);
    const id = form('id');
    if (form('what') === 'browser') {
      const own = await browserSessions.find(userId, id);
      if (own !== undefined) await browserSessions.end(own, caller);
    } else if (form('what') === 'application') {
      await sessions.revoke(userId, id, caller).catch((error: unknown) => {
        if (!(error instanceof DomainError) || error.code !== 'not_found') throw error;
      });
    } else if (form('what') === 'consent') {
      await consents.takeBack(userId, id);
    } else if (form('what') === 'everything') {
      await sessions.revokeAll(userId, caller);
    }
  }
}

function page(view: View, shown: Shown & { readonly ended: boolean }): string {
  const { texts } = view;
  const { title, lead, ended, browsers, applications, consents, endAll, none } = texts.sessions;
  const list = (items: readonly Html[]) =>
    items.length === 0
      ? html`<p class="hint">${none}</p>`
      : html`<ul class="plain">
          ${items}
        </ul>`;
  return view.page(
    title,
    html`<p class="lead">${lead(shown.username)}</p>
      ${shown.ended ? html`<p class="notice good" role="status">${ended}</p>` : ''}
      <h2>${browsers}</h2>
      ${list(shown.browsers.map((session) => browserItem(view, session, shown.current)))}
      <h2>${applications}</h2>
      ${list(shown.applications.map((session) => applicationItem(view, session, shown.nameOf)))}
      ${shown.consents.length === 0 ? '' : html`<h2>${consents}</h2>`}
      ${shown.consents.length === 0 ? '' : list(shown.consents.map((consent) => consentItem(view, consent, shown.nameOf)))}
      ${view.form(
        html`<input type="hidden" name="what" value="everything" />
          <div class="actions"><button type="submit" class="plain">${endAll}</button></div>`,
      )}`,
    { wide: true },
  );
}

function browserItem(view: View, { id, agent, signedInAt }: ListedBrowserSession, current: BrowserSession): Html {
  const { current: here, since, unknown, end, endLabel } = view.texts.sessions;
  const name = browserName(agent) ?? unknown;
  const about = html`<p>
    <strong>${name}</strong>${id === current.id ? html` <small>(${here})</small>` : ''}<br /><small>${since(view.instant(signedInAt))}</small>
  </p>`;
  if (id === current.id) return html`<li class="session">${about}<a class="button small plain" href="${view.at(LOGOUT_PATH)}">${end}</a></li>`;
  return html`<li class="session">${about}${ending(view, { what: 'browser', id, label: endLabel(name), text: end })}</li>`;
}

function applicationItem(view: View, { id, clientId, lastUsedAt }: Session, nameOf: Shown['nameOf']): Html {
  const { lastUsed, end, endLabel } = view.texts.sessions;
  const name = nameOf(clientId);
  return html`<li class="session">
    <p><strong>${name}</strong><br /><small>${lastUsed(view.instant(lastUsedAt))}</small></p>
    ${ending(view, { what: 'application', id, label: endLabel(name), text: end })}
  </li>`;
}

function consentItem(view: View, { clientId, since }: GivenConsent, nameOf: Shown['nameOf']): Html {
  const { since: sinceText, takeBack, takeBackLabel } = view.texts.sessions;
  const name = nameOf(clientId);
  return html`<li class="session">
    <p><strong>${name}</strong><br /><small>${sinceText(view.instant(since))}</small></p>
    ${ending(view, { what: 'consent', id: clientId, label: takeBackLabel(name), text: takeBack })}
  </li>`;
}

interface Ending {
  readonly what: 'browser' | 'application' | 'consent';
  readonly id: string;
  readonly label: string;
  readonly text: string;
}

function ending(view: View, { what, id, label, text }: Ending): Html {
  return view.form(
    html`<input type="hidden" name="what" value="${what}" /><input type="hidden" name="id" value="${id}" />
      <button type="submit" class="plain small" aria-label="${label}">${text}</button>`,
    { kind: 'inline' },
  );
}

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Headless)?(?:Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:iPhone|iPad)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/** What a browser says that it is, in two words: enough to know one's own again. */
function browserName(agent = ''): string | undefined {
  const name = BROWSERS.find(([pattern]) => pattern.test(agent))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
  if (name === undefined) return system;
  return system === undefined ? name : `${name}, ${system}`;
}
