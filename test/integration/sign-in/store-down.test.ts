import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestBrowser, Visited } from '../../support/browser.ts';
import { noFailures } from '../../support/failing-store.ts';
import { authorizeUrl, pkce, signIn, startSignIn, type SignInServer } from '../../support/sign-in.ts';
import { post } from '../../support/token-client.ts';

/** F1 as people see it: while the store is away every page and every step says so, and is no fault of ours. */
let server: SignInServer;
let browser: TestBrowser;
let login: Visited;
let consent: Visited;
let device: Visited;
const failures = noFailures();
const { down } = failures;
beforeAll(async () => {
  server = await startSignIn({ failures });
  browser = server.browser();
  device = await signIn(browser, await browser.open('/sign-in/device'));
  consent = await browser.open(authorizeUrl(pkce().challenge, { client_id: 'asking', scope: 'Shopper' }));
  login = await server.browser().open(authorizeUrl(pkce().challenge));
});
afterAll(() => server.close());

const STEPS: Readonly<Record<string, () => Promise<Visited>>> = {
  'an authorization request': () => browser.open(authorizeUrl(pkce().challenge)),
  'an authorization request of a browser that is not known': () => server.browser().open(authorizeUrl(pkce().challenge)),
  'the login page': () => browser.open(login.url),
  'the consent page': () => browser.open(consent.url),
  'a consent': () => browser.submit(consent, {}, { name: 'decision', value: 'allow' }),
  'a refusal': () => browser.submit(consent, {}, { name: 'decision', value: 'refuse' }),
  'the device page': () => browser.open('/sign-in/device'),
  'a user code': () => browser.submit(device, { user_code: 'BCDF-GHJK' }),
  'the page of sessions': () => browser.open('/sign-in/sessions'),
};

describe.each(['*', 'artifacts.find', 'artifacts.put', 'artifacts.findByUserCode', 'revocations.isRevoked'])(
  'while %s of the store fails',
  (name) => {
    test.each(Object.entries(STEPS))('%s is answered, and never by a fault', async (_step, visit) => {
      down.add(name);
      const { status, headers } = await visit().finally(() => down.clear());
      // 0: sent back to the application.
      expect([0, 200, 400, 404, 503]).toContain(status);
      if (status === 503) expect(headers.get('retry-after')).toMatch(/^\d+$/);
    });
  },
);

test('what is asked for without a browser says that it has to wait, too', async () => {
  down.add('*');
  const { status, headers } = await post(`${server.url}/oauth/device`, { client_id: 'dev', scope: 'Shopper' }).finally(() => down.clear());
  expect(status).toBe(503);
  expect(headers.get('retry-after')).toBe('1');
});

test('everything goes on afterwards', async () => {
  const back = await browser.open(authorizeUrl(pkce().challenge));
  expect(back.url.searchParams.get('code')).toEqual(expect.any(String));
});
