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
    return unanswered(error, t0);
  }
}

function unanswered(error: unknown, t0: number): Reply {
  const { cause, name } = error as { readonly cause?: { readonly code?: string }; readonly name?: string };
  return { status: undefined, retryAfter: false, body: {}, fault: cause?.code ?? name ?? 'unknown', t0, t1: now() };
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

  /** What a browser does to open a page, at a node of its choice each time. @throws when there is no answer */
  async visit(path: string, init: RequestInit): Promise<Response> {
    const t0 = now();
    try {
      const response = await fetch(this.#node() + path, { ...init, signal: AbortSignal.timeout(GIVE_UP_MS) });
      const text = await response.text();
      const { status, headers: given } = response;
      this.note({ status, retryAfter: given.has('retry-after'), body: {}, fault: undefined, t0, t1: now() }, { op: 'visit' });
      return new Response(text === '' ? null : text, { status, headers: given });
    } catch (error) {
      this.note(unanswered(error, t0), { op: 'visit' });
      throw error;
    }
  }

  async #form(path: string, form: Readonly<Record<string, string>>, clientId?: string): Promise<Reply> {
    const headers = clientId === undefined ? {} : basic(clientId, secretOf(clientId));
    return ask(this.#node() + path, { method: 'POST', headers, body: new URLSearchParams(form) });
  }

  /** @returns the tokens, undefined when there are none */
  async signIn(username: string, asked: readonly string[], audience: string = AUDIENCE): Promise<Tokens | undefined> {
    const form = { grant_type: 'password', client_id: 'app', username, password: PASSWORD, scope: asked.join(' '), resource: audience };
    return this.#tokens('sign in', await this.#form('/oauth/token', form), { subject: username, asked });
  }

  /** @returns the tokens, or how it came that there are none */
  async refresh({ refreshToken, subject, asked, family }: Tokens): Promise<Tokens | Outcome> {
    const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: refreshToken };
    const reply = await this.#form('/oauth/token', form);
    const more = { redeems: `refresh token ${refreshToken.slice(0, 8)}`, uses: `grant ${family}` };
    return this.#tokens('refresh', reply, { subject, asked, more }) ?? outcomeOf(reply);
  }

  /**
   * Asks for tokens with something that may be used once.
   * @returns the tokens, or how it came that there are none
   */
  async redeem(op: string, { form, subject, asked, redeems }: Redeemable): Promise<Tokens | Outcome> {
    const reply = await this.#form('/oauth/token', { client_id: 'app', ...form });
    return this.#tokens(op, reply, { subject, asked, more: { redeems } }) ?? outcomeOf(reply);
  }

  /** @returns the codes for the device and for its person, undefined when there are none */
  async authorizeDevice(asked: readonly string[]): Promise<{ readonly deviceCode: string; readonly userCode: string } | undefined> {
    const reply = await this.#form('/oauth/device', { client_id: 'app', scope: asked.join(' '), resource: AUDIENCE });
    this.note(reply, { op: 'begin with a device' });
    const { device_code: deviceCode, user_code: userCode } = reply.body;
    return reply.status === 200 ? { deviceCode: String(deviceCode), userCode: String(userCode) } : undefined;
  }

  /** Acts as somebody else with the token of an agent. */
  async exchange({ accessToken, subject: agent, family }: Tokens, subject: string, asked: readonly string[]): Promise<Outcome> {
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: accessToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_subject: subject,
      scope: asked.join(' '),
      resource: AUDIENCE,
    };
    const reply = await this.#form('/oauth/token', form, 'desk');
    this.#tokens('exchange', reply, { subject: `${subject} through ${agent}`, asked, more: { uses: `grant ${family}` } });
    return outcomeOf(reply);
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

  /**
   * @param email where the link is sent
   * @returns the status
   */
  async invite(token: string, email: string): Promise<number | undefined> {
    const body = { email, organization: 'seller', security_profiles: ['red'] };
    return (await this.administer(token, 'POST', '/invitations', { body, event: { op: 'invite' } })).status;
  }

  /** Opens the page behind a link, which uses nothing up, as a browser that may send its form. */
  async openLink(kind: LinkKind, secret: string): Promise<LinkPage | undefined> {
    const response = await fetch(`${this.#node()}${LINKS[kind].path}?token=${secret}`).catch(() => undefined);
    const text = (await response?.text().catch(() => undefined)) ?? '';
    const csrf = /name="csrf"[^>]*value="([^"]+)"/.exec(text)?.[1];
    if (response === undefined || csrf === undefined) return undefined;
    const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]);
    return { kind, secret, csrf, cookie: cookie.join('; ') };
  }

  async redeemLink({ kind, secret, csrf, cookie }: LinkPage): Promise<Outcome> {
    const id = randomUUID();
    const { path, op, audited, fields } = LINKS[kind];
    const form = new URLSearchParams({ token: secret, csrf, password: `Correct-Horse-${id}`, repeated: `Correct-Horse-${id}`, ...fields(id) });
    const reply = await ask(this.#node() + path, { method: 'POST', headers: { 'x-request-id': id, cookie }, body: form });
    this.note(reply, { op, redeems: `link ${secret.slice(0, 8)}`, audited: `${audited}request:${id}` });
    return outcomeOf(reply);
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

/** The links that are used once, and what is sent besides a password. */
const LINKS = {
  password: { path: '/sign-in/one-time', op: 'set password', audited: '', fields: () => ({}) },
  // What comes of an invitation is in the audit trail, too.
  invitation: { path: '/sign-in/invitation', op: 'accept invitation', audited: 'invitation_accepted ', fields: (id: string) => ({ username: id }) },
} as const;

type LinkKind = keyof typeof LINKS;

interface LinkPage {
  readonly kind: LinkKind;
  readonly secret: string;
  readonly csrf: string;
  readonly cookie: string;
}

interface Administered {
  readonly body?: object;
  readonly event: Given;
  readonly unchanged?: number;
}

interface Redeemable {
  readonly form: Readonly<Record<string, string>>;
  readonly subject: string;
  readonly asked: readonly string[];
  /** Names what is used up. */
  readonly redeems: string;
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
