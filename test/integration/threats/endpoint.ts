/** @module What the tests of threats share: a server with the market, and what every refusal must look like. */
import { expect } from '@jest/globals';
import type { Clock, StoreTransaction } from '../../../src/domain/ports.ts';
import { openMarket, PASSWORD, secretOf } from '../../support/market.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { lasting, openTestStore, type TestStore } from '../../support/stores.ts';
import { basic, post, type Answer, type Form } from '../../support/token-client.ts';

export interface Threatened extends TestServer {
  /** Also for other servers: it ends with this one. */
  readonly store: TestStore;
  /** POST to the token endpoint. */
  token(form: Form, headers?: Record<string, string>): Promise<Answer>;
  introspect(token: string, as?: string, more?: Form): Promise<Answer>;
  revoke(token: string, as?: string, more?: Form): Promise<Answer>;
  /** A client_credentials request of `svc`. */
  credentials(form?: Form): Promise<Answer>;
  /** A password request through `pw`. */
  signIn(username: string, form?: Form): Promise<Answer>;
  /** The server still does its work. */
  stillWorks(): Promise<void>;
}

export interface ThreatenedOptions {
  readonly store?: TestStore;
  readonly clock?: Clock;
  readonly env?: Readonly<Record<string, string>>;
  readonly more?: (tx: StoreTransaction) => Promise<void>;
  /** False: the store has the market already. */
  readonly furnish?: boolean;
}

export async function startThreatened({ store: given, clock, env = {}, more, furnish = true }: ThreatenedOptions = {}): Promise<Threatened> {
  const store = given ?? (await openTestStore({ clock }));
  const server = await startServer({ store, env, ...(clock === undefined ? {} : { clock }) });
  if (furnish) await openMarket(server.app, more);
  const { url } = server;
  const token = (form: Form, headers: Record<string, string> = {}) => post(`${url}/oauth/token`, form, headers);
  const as = (clientId: string) => basic(clientId, secretOf(clientId));
  const credentials = (form: Form = {}) => token({ grant_type: 'client_credentials', ...form }, as('svc'));
  return {
    ...server,
    store: lasting(store),
    token,
    credentials,
    introspect: (value, by = 'rsS', besides = {}) => post(`${url}/oauth/introspect`, { token: value, ...besides }, as(by)),
    revoke: (value, by = 'pw', besides = {}) => post(`${url}/oauth/revoke`, { token: value, ...besides }, as(by)),
    signIn: (username, form = {}) =>
      token({ grant_type: 'password', client_id: 'pw', client_secret: secretOf('pw'), username, password: PASSWORD, ...form }),
    stillWorks: async () => {
      const { status, body } = await credentials({ scope: 'A' });
      expect({ status, scope: body['scope'] }).toEqual({ status: 200, scope: 'A' });
    },
  };
}

/** Words that only a fault, a store or a secret would bring into an answer. */
const LEAKS = /\bat .+:\d+:\d+|node_modules|\bselect\b|\binsert\b|\$argon2|-secret|Correct-Horse|BEGIN |stack/i;

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly scope: unknown;
}

/** Those of a good answer of the token endpoint. */
export function tokensOf({ status, body }: Answer): Tokens {
  expect({ status, error: body['error'] }).toEqual({ status: 200, error: undefined });
  return { access: String(body['access_token']), refresh: String(body['refresh_token']), scope: body['scope'] };
}

/** Asserts a refusal by the whole contract: status, code, nothing leaked, nothing kept by caches, JSON. */
export function expectRefusal({ status, headers, text, body }: Answer, expected: { readonly status: number; readonly error: string }): void {
  expect({ status, error: body['error'] }).toEqual(expected);
  expect(text).not.toMatch(LEAKS);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(body['access_token']).toBeUndefined();
}

/** Everything that a stranger sees of an answer, but for the time and the request's id. */
export function visible({ status, headers, text }: Answer): unknown {
  const shown = Object.fromEntries([...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id'));
  return { status, headers: shown, text };
}

/** The refusals that concern a person: one body, whatever the reason. */
export function expectIndistinguishable(answers: readonly Answer[]): void {
  for (const answer of answers) expect(visible(answer)).toEqual(visible(answers[0]!));
}

/** A clock that a test turns. */
export function turnableClock(start: number = Date.now()): Clock & { advance(milliseconds: number): void } {
  let now = start;
  return { now: () => now, advance: (milliseconds) => (now += milliseconds) };
}
