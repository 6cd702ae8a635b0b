/**
 * @module What our pages need of the engine: the authorization request that a browser is in the middle of, how it goes
 * on, and who is signed in.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Interaction, InteractionResults, Provider, Session } from 'oidc-provider';
import type { Clock } from '../domain/ports.ts';
import type { BrowserSession, BrowserSessions, PendingAuthorization } from '../services/browser-sessions.ts';
import type { Caller } from '../services/caller.ts';
import { agents, browserSessionOf } from './adapter.ts';
import { cookieConfiguration, requestCookie, type CookieOptions } from './cookies.ts';
import { outOfProtocol } from './errors.ts';

/** A request and its answer, as Koa has them. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

export interface BrowserOptions extends CookieOptions {
  readonly sessionLifetimeSeconds: number;
  readonly sessions: Pick<BrowserSessions, 'end'>;
  readonly clock: Clock;
}

export class Browser {
  readonly #provider: Provider;
  readonly #options: BrowserOptions;

  constructor(provider: Provider, options: BrowserOptions) {
    this.#provider = provider;
    this.#options = options;
  }

  /** The request with this id, when this browser made it and it is not answered yet. */
  async pending(exchange: Exchange, id: string): Promise<PendingAuthorization | undefined> {
    const interaction = await this.#find(exchange, id);
    if (interaction === undefined) return undefined;
    const { client_id: clientId, redirect_uri: redirectUri, scope, resource, ui_locales: uiLocales, login_hint: loginHint } = interaction.params;
    return {
      id,
      step: interaction.prompt.name === 'consent' ? 'consent' : 'login',
      clientId: String(clientId),
      redirectUri: String(redirectUri),
      scope: scope as string | undefined,
      resource: resource as string | undefined,
      uiLocales: uiLocales as string | undefined,
      loginHint: loginHint as string | undefined,
      userId: interaction.session?.accountId,
    };
  }

  /** The person signed in. @returns where the browser goes on, undefined when the request is gone */
  async signedIn(
    exchange: Exchange,
    id: string,
    { userId, caller }: { readonly userId: string; readonly caller: Caller },
  ): Promise<string | undefined> {
    const interaction = await this.#find(exchange, id);
    if (interaction === undefined) return undefined;
    const before = await this.session(exchange);
    if (before !== undefined && before.userId !== userId) {
      // Somebody else takes over the browser: nothing of the former session may be left to them.
      await this.#options.sessions.end(before, caller);
      interaction.session = undefined;
    }
    // From the next instant on: what was ended at this one, as by a new password that was set on the way, is older.
    const ts = (this.#options.clock.now() + 1) / 1000;
    return this.#goOn(interaction, { login: { accountId: userId, ts, amr: ['pwd'] } });
  }

  /** The person let the application in. @returns as {@link signedIn} */
  async agreed(exchange: Exchange, id: string): Promise<string | undefined> {
    const interaction = await this.#find(exchange, id);
    return interaction && this.#goOn(interaction, { consent: {} });
  }

  /** The person did not want to. @returns as {@link signedIn} */
  async refused(exchange: Exchange, id: string): Promise<string | undefined> {
    const interaction = await this.#find(exchange, id);
    return interaction && this.#goOn(interaction, { error: 'access_denied', error_description: 'the person refused' });
  }

  /** Who is signed in in this browser, by a session that still counts. */
  async session(exchange: Exchange): Promise<BrowserSession | undefined> {
    const session = await this.#session(exchange);
    return session.accountId === undefined ? undefined : browserSessionOf(session as unknown as Record<string, unknown>);
  }

  /** The person signed in for a page of ours. */
  async begin(exchange: Exchange, { userId, caller }: { readonly userId: string; readonly caller: Caller }): Promise<void> {
    const { sessions, clock, sessionLifetimeSeconds } = this.#options;
    const before = await this.session(exchange);
    if (before !== undefined && before.userId !== userId) await sessions.end(before, caller);
    const session = await this.#session(exchange);
    session.loginAccount({ accountId: userId, loginTs: (clock.now() + 1) / 1000, amr: ['pwd'] });
    session.resetIdentifier();
    await agents.run(exchange.req.headers['user-agent'] ?? '', () => outOfProtocol(() => session.save(sessionLifetimeSeconds)));
    this.#setCookie(exchange, session.jti, new Date(session.exp * 1000));
  }

  /** Ends the session of this browser, if it has one, with everything that came of it. */
  async signOut(exchange: Exchange, caller: Caller): Promise<void> {
    const session = await this.session(exchange);
    if (session !== undefined) await this.#options.sessions.end(session, caller);
    this.#setCookie(exchange, null);
  }

  #setCookie({ req, res }: Exchange, value: string | null, expires?: Date): void {
    const { cookies } = this.#provider.createContext(req, res);
    const { long } = cookieConfiguration(this.#options);
    cookies.set(this.#provider.cookieName('session'), value, { ...long, ...(expires === undefined ? {} : { expires }) });
  }

  async #session({ req, res }: Exchange): Promise<Session> {
    return outOfProtocol(() => this.#provider.Session.get(this.#provider.createContext(req, res)));
  }

  async #find({ req, res }: Exchange, id: string): Promise<Interaction | undefined> {
    if (!REQUEST_ID.test(id)) return undefined;
    const { cookies } = this.#provider.createContext(req, res);
    if (cookies.get(requestCookie(this.#provider, id), { signed: true }) !== id) return undefined;
    return outOfProtocol(() => this.#provider.Interaction.find(id));
  }

  async #goOn(interaction: Interaction, result: InteractionResults): Promise<string> {
    interaction.result = 'error' in result ? result : { ...interaction.lastSubmission, ...result };
    await outOfProtocol(() => interaction.save(interaction.exp - Math.floor(this.#options.clock.now() / 1000)));
    return interaction.returnTo;
  }
}

const REQUEST_ID = /^[A-Za-z0-9_-]{10,100}$/;
