/**
 * @module Signing in by authorization code and PKCE (RFC 7636), as any public client does. Tokens stay in the memory of
 * this page: only what a redirect must find again (verifier, state, where to go on) is kept, and only until then.
 */
import * as oauth from 'oauth4webapi';
import { CONSOLE_URL, type Config } from './config.ts';
import { Unreachable } from '../api/problem.ts';
import { MANAGEMENT_ROLES } from './roles.ts';
import { keepUnsaved } from './unsaved.ts';

const REDIRECT_URI = new URL('callback', CONSOLE_URL).href;
const SIGNED_OUT_URI = new URL('signed-out', CONSOLE_URL).href;
const PENDING = 'rolemint.sign-in';
const CHOSEN_ROLES = 'rolemint.roles';
/** A token is renewed this long before it ends. */
const EARLY_SECONDS = 30;

interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Path, query and fragment of the page to come back to. */
  readonly returnTo: string;
}

interface Tokens {
  readonly access: string;
  readonly endsAt: number;
  readonly refresh: string | undefined;
  readonly id: string | undefined;
}

/** Why nobody is signed in after a redirect that was to sign somebody in. */
export class SignInFailed extends Error {
  override readonly name = 'SignInFailed';
}

/** Who is signed in on this page. */
export class SignIn {
  readonly #config: Config;
  readonly #client: oauth.Client;
  readonly #options: { [oauth.allowInsecureRequests]: boolean };
  #server: Promise<oauth.AuthorizationServer> | undefined;
  #tokens: Tokens | undefined;
  #renewal: Promise<void> | undefined;
  #departure: Promise<never> | undefined;

  constructor(config: Config) {
    this.#config = config;
    this.#client = { client_id: config.client_id };
    // Plain http is for loopback only: the server itself refuses it elsewhere.
    this.#options = { [oauth.allowInsecureRequests]: new URL(config.issuer).protocol === 'http:' };
  }

  /**
   * The access token to send now. When the server renews it no more, the browser leaves for the sign-in page.
   * @throws Unreachable when the server cannot say whether it does
   */
  async accessToken(): Promise<string> {
    if (this.#tokens === undefined) return this.leave();
    if (this.#tokens.endsAt - EARLY_SECONDS * 1000 <= Date.now()) {
      this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined));
      await this.#renewal;
    }
    return this.#tokens.access;
  }

  /**
   * Leaves for the sign-in page and comes back to this page, with what was being edited. A session that still lasts needs
   * no password.
   */
  leave(returnTo = location.pathname + location.search + location.hash): Promise<never> {
    this.#departure ??= this.#depart(returnTo).finally(() => (this.#departure = undefined));
    return this.#departure;
  }

  async #depart(returnTo: string): Promise<never> {
    const { authorization_endpoint: endpoint } = await this.#discover();
    if (endpoint === undefined) throw new SignInFailed('The server has no page to sign in.');
    const verifier = oauth.generateRandomCodeVerifier();
    const pending: Pending = { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), verifier, returnTo };
    sessionStorage.setItem(PENDING, JSON.stringify(pending));
    const url = new URL(endpoint);
    url.search = new URLSearchParams({
      client_id: this.#client.client_id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: ['openid', ...(chosenRoles() ?? MANAGEMENT_ROLES)].join(' '),
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: pending.state,
      nonce: pending.nonce,
    }).toString();
    keepUnsaved();
    location.assign(url);
    return new Promise<never>(() => {});
  }

  /**
   * Takes what the sign-in page sent back.
   * @returns the page to go on with: always one of this console
   * @throws SignInFailed
   */
  async arrive(): Promise<string> {
    const kept = sessionStorage.getItem(PENDING);
    sessionStorage.removeItem(PENDING);
    if (kept === null) return CONSOLE_URL.pathname;
    const { state, nonce, verifier, returnTo } = JSON.parse(kept) as Pending;
    const server = await this.#discover();
    try {
      const parameters = oauth.validateAuthResponse(server, this.#client, new URL(location.href), state);
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        this.#client,
        oauth.None(),
        parameters,
        REDIRECT_URI,
        verifier,
        this.#options,
      );
      this.#keep(await oauth.processAuthorizationCodeResponse(server, this.#client, response, { expectedNonce: nonce }));
    } catch (error) {
      throw new SignInFailed(reasonOf(error), { cause: error });
    }
    return returnTo;
  }

  /** Ends the session, here and at the server. */
  async end(): Promise<void> {
    const { end_session_endpoint: endpoint } = await this.#discover();
    const hint = this.#tokens?.id;
    this.#tokens = undefined;
    sessionStorage.clear();
    if (endpoint === undefined) return location.assign(SIGNED_OUT_URI);
    const url = new URL(endpoint);
    url.search = new URLSearchParams({
      client_id: this.#client.client_id,
      post_logout_redirect_uri: SIGNED_OUT_URI,
      ...(hint === undefined ? {} : { id_token_hint: hint }),
    }).toString();
    location.assign(url);
  }

  /** Gets another token that carries at most these roles; undefined: all that are held. */
  async narrow(roles: readonly string[] | undefined): Promise<never> {
    if (roles === undefined) sessionStorage.removeItem(CHOSEN_ROLES);
    else sessionStorage.setItem(CHOSEN_ROLES, JSON.stringify(roles));
    return this.leave();
  }

  async #renew(): Promise<void> {
    const { refresh } = this.#tokens ?? {};
    if (refresh === undefined) return this.leave();
    const server = await this.#discover();
    try {
      const response = await oauth.refreshTokenGrantRequest(server, this.#client, oauth.None(), refresh, this.#options);
      this.#keep(await oauth.processRefreshTokenResponse(server, this.#client, response));
    } catch (error) {
      if (!(error instanceof oauth.ResponseBodyError) || error.status >= 500) {
        throw new Unreachable('The server cannot be reached, so the session could not be renewed.', { cause: error });
      }
      this.#tokens = undefined;
      await this.leave();
    }
  }

  #keep({ access_token: access, expires_in: seconds = 60, refresh_token: refresh, id_token: id }: oauth.TokenEndpointResponse): void {
    this.#tokens = { access, endsAt: Date.now() + seconds * 1000, refresh: refresh ?? this.#tokens?.refresh, id: id ?? this.#tokens?.id };
  }

  #discover(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.#config.issuer);
    this.#server ??= oauth
      .discoveryRequest(issuer, { algorithm: 'oidc', ...this.#options })
      .then((response) => oauth.processDiscoveryResponse(issuer, response));
    return this.#server;
  }
}

/** The roles that somebody narrowed this tab to. */
export function chosenRoles(): readonly string[] | undefined {
  const kept = sessionStorage.getItem(CHOSEN_ROLES);
  return kept === null ? undefined : (JSON.parse(kept) as readonly string[]);
}

function reasonOf(error: unknown): string {
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError) {
    return error.error_description ?? error.error;
  }
  return error instanceof Error ? error.message : String(error);
}
