/** @module Requests of clients who note what they did and what came of it. */
import { randomUUID } from 'node:crypto';
import { decodeProtectedHeader, SignJWT, type CryptoKey, type JWK } from 'jose';
import { basic, claimsOf } from '../support/token-client.ts';
import { now, type Event, type Holding, type History, type Outcome } from './history.ts';
import { ISSUER, PASSWORD, secretOf } from './world.ts';

/** When a client gives up: long after the server's own deadline, so that a hang is seen and ends. */
const GIVE_UP_MS = 20_000;

export interface Reply {
  readonly status: number | undefined;
  readonly retryAfter: boolean;
  readonly body: Readonly<Record<string, unknown>>;
  readonly fault: string | undefined;
  readonly t0: number;
  readonly t1: number;
}

export async function ask(url: string, init: RequestInit = {}): Promise<Reply> {
  const t0 = now();
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(GIVE_UP_MS) });
    const text = await response.text();
    const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: response.status, retryAfter: response.headers.has('retry-after'), body, fault: undefined, t0, t1: now() };
  } catch (error) {
    const { cause, name } = error as { readonly cause?: { readonly code?: string }; readonly name?: string };
    return { status: undefined, retryAfter: false, body: {}, fault: cause?.code ?? name ?? 'unknown', t0, t1: now() };
  }
}

export function outcomeOf({ status }: Reply): Outcome {
  if (status === undefined || status >= 500 || status === 429) return 'unknown';
  return status < 400 ? 'ok' : 'refused';
}

type Given = Omit<Event, 't0' | 't1' | 'status' | 'retryAfter' | 'fault' | 'outcome'> & { readonly outcome?: Outcome };

/** Every method notes one event, and returns what the client needs to go on. */
export class Requester {
  readonly history: History;
  /** Every key that was published at some time. */
  readonly keysSeen = new Map<string, JWK>();
  /** The tokens of events that issued one. */
  readonly issued = new Map<Event, string>();
  /** Ids of the tokens that assertions were exchanged for. */
  readonly assertionTokens = new Set<string>();
  readonly #node: () => string;

  /** @param node where to send the next request */
  constructor(history: History, node: () => string) {
    this.history = history;
    this.#node = node;
  }

  /** The same client, at another node. */
  at(node: () => string): Requester {
    const other = new Requester(this.history, node);
    return Object.assign(other, { keysSeen: this.keysSeen, issued: this.issued, assertionTokens: this.assertionTokens });
  }

  note(reply: Reply, given: Given): Event {
    const { status, retryAfter, fault, t0, t1 } = reply;
    return this.history.add({ outcome: outcomeOf(reply), ...given, status, retryAfter, fault, t0, t1 });
  }

  async #form(path: string, form: Readonly<Record<string, string>>, clientId?: string): Promise<Reply> {
    const headers = clientId === undefined ? {} : basic(clientId, secretOf(clientId));
    return ask(this.#node() + path, { method: 'POST', headers, body: new URLSearchParams(form) });
  }

  /** @returns the tokens, undefined when there are none */
  async signIn(username: string, asked: readonly string[]): Promise<Tokens | undefined> {
    const form = { grant_type: 'password', client_id: 'app', username, password: PASSWORD, scope: asked.join(' '), resource: AUDIENCE };
    return this.#tokens('sign in', await this.#form('/oauth/token', form), { subject: username, asked });
  }

