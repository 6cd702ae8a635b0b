import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startReachable, type ReachableServer } from '../e2e/reachable.ts';
import { openChromium, SCREENSHOTS } from '../support/open-chromium.ts';
import { complaintsOf, describeBrowser, violationsOf } from '../support/pages-browser.ts';
import { Keyboard } from '../support/keyboard.ts';
import { assignment, client, PASSWORD, profile, to, user } from '../support/market.ts';
import { DEVICE_GRANT, pkce } from '../support/sign-in.ts';
import { post } from '../support/token-client.ts';

const SIZES = { phone: { width: 375, height: 740 }, desktop: { width: 1280, height: 860 } } as const;
const SCHEMES = ['light', 'dark'] as const;
const SLOW = 240_000;

describeBrowser('the pages for people', () => {
  let server: ReachableServer;
  let browser: Browser;
  let callback: string;

  beforeAll(async () => {
    server = await startReachable();
    callback = `${server.issuer.replace('127.0.0.1', 'localhost')}/healthz`;
    const passwordHash = await server.app.hasher.hash(PASSWORD);
    await server.app.store.transaction(async (tx) => {
      await tx.users.put([user('old', 'B1')]);
      await tx.setPassword('old', passwordHash, new Date(0));
      await tx.securityProfiles.put([profile('aging', ['Shopper'], { passwordPolicy: { maximumAgeDays: 90, minimumLength: 12 } })]);
      await tx.assignments.put([assignment('aging', to.user('old'))]);
      const byCode = { grantTypes: ['authorization_code', 'refresh_token'], tokenEndpointAuthMethod: 'none', redirectUris: [callback] } as const;
      await tx.clients.put([
        client('dashboard', { ...byCode, clientName: 'Order Dashboard', requireConsent: undefined }),
        client('scanner', { grantTypes: [DEVICE_GRANT], tokenEndpointAuthMethod: 'none', clientName: 'Warehouse Scanner' }),
      ]);
    });
    browser = await openChromium();
  }, SLOW);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  const authorize = (more: Record<string, string> = {}) =>
    `${server.issuer}/oauth/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: 'dashboard',
      redirect_uri: callback,
      code_challenge: pkce().challenge,
      code_challenge_method: 'S256',
      scope: 'openid profile Shopper OrderReader FullAccess',
      ...more,
    }).toString()}`;

  /** Every size in light and dark: a picture, and nothing for axe to find. */
  async function judge(page: Page, name: string): Promise<void> {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${size}-${colorScheme}.png`), fullPage: true });
        expect({ name, size, colorScheme, violations: await violationsOf(page) }).toEqual({ name, size, colorScheme, violations: [] });
        const overflow = await page.locator('body').evaluate((body) => body.scrollWidth > body.clientWidth);
        expect({ name, size, overflow }).toEqual({ name, size, overflow: false });
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
  }

  async function visit(run: (page: Page, context: BrowserContext) => Promise<void>, locale = 'en-GB'): Promise<void> {
    const context = await browser.newContext({ locale });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    try {
      await run(page, context);
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  }

  /** By the keyboard alone; the first field has the focus. */
  async function signIn(page: Page, username = 'b1u', password = PASSWORD): Promise<void> {
    const keyboard = new Keyboard(page);
    await keyboard.arrives(page.locator('#username'));
    await keyboard.type(username);
    await keyboard.press('Tab');
    await keyboard.type(password);
    await keyboard.leave('Enter');
  }

  test(
    'signing in and letting an application in, by keyboard',
    () =>
      visit(async (page) => {
        const keyboard = new Keyboard(page);
        await page.goto(authorize());
        await judge(page, 'login');
        await signIn(page, 'b1u', 'wrong-password');
        await keyboard.arrives(page.getByRole('alert'));
        expect(await page.title()).toMatch(/^Error: /);
        await judge(page, 'login-error');
        // The name that was sent stands there still.
        await keyboard.tabTo(page.getByLabel('Password', { exact: true }));
        await keyboard.type(PASSWORD);
        await keyboard.leave('Enter');
        await page.getByRole('heading', { name: 'Let Order Dashboard in?' }).waitFor();
        await judge(page, 'consent');
        await keyboard.tabTo(page.getByRole('button', { name: 'Allow' }));
        await keyboard.leave('Enter');
        await page.waitForURL(/localhost.*\/healthz\?code=/);
      }),
    SLOW,
  );

  test(
    'connecting a device, seeing where one is signed in, signing out, by keyboard',
    () =>
      visit(async (page) => {
        const keyboard = new Keyboard(page);
        const started = await post(`${server.issuer}/oauth/device`, { client_id: 'scanner', scope: 'Shopper OrderReader' });
        await page.goto(String(started.body['verification_uri']));
        await signIn(page);
        await page.getByRole('heading', { name: 'Connect a device' }).waitFor();
        await judge(page, 'device');
        await keyboard.arrives(page.locator('#user_code'));
        await keyboard.type(String(started.body['user_code']));
        await keyboard.leave('Enter');
        await page.getByRole('heading', { name: 'Connect Warehouse Scanner?' }).waitFor();
        await judge(page, 'device-confirm');
        await keyboard.tabTo(page.getByRole('button', { name: 'Connect', exact: true }));
        await keyboard.leave('Enter');
        await page.getByRole('heading', { name: 'The device is connected' }).waitFor();
        await judge(page, 'device-done');
        await page.goto(`${server.issuer}/sign-in/sessions`);
        await judge(page, 'sessions');
        await keyboard.tabTo(page.getByRole('link', { name: 'Sign out' }));
        await keyboard.leave('Enter');
        await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
        await judge(page, 'logout');
        await keyboard.tabTo(page.getByRole('button', { name: 'Sign out' }));
        await keyboard.leave('Enter');
        await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
        await judge(page, 'logout-done');
      }),
    SLOW,
  );

  test(
    'a password that is too old is changed on the way in, by keyboard',
    () =>
      visit(async (page) => {
        const keyboard = new Keyboard(page);
        const field = (label: string) => page.getByLabel(label, { exact: true });
        const change = async (current: string, password: string, repeated: string) => {
          await keyboard.tabTo(field('Present password'));
          await keyboard.type(current);
          await keyboard.press('Tab');
          await keyboard.type(password);
          await keyboard.press('Tab');
          await keyboard.type(repeated);
          await keyboard.leave('Enter');
        };
        await page.goto(authorize());
        await signIn(page, 'old');
        await page.getByRole('heading', { name: 'Set a new password' }).waitFor();
        await keyboard.arrives(field('Present password'));
        await judge(page, 'password-expired');
        await keyboard.press('Shift+Tab');
        await change(PASSWORD, 'Another-Horse-8', 'Another-Horse-9');
        await page.getByRole('alert').getByText('The two passwords are not the same.').waitFor();
        await change('not-hers', 'Another-Horse-8', 'Another-Horse-8');
        await page.getByRole('alert').getByText('The present password is wrong.').waitFor();
        await change(PASSWORD, 'short', 'short');
        await page.getByRole('alert').getByText('must have at least 12').waitFor();
        await judge(page, 'password-expired-error');
        await change(PASSWORD, 'Another-Horse-8-Battery', 'Another-Horse-8-Battery');
        // What was asked for goes on where it was.
        await page.getByRole('heading', { name: 'Let Order Dashboard in?' }).waitFor();
      }),
    SLOW,
  );

  test(
    'a deployment’s own name, logo and colour',
    async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'rolemint-brand-'));
      const logo = path.join(folder, 'logo.svg');
      await writeFile(logo, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><rect width="120" height="40" fill="#7a1f5c"/></svg>');
      const env = { ROLEMINT_BRAND_NAME: 'Fjord Market', ROLEMINT_BRAND_LOGO: logo, ROLEMINT_BRAND_COLOR: '#7a1f5c' };
      const branded = await startReachable({ env });
      try {
        await visit(async (page) => {
          await page.goto(`${branded.issuer}/sign-in/forgot`);
          expect(await page.title()).toBe('Forgot your password? – Fjord Market');
          const shown = page.getByRole('img', { name: 'Fjord Market' });
          await shown.waitFor();
          expect(await shown.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth)).toBeGreaterThan(0);
          const colour = () => page.evaluate<string>('getComputedStyle(document.querySelector("button")).backgroundColor');
          await page.emulateMedia({ colorScheme: 'light' });
          expect(await colour()).toBe('rgb(122, 31, 92)');
          await judge(page, 'brand');
        });
      } finally {
        await branded.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
    SLOW,
  );

  test(
    'a forgotten password, a link that sets one, an invitation, and what does not work, in German',
    () =>
      visit(async (page) => {
        await page.goto(`${server.issuer}/sign-in/forgot`);
        await page.getByRole('heading', { name: 'Passwort vergessen?' }).waitFor();
        expect(await page.locator('html').getAttribute('lang')).toBe('de');
        await judge(page, 'forgot-de');
        const { url } = await server.app.services.links.create('nopass', { actor: { kind: 'operator', id: 'test' } });
        await page.goto(url);
        await page.getByLabel('Neues Passwort').fill('kurz');
        await page.getByLabel('Noch einmal dasselbe').fill('kurz');
        await page.keyboard.press('Enter');
        await page.getByRole('alert').waitFor();
        expect(await page.getByRole('alert').textContent()).toContain('muss mindestens 8 Zeichen haben');
        await judge(page, 'password-de');
        await page.getByRole('link', { name: 'English' }).click();
        await page.getByRole('heading', { name: 'Set the password of nopass' }).waitFor();
        const wanted = { email: 'new@example.com', organization: 'B1', userGroups: [], securityProfiles: [] };
        const { invitations } = server.app.services;
        const issued = await server.app.store.transaction((tx) => invitations.createIn(tx, wanted, { actor: { kind: 'operator', id: 'test' } }));
        await page.goto(/https?:\S+/.exec(issued.mail.text)![0]);
        await page.getByRole('heading', { name: 'Join B1' }).waitFor();
        await judge(page, 'invitation');
        await page.goto(`${server.issuer}/oauth/authorize?client_id=nobody`);
        await page.getByRole('heading', { name: 'This does not work' }).waitFor();
        await judge(page, 'refused');
      }, 'de-DE'),
    SLOW,
  );
});
