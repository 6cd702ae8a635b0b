import { afterAll, beforeAll, expect, it } from '@jest/globals';
import path from 'node:path';
import type { Page } from 'playwright-core';
import {
  describeChromium,
  keepPicture,
  openConsole,
  openSite,
  settled,
  visit,
  watchedPage,
  type ServedSite,
  type WatchedPage,
} from '../support/chromium.ts';
import { DATA } from '../support/server.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '../../examples');
const PASSWORD = 'Correct-Horse-7-Battery';
const STORY = 120_000;
/** The browser writes refusals into its log; the page says them in words. */
const REFUSALS = /status of (?:40[034]|412)/;

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
/** Presses the button of the dialog that shows what a change would mean, once it can be pressed. */
async function confirm(page: Page, name: string): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
}
const placesOf = async (page: Page): Promise<string[]> =>
  (await page.getByRole('navigation', { name: 'Console' }).getByRole('link').allTextContents()).map((text) => text.trim());

describeChromium('a seller, a buyer and the console', (suite) => {
  let site: ServedSite;
  let seller: WatchedPage;

  beforeAll(async () => {
    site = await openSite([path.join(EXAMPLES, 'marketplace'), path.join(DATA, 'workspaces/console.yaml')]);
  }, STORY);
  afterAll(() => site?.close());

  it(
    'a seller changes a profile, sees beforehand whom it reaches, and why somebody holds the role then',
    async () => {
      seller = await watchedPage(suite.browser);
      const { page } = seller;
      await openConsole(seller, site, '/profiles/order-approval', { username: 'olga', password: PASSWORD });
      seller.complaints();
      expect(new URL(page.url()).pathname).toBe('/id/console/profiles/order-approval');
      await page.getByText('OrderAdmin', { exact: true }).click();
      await button(page, 'Save …').click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('1 person or program').waitFor();
      expect(await dialog.textContent()).toMatch(/alice.*OrderAdmin/);
      await keepPicture(page, 'story blast radius');
      await confirm(page, 'Save');
      await page.getByText('Saved', { exact: true }).waitFor();
      await visit(page, site, '/why?user=alice&role=OrderAdmin');
      await page.getByText('alice holds OrderAdmin.').waitFor();
      await page.getByText('by the group Approvers of Tidewater').waitFor();
    },
    STORY,
  );

  it(
    'a conflict says what somebody else changed, and both changes can be kept',
    async () => {
      const { page } = seller;
      await visit(page, site, '/profiles/shopper');
      await page.getByLabel('Description').fill('Buys things.');
      // Somebody else is faster.
      const { store, access } = { ...site.server.app, access: site.server.app.services.access };
      await store.transaction(async (tx) => {
        const known = (await tx.securityProfiles.findMany(['shopper'])).get('shopper')!;
        await tx.securityProfiles.put([{ ...known, name: 'Shoppers' }]);
      });
      await access.refresh(0);
      await button(page, 'Save …').click();
      await page.getByText('Somebody else changed this meanwhile').waitFor();
      await keepPicture(page, 'story conflict');
      expect(await page.getByRole('dialog').textContent()).toMatch(/name"?Shopper"?.*Shoppers/);
      await button(page, 'Put mine on top of theirs').click();
      await button(page, 'Save …').click();
      await confirm(page, 'Save');
      await page.getByRole('heading', { level: 1, name: 'Shoppers' }).waitFor();
      expect(await page.getByLabel('Description').inputValue()).toBe('Buys things.');
    },
    STORY,
  );

  it(
    'a seller finds anything by the keyboard, asks for fewer roles, and signs out',
    async () => {
      const { page } = seller;
      await page.keyboard.press('Control+k');
      await page.keyboard.type('granite');
      await page.getByRole('option', { name: /Granite Bikes/ }).waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Granite Bikes' }).waitFor();
      await button(page, 'You: olga').click();
      await page.getByRole('menuitem', { name: /Roles of this session/ }).click();
      await page.getByRole('dialog').getByText('FullAccess', { exact: true }).click();
      await button(page, 'Use these').click();
      // Back at the same page: with UserReader alone it cannot be shown, and the console says what it would take.
      await page.getByText('One of these roles would do:').waitFor();
      expect(await placesOf(page)).toEqual(['Overview', 'Users', 'Invitations', 'Why?', 'Token workbench']);
      const kept = (await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')) as string;
      expect(kept).not.toMatch(/eyJ|verifier/);
      expect(page.url()).not.toContain('code=');
      // A reload asks for another code; the session answers without a password, for the same page.
      const before = page.url();
      await page.reload();
      await page.getByText('One of these roles would do:').waitFor();
      expect(page.url()).toBe(before);
      await button(page, 'You: olga').click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      await page.getByRole('heading', { level: 1, name: 'You are signed out' }).waitFor();
      await page.getByRole('button', { name: 'Sign in again' }).click();
      await page.locator('#password').waitFor();
      expect(seller.complaints().filter((complaint) => !REFUSALS.test(complaint) && !complaint.includes('/sign-in/'))).toEqual([]);
    },
    STORY,
  );

  it(
    'a buyer’s administrator with little power sees the own people and nothing else, and is refused in words',
    async () => {
      const buyer = await watchedPage(suite.browser);
      const { page } = buyer;
      await openConsole(buyer, site, '/users', { username: 'ben', password: PASSWORD });
      buyer.complaints();
      expect(await placesOf(page)).toEqual(['Overview', 'Users', 'User groups', 'Invitations', 'Why?', 'Token workbench', 'Review']);
      await page.getByRole('row', { name: /alice/ }).waitFor();
      expect(await page.getByRole('row', { name: /greta|olga/ }).count()).toBe(0);
      await visit(page, site, '/clients');
      await page.getByText('Nobody of an organization of the type buyer has access to clients').waitFor();
      await visit(page, site, '/users/greta');
      await page.getByText('There is no such thing, or it belongs to somebody else.').waitFor();
      // Alice approves orders, Ben does not: who sets her password could act as her.
      await visit(page, site, '/users/alice?tab=password');
      await page.getByLabel('New password').fill('Another-Horse-8-Battery');
      await button(page, 'Set the password …').click();
      await page.getByText('What is too much:').waitFor();
      expect(await page.getByRole('alert').textContent()).toContain('OrderApprover');
      await keepPicture(page, 'story refusal');
      await visit(page, site, '/users/new');
      await page.getByLabel('User name').fill('newcomer');
      await button(page, 'Create …').click();
      await confirm(page, 'Create');
      await page.getByRole('heading', { level: 1, name: 'newcomer' }).waitFor();
      expect(buyer.complaints().filter((complaint) => !REFUSALS.test(complaint))).toEqual([]);
    },
    STORY,
  );

  it(
    'a buyer with FullAccess sees nothing of what buyers are barred from: neither pages nor buttons nor results of a search',
    async () => {
      const full = await watchedPage(suite.browser);
      const { page } = full;
      await openConsole(full, site, '/', { username: 'greta', password: PASSWORD });
      full.complaints();
      const places = await placesOf(page);
      expect(places).toEqual(expect.arrayContaining(['Users', 'User groups', 'Invitations', 'Why?', 'Audit']));
      for (const barred of ['Clients', 'Resource servers', 'Keys']) expect(places).not.toContain(barred);
      await page.keyboard.press('Control+k');
      await page.keyboard.type('shop');
      await page.getByRole('option', { name: /Shopper/ }).waitFor();
      expect(await page.getByRole('option', { name: /Web shop/ }).count()).toBe(0);
      await page.keyboard.press('Escape');
      await visit(page, site, '/why');
      await page.getByLabel('Person').first().waitFor();
      expect(await page.getByLabel('For the API').count()).toBe(0);
      expect(full.complaints()).toEqual([]);
    },
    STORY,
  );
});

describeChromium('a customer of VOSS and the console', (suite) => {
  let site: ServedSite;
  beforeAll(async () => {
    site = await openSite([path.join(EXAMPLES, 'voss')]);
  }, STORY);
  afterAll(() => site?.close());

  it(
    'a customer’s administrator clones a shipped profile, narrows it with wildcards, and cannot go above the own ceiling',
    async () => {
      const customer = await watchedPage(suite.browser);
      const { page } = customer;
      await openConsole(customer, site, '/profiles/CustomerOperatorAP', { username: 'custadmin', password: PASSWORD });
      customer.complaints();
      await button(page, 'Clone').click();
      await page.getByRole('dialog').getByLabel('Name').fill('Night operators');
      await page.getByRole('dialog').getByLabel('Id').fill('night');
      await button(page, 'Clone …').click();
      await page.getByRole('dialog', { name: 'Clone the profile “CustomerOperatorAP”' }).getByRole('button', { name: 'Clone', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'Night operators' }).waitFor();
      await page.getByText('Clone of CustomerOperatorAP').first().waitFor();
      // What the entries come to stands beside them.
      await page.getByRole('complementary', { name: 'What the entries come to' }).getByText('data/User:read').waitFor();
      await page.getByLabel('Type', { exact: true }).first().fill('data/*');
      await page.getByRole('complementary', { name: 'What the entries come to' }).getByText('data/Alert:read').waitFor();
      await keepPicture(page, 'story wildcards');
      await button(page, 'Save …').click();
      await page.getByText('What is too much:').waitFor();
      await button(page, 'Discard').click();
      await visit(page, site, '/profiles/night?tab=drift');
      await page.getByText('Nothing: the clone is up to date.').waitFor();
      await settled(page);
      expect(customer.complaints().filter((complaint) => !REFUSALS.test(complaint))).toEqual([]);
    },
    STORY,
  );
});
