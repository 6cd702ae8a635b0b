import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { secretOf } from '../../support/market.ts';
import { authorizeUrl, CALLBACK, pkce, signIn, startSignIn, type SignInServer } from '../../support/sign-in.ts';
import { DATABASE_KIND, testClock, type StoreKind, type TestClock } from '../../support/stores.ts';
import { basic, post, type Form } from '../../support/token-client.ts';
import { expectRefusal } from './endpoint.ts';

/** T-85: strangers may make the server keep something, but not as much as they like, and not for long. */
const MOST = 5;
const REFUSED = { status: 429, error: 'temporarily_unavailable' };

let server: SignInServer;
let clock: TestClock;

const open = (kind?: StoreKind) =>
  startSignIn({
    clock,
    ...(kind === undefined ? {} : { kind }),
    env: { ROLEMINT_TRUSTED_PROXY_HOPS: '1', ROLEMINT_REQUESTS_PER_ADDRESS: String(MOST) },
  });

beforeAll(async () => {
  clock = testClock(Date.now());
  server = await open();
});
afterAll(() => server.close());

let addresses = 0;

/** An address from which nobody asked for anything yet. */
function fresh(): Record<string, string> {
  addresses += 1;
  return { 'x-forwarded-for': `192.0.2.${addresses}` };
}

const authorize = (headers: Record<string, string>) =>
  fetch(server.url + new URL(authorizeUrl(pkce().challenge)).pathname + new URL(authorizeUrl(pkce().challenge)).search, {
    redirect: 'manual',
    headers,
  });
const asked = (): Form => Object.fromEntries(new URL(authorizeUrl(pkce().challenge)).searchParams);
const push = (clientId: string, headers: Record<string, string>) =>
  post(
    `${server.url}/oauth/par`,
    { ...asked(), client_id: clientId },
    clientId === 'shop' ? { ...headers, ...basic('shop', secretOf('shop')) } : headers,
  );
const connect = (headers: Record<string, string>) => post(`${server.url}/oauth/device`, { client_id: 'dev' }, headers);

describe('T-85 from one address', () => {
  test('so many authorization requests wait for a person; further ones go back at once', async () => {
    const headers = fresh();
    for (let count = 0; count < MOST; count += 1) expect((await authorize(headers)).headers.get('location')).toContain('/sign-in/login');
    const refused = await authorize(headers);
    const back = new URL(refused.headers.get('location')!);
    expect(back.origin + back.pathname).toBe(CALLBACK);
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'temporarily_unavailable', state: 's' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await authorize(fresh())).headers.get('location')).toContain('/sign-in/login');
  });

  test('so many requests of public clients are pushed; those of others are not counted', async () => {
    const headers = fresh();
    for (let count = 0; count < MOST; count += 1) expect((await push('app', headers)).status).toBe(201);
    const refused = await push('app', headers);
    expectRefusal(refused, REFUSED);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    for (let count = 0; count <= MOST; count += 1) expect((await push('shop', headers)).status).toBe(201);
  });

  test('so many devices get codes', async () => {
    const headers = fresh();
    for (let count = 0; count < MOST; count += 1) expect((await connect(headers)).status).toBe(200);
    const refused = await connect(headers);
    expectRefusal(refused, REFUSED);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('all of them count together, also when a person goes on and nothing more is kept', async () => {
    const headers = fresh();
    const browser = server.browser();
    Object.assign(browser.headers, headers);
    const page = await browser.open(authorizeUrl(pkce().challenge));
    for (const ask of [push.bind(undefined, 'app'), connect, push.bind(undefined, 'app'), connect])
      expect((await ask(headers)).status).toBeLessThan(300);
    expectRefusal(await connect(headers), REFUSED);
    expect((await signIn(browser, page)).url.searchParams.has('code')).toBe(true);
  });
});

test('T-85 what nobody comes back for is swept', async () => {
  await server.close();
  server = await open(DATABASE_KIND);
  const headers = fresh();
  expect((await authorize(headers)).headers.get('location')).toContain('/sign-in/login');
  expect((await push('app', headers)).status).toBe(201);
  expect((await connect(headers)).status).toBe(200);
  const sweep = () => server.store.reap(new Date(clock.now()), 1000);
  await sweep();
  // Half an hour for a person who signs in; the rest does not wait as long.
  clock.advance(31 * 60_000);
  expect(await sweep()).toBeGreaterThanOrEqual(3);
  expect(await sweep()).toBe(0);
});
