import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startReachable, type ReachableServer } from '../e2e/reachable.ts';
import { complaintsOf, describeBrowser, openChromium, SCREENSHOTS, violationsOf } from '../support/pages-browser.ts';
import { client, PASSWORD } from '../support/market.ts';
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
    await server.app.store.transaction(async (tx) => {
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
    await page.locator('#username:focus').waitFor();
    await page.keyboard.type(username);
    await page.keyboard.press('Tab');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
  }

  test(
    'signing in and letting an application in, by keyboard',
    () =>
      visit(async (page) => {
        await page.goto(authorize());
        await judge(page, 'login');
        await signIn(page, 'b1u', 'wrong-password');
        await page.getByRole('alert').waitFor();
        expect(await page.title()).toMatch(/^Error: /);
        await judge(page, 'login-error');
        await page.getByLabel('User name').fill('b1u');
        await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'Let Order Dashboard in?' }).waitFor();
        await judge(page, 'consent');
        await page.getByRole('button', { name: 'Allow' }).focus();
        await page.keyboard.press('Enter');
        await page.waitForURL(/localhost.*\/healthz\?code=/);
      }),
    SLOW,
  );

  test(
    'connecting a device, seeing where one is signed in, signing out',
    () =>
      visit(async (page) => {
        const started = await post(`${server.issuer}/oauth/device`, { client_id: 'scanner', scope: 'Shopper OrderReader' });
        await page.goto(String(started.body['verification_uri']));
        await signIn(page);
        await page.getByRole('heading', { name: 'Connect a device' }).waitFor();
        await judge(page, 'device');
        await page.locator('#user_code:focus').waitFor();
        await page.keyboard.type(String(started.body['user_code']));
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'Connect Warehouse Scanner?' }).waitFor();
        await judge(page, 'device-confirm');
        await page.getByRole('button', { name: 'Connect', exact: true }).click();
        await page.getByRole('heading', { name: 'The device is connected' }).waitFor();
        await judge(page, 'device-done');
        await page.goto(`${server.issuer}/sign-in/sessions`);
        await judge(page, 'sessions');
        await page.getByRole('link', { name: 'Sign out' }).click();
        await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
        await judge(page, 'logout');
        await page.keyboard.press('Tab');
        await page.getByRole('button', { name: 'Sign out' }).focus();
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
        await judge(page, 'logout-done');
      }),
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
