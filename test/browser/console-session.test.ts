import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { describeChromium, openConsole, openSite, settled, visit, watchedPage, type ServedSite, type WatchedPage } from '../support/chromium.ts';
import { DATA } from '../support/server.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '../../examples');
const PASSWORD = 'Correct-Horse-7-Battery';
const OLGA = { username: 'olga', password: PASSWORD };
const STORY = 120_000;
/** Within the life of a token of ten minutes, and past the instant from which it is renewed. */
const ALMOST_A_LIFE_MS = 585_000;

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

describeChromium('a session in the console', (suite) => {
  let site: ServedSite;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    site = await openSite([path.join(EXAMPLES, 'marketplace'), path.join(DATA, 'workspaces/console.yaml')]);
  }, STORY);
  afterAll(() => site?.close());
  beforeEach(async () => {
    await watched?.context.close();
    watched = await watchedPage(suite.browser);
    ({ page } = watched);
    await openConsole(watched, site, '/profiles/shopper', OLGA);
    watched.complaints();
  }, STORY);

  const description = () => page.getByLabel('Description');
  async function save(): Promise<void> {
    await button(page, 'Save …').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
  }
  async function signInAs(username: string): Promise<void> {
    await page.locator('#username').fill(username);
    await page.locator('#password').fill(PASSWORD);
    await page.locator('button[type=submit]').first().click();
    await settled(page);
  }

  it(
    'is renewed when its token ends, and nobody notices',
    async () => {
      await description().fill('Renewed.');
      const renewal = page.waitForRequest((request) => request.postData()?.includes('grant_type=refresh_token') === true);
      await page.clock.setSystemTime(Date.now() + ALMOST_A_LIFE_MS);
      const saved = save();
      expect((await (await renewal).response())!.status()).toBe(200);
      await saved;
      expect(await description().inputValue()).toBe('Renewed.');
      expect(watched.complaints()).toEqual([]);
    },
    STORY,
  );

  it(
    'that was ended elsewhere leads to the sign-in page, and back to what was being edited',
    async () => {
      await description().fill('Typed before the session ended.');
      const address = page.url();
      await site.server.app.services.me.revokeAllSessions('olga', { actor: { kind: 'operator', id: 'test' } });
      await button(page, 'Save …').click();
      await signInAs('olga');
      expect(page.url()).toBe(address);
      expect(await description().inputValue()).toBe('Typed before the session ended.');
      await page.getByText('Not saved yet: description').waitFor();
      expect(await page.evaluate('JSON.stringify({ ...sessionStorage })')).not.toContain('Typed before');
      await save();
    },
    STORY,
  );

  it(
    'gives what one person was editing to nobody else',
    async () => {
      await visit(page, site, '/users/new');
      await page.getByLabel('User name').fill('half-typed');
      await site.server.app.services.me.revokeAllSessions('olga', { actor: { kind: 'operator', id: 'test' } });
      await page.getByRole('combobox', { name: 'Organization', exact: true }).fill('tide');
      await signInAs('ben');
      await page.getByRole('heading', { level: 1, name: 'New user' }).waitFor();
      expect(await page.getByLabel('User name').inputValue()).toBe('');
      expect(await page.evaluate('JSON.stringify({ ...sessionStorage })')).not.toContain('half-typed');
    },
    STORY,
  );

  it.each([
    [503, 'The server cannot answer right now. Try again in a moment.'],
    ['nothing', 'The server cannot be reached.'],
  ] as const)(
    'says in words that the server answers %s, keeps what was typed, and goes on when it is back',
    async (answer, words) => {
      await description().fill(`Typed before ${answer}.`);
      site.interrupt('/api/', answer);
      await button(page, 'Save …').click();
      await page.getByRole('alert').getByText(words).waitFor();
      site.resume();
      expect(await description().inputValue()).toBe(`Typed before ${answer}.`);
      await save();
    },
    STORY,
  );

  it(
    'does not end because it could not be renewed at once',
    async () => {
      await description().fill('Typed before the renewal.');
      const address = page.url();
      site.interrupt('/oauth/token', 503);
      await page.clock.setSystemTime(Date.now() + ALMOST_A_LIFE_MS);
      await button(page, 'Save …').click();
      await page.getByRole('alert').getByText('so the session could not be renewed').waitFor();
      site.resume();
      await save();
      expect(page.url()).toBe(address);
    },
    STORY,
  );

  it(
    'that the server takes from nobody is told, instead of signing in again and again',
    async () => {
      site.interrupt('/api/v1/me', 401);
      await page.reload();
      await page.getByRole('heading', { level: 1, name: 'The console cannot be opened' }).waitFor();
      site.resume();
      await button(page, 'Try again').click();
      await settled(page);
    },
    STORY,
  );
});
