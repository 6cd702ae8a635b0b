/** The page where a person lets a device act for them, by the code that it shows; RFC 8628 §3.3. */
import type Koa from 'koa';
import type { AccessService } from '../../services/access.ts';
import { objectionNow } from '../../services/admission.ts';
import type { BrowserSession } from '../../services/browser-sessions.ts';
import { askedBy, type Consents, type Offer } from '../../services/consents.ts';
import type { DeviceCodes, WaitingDevice } from '../../services/device-codes.ts';
import type { PreparedClient } from '../../services/prepared-client.ts';
import { html } from '../html.ts';
import type { SignInBrowser } from './browser.ts';
import { offerOf, withheldBy } from './consent.ts';
import { DEVICE_PATH, loginFor } from './destinations.ts';
import { servedPage, single, type Form, type PageParts, type Visit } from './page.ts';
import type { FieldProblem, View } from './view.ts';

export interface DevicePageOptions extends PageParts {
  readonly browser: SignInBrowser;
  readonly access: AccessService;
  readonly consents: Consents;
  readonly devices: DeviceCodes;
}

interface Found {
  readonly device: WaitingDevice;
  readonly client: PreparedClient;
  readonly username: string;
  readonly offer: Offer;
}

/** Serves {@link DEVICE_PATH}. */
export function devicePage({ browser, access, consents, devices, ...parts }: DevicePageOptions): Koa.Middleware {
  return servedPage(parts, {
    path: DEVICE_PATH,
    async show(ctx, visit) {
      const session = await browser.session(ctx);
      if (session === undefined) return visit.leadTo(loginFor('device', ctx));
      ctx.body = entry(visit.view(), { code: single(ctx.query['user_code']) });
    },
    async send(ctx, form, visit) {
      const session = await browser.session(ctx);
      if (session === undefined) {
        ctx.status = 303;
        return visit.leadTo(loginFor('device', ctx));
      }
      const decision = form('decision');
      if (decision === 'allow' || decision === 'refuse') return decide(ctx, { form, visit, session });
      const view = visit.view();
      const { missing, wrong } = view.texts.device;
      const code = form('user_code').trim();
      if (code === '') return again(ctx, view, { code, message: missing });
      const found = await describe(await devices.enter(code, naming(ctx, session)), session);
      if (found === undefined) return again(ctx, view, { code, message: wrong });
      const objection = await objectionOf(found, session);
      if (objection) return again(ctx, view, { code, message: view.texts.device.cannotUse(found.client.client.clientName) });
      ctx.body = confirmation(view, found);
    },
  });

  async function describe(device: WaitingDevice | undefined, { userId }: BrowserSession): Promise<Found | undefined> {
    if (device === undefined) return undefined;
    await access.refresh(0);
    const client = await access.client(device.clientId);
    const user = await access.subject('user', userId);
    if (client === undefined || user === undefined) return undefined;
    return { device, client, username: user.username ?? user.id, offer: await consents.offer(device, client, userId) };
  }

  async function objectionOf({ client }: Found, { userId }: BrowserSession): Promise<boolean> {
    const user = await access.subject('user', userId);
    return user === undefined || (await objectionNow(access, client, user)) !== undefined;
  }

  async function decide(
    ctx: Koa.Context,
    { form, visit, session }: { readonly form: Form; readonly visit: Visit; readonly session: BrowserSession },
  ): Promise<void> {
    const view = visit.view();
    const { wrong, doneTitle, done, refusedTitle, refused } = view.texts.device;
    const found = await describe(await devices.enter(form('user_code'), naming(ctx, session)), session);
    const allowed = form('decision') === 'allow' && found !== undefined && !(await objectionOf(found, session));
    const decided = found !== undefined && (await devices.decide(found.device, allowed ? { session, agreed: agreedBy(form, found) } : 'refused'));
    if (!decided) return again(ctx, view, { code: '', message: wrong });
    ctx.body = allowed ? view.page(doneTitle, html`<p>${done}</p>`) : view.page(refusedTitle, html`<p>${refused}</p>`);
  }
}

const naming = (ctx: Koa.Context, { userId }: BrowserSession) => ({ userId, address: ctx.ip });

function agreedBy(form: Form, { device, client, offer }: Found): readonly string[] | undefined {
  const { names, everything } = askedBy(device.scope, client);
  const withheld = new Set(withheldBy(form, offer));
  return everything ? undefined : names.filter((name) => !withheld.has(name));
}

function again(ctx: Koa.Context, view: View, { code, message }: { readonly code: string; readonly message: string }): void {
  ctx.status = 400;
  ctx.body = entry(view, { code, problems: [{ field: 'user_code', message }] });
}

function entry(view: View, { code, problems = [] }: { readonly code: string; readonly problems?: readonly FieldProblem[] }): string {
  const { title, lead, label, hint, next } = view.texts.device;
  const field = { name: 'user_code', label, value: code, autocomplete: 'off', hint, first: true, kind: 'code', maxLength: 20 };
  return view.page(
    title,
    html`<p class="lead">${lead}</p>
      ${view.form(
        html`${view.field(field, problems)}
          <div class="actions full"><button type="submit">${next}</button></div>`,
      )}`,
    { problems },
  );
}

function confirmation(view: View, { device, client, username, offer }: Found): string {
  const { confirmTitle, confirmLead, same, warning, allow, refuse } = view.texts.device;
  return view.page(
    confirmTitle(client.client.clientName),
    html`<p class="lead">${confirmLead(username)}</p>
      <p>${same}</p>
      <p class="shown-code">${device.userCode}</p>
      ${view.form(
        html`<input type="hidden" name="user_code" value="${device.userCode}" />
          ${offerOf(view, offer)}
          <p class="notice">${warning}</p>
          <div class="actions full">
            <button type="submit" name="decision" value="allow">${allow}</button>
            <button type="submit" name="decision" value="refuse" class="plain">${refuse}</button>
          </div>`,
      )}`,
  );
}
