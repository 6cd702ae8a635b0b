import { afterAll, beforeAll, expect, it } from '@jest/globals';
import path from 'node:path';
import { describeChromium, openConsole, openSite, settled, watchedPage, type ServedSite } from '../support/chromium.ts';
import { user } from '../support/market.ts';
import { DATA } from '../support/server.ts';
import { until } from '../support/until.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '../../examples');
const PEOPLE = 12_000;
const LARGEST_PAGE = 100;
/** What fits into the window, with what is kept ready above and below it. */
const MOST_ROWS = 80;

describeChromium('a list of very many', (suite) => {
  let site: ServedSite;
  beforeAll(async () => {
    site = await openSite([path.join(EXAMPLES, 'marketplace'), path.join(DATA, 'workspaces/console.yaml')]);
    const people = Array.from({ length: PEOPLE }, (_, index) => user(`person-${String(index).padStart(5, '0')}`, 'granite'));
    await site.server.app.store.transaction((tx) => tx.users.put(people));
  }, 90_000);
  afterAll(() => site?.close());

  it('is read page by page as far as one scrolls, and only the rows in sight are in the document', async () => {
    const watched = await watchedPage(suite.browser);
    const { page } = watched;
    const asked: URL[] = [];
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.pathname.endsWith('/api/v1/users')) asked.push(url);
    });
    const rows = page.locator('.rows .row');
    const scroll = () => page.evaluate("document.querySelector('.rows').scrollTop = document.querySelector('.rows').scrollHeight");

    await openConsole(watched, site, '/users', { username: 'olga', password: 'Correct-Horse-7-Battery' });
    watched.complaints();
    await rows.first().waitFor();
    expect(asked).toHaveLength(1);
    for (let pages = 2; pages <= 5; pages += 1) {
      await until(async () => {
        await scroll();
        return asked.length >= pages;
      }, `page ${pages}`);
      await settled(page);
      expect(await rows.count()).toBeLessThanOrEqual(MOST_ROWS);
    }
    expect(await page.evaluate("document.querySelectorAll('*').length")).toBeLessThan(3000);

    // The server searches, not the browser.
    await page.getByLabel('Find a user by name or mail address').fill('person-11999');
    await page.getByRole('row', { name: /person-11999/ }).waitFor();
    await settled(page);
    expect(await rows.count()).toBe(1);
    for (const url of asked) expect(Number(url.searchParams.get('limit'))).toBeLessThanOrEqual(LARGEST_PAGE);
    expect(asked.length).toBeLessThan(15);
    expect(watched.complaints()).toEqual([]);
  }, 120_000);
});