  /** @returns the tokens, or how it came that there are none */
  async refresh({ refreshToken, subject, asked, family }: Tokens): Promise<Tokens | Outcome> {
    const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: refreshToken };
    const reply = await this.#form('/oauth/token', form);
    const more = { redeems: `refresh token ${refreshToken.slice(0, 8)}`, uses: `grant ${family}` };
    return this.#tokens('refresh', reply, { subject, asked, more }) ?? outcomeOf(reply);
  }

  async machine(clientId: string, asked: readonly string[]): Promise<string | undefined> {
    const form = { grant_type: 'client_credentials', scope: asked.join(' ') };
    const tokens = this.#tokens('client credentials', await this.#form('/oauth/token', form, clientId), {
      subject: clientId,
      asked,
      more: { uses: `client ${clientId}` },
    });
    return tokens?.accessToken;
  }

  /** Sends one assertion in several requests at once. */
  async assertion(key: CryptoKey, times: number): Promise<void> {
    const jti = randomUUID();
    const assertion = await new SignJWT({ jti })
      .setProtectedHeader({ alg: 'ES256', kid: 'signer-1' })
      .setIssuer('signer')
      .setSubject('signer')
      .setAudience(ISSUER)
      .setExpirationTime('2m')
      .sign(key);
    const form = {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    };
    const send = async () => {
      const reply = await this.#form('/oauth/token', form);
      this.note(reply, { op: 'assertion', redeems: `assertion ${jti}` });
      if (reply.status === 200) this.assertionTokens.add(String(claimsOf(reply.body['access_token'])['jti']));
    };
    await Promise.all(Array.from({ length: times }, send));
  }

  #tokens(
    op: string,
    reply: Reply,
    { subject, asked, more = {} }: { readonly subject: string; readonly asked: readonly string[]; readonly more?: Partial<Given> },
  ): Tokens | undefined {
    if (reply.status !== 200) {
      this.note(reply, { op, ...more });
      return undefined;
    }
    const accessToken = String(reply.body['access_token']);
    const { refresh_token: given } = reply.body;
    const refreshToken = typeof given === 'string' ? given : '';
    const { jti, roles } = claimsOf(accessToken) as { readonly jti: string; readonly roles: readonly string[] };
    const family = refreshToken === '' ? undefined : jti.slice(0, jti.indexOf('~'));
    const { kid } = decodeProtectedHeader(accessToken);
    const event = this.note(reply, { op, issued: { subject, roles, asked, kid, grant: family }, ...more });
    this.issued.set(event, accessToken);
    return { accessToken, refreshToken, subject, asked, family: family ?? '' };
  }

  /** @returns whether it is called active; undefined when that is not known */
  async introspect({ accessToken, family }: Tokens): Promise<boolean | undefined> {
    const reply = await this.#form('/oauth/introspect', { token: accessToken }, 'api');
    const active = reply.status === 200 ? reply.body['active'] === true : undefined;
    this.note(reply, { op: 'introspect', uses: `grant ${family}`, outcome: active === false ? 'refused' : outcomeOf(reply) });
    return active;
  }

  async revoke({ refreshToken, family }: Tokens): Promise<void> {
    const reply = await this.#form('/oauth/revoke', { token: refreshToken, client_id: 'app' });
    this.note(reply, { op: 'revoke', revokes: `grant ${family}`, audited: `grant_revoked grant:${family}` });
  }

  async keys(): Promise<void> {
    const reply = await ask(`${this.#node()}/.well-known/jwks.json`);
    const keys = reply.body['keys'] as readonly (JWK & { readonly kid: string })[] | undefined;
    for (const key of keys ?? []) this.keysSeen.set(key.kid, key);
    this.note(reply, { op: 'keys', published: keys?.map(({ kid }) => kid) });
  }

  /**
   * An administrator's request to the management API.
   * @param given `unchanged`: a status that says that it was so before; then nothing is audited
   */
  async administer(token: string, method: string, path: string, given: Administered): Promise<Reply> {
    const id = randomUUID();
    const headers = { authorization: `Bearer ${token}`, 'x-request-id': id, 'content-type': 'application/json' };
    const { body, event, unchanged } = given;
    const reply = await ask(`${this.#node()}/api/v1${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    this.note(reply, reply.status === unchanged ? { ...event, outcome: 'ok' } : { audited: `request:${id}`, ...event });
    return reply;
  }

  /** @returns the secret of the link; undefined when there is none */
  async passwordLink(token: string, user: string): Promise<string | undefined> {
    const { body } = await this.administer(token, 'POST', `/users/${user}/password-link`, { body: {}, event: { op: 'make link' } });
    return typeof body['url'] === 'string' ? (new URL(body['url']).searchParams.get('token') ?? undefined) : undefined;
  }

  /** Opens the page behind a link, which uses nothing up, as a browser that may send its form. */
  async openLink(secret: string): Promise<LinkPage | undefined> {
    const response = await fetch(`${this.#node()}/sign-in/one-time?token=${secret}`).catch(() => undefined);
    const text = (await response?.text().catch(() => undefined)) ?? '';
    const csrf = /name="csrf"[^>]*value="([^"]+)"/.exec(text)?.[1];
    if (response === undefined || csrf === undefined) return undefined;
    const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]);
    return { secret, csrf, cookie: cookie.join('; ') };
  }

  async redeemLink({ secret, csrf, cookie }: LinkPage): Promise<void> {
    const id = randomUUID();
    const form = new URLSearchParams({ token: secret, csrf, password: `Correct-Horse-${id}`, repeated: `Correct-Horse-${id}` });
    const reply = await ask(`${this.#node()}/sign-in/one-time`, { method: 'POST', headers: { 'x-request-id': id, cookie }, body: form });
    this.note(reply, { op: 'set password', redeems: `link ${secret.slice(0, 8)}`, audited: `request:${id}` });
  }

  async rotateKeys(token: string): Promise<Reply> {
    const id = randomUUID();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'x-request-id': id };
    const reply = await ask(`${this.#node()}/api/v1/keys/rotate`, { method: 'POST', headers, body: '{}' });
    const changed = reply.body['outcome'] !== 'unchanged';
    this.note(reply, { op: 'rotate', ...(changed ? { audited: `signing_key_rotated request:${id}` } : {}) });
    return reply;
  }

  /** For good: whatever acts as this client is refused from then on. */
  async disableClient(token: string, clientId: string): Promise<Reply> {
    return this.administer(token, 'PATCH', `/clients/${clientId}`, {
      body: { active: false },
      event: { op: 'disable', revokes: `client ${clientId}` },
    });
  }

  async assign(token: string, holding: Holding, party: 'user' | 'client_id'): Promise<Reply> {
    const body = { security_profile: holding.role.toLowerCase(), [party]: holding.subject };
    return this.administer(token, 'POST', '/assignments', { body, unchanged: 409, event: { op: 'assign', assigns: holding } });
  }

  async unassign(token: string, holding: Holding, assignment: string): Promise<Reply> {
    return this.administer(token, 'DELETE', `/assignments/${assignment}`, { unchanged: 404, event: { op: 'unassign', unassigns: holding } });
  }
}

interface LinkPage {
  readonly secret: string;
  readonly csrf: string;
  readonly cookie: string;
}

interface Administered {
  readonly body?: object;
  readonly event: Given;
  readonly unchanged?: number;
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly subject: string;
  readonly asked: readonly string[];
  /** Id of the grant, '' without. */
  readonly family: string;
}

export const AUDIENCE = 'https://api.example.com';
