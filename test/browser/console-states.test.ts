import { afterAll, beforeAll, expect, it } from '@jest/globals';
import path from 'node:path';
import type { Page } from 'playwright-core';
import {
  describeChromium,
  faultsOf,
  LOOKS,
  openConsole,
  openSite,
  visit,
  watchedPage,
  type Look,
  type ServedSite,
  type WatchedPage,
} from '../support/chromium.ts';
import { DATA } from '../support/server.ts';
import { until } from '../support/until.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '../../examples');
const OLGA = { username: 'olga', password: 'Correct-Horse-7-Battery' };

interface State {
  readonly name: string;
  readonly at: string;
  /** Brings it about; resolves once it is to be seen. */
  readonly reach?: (page: Page, site: ServedSite) => Promise<void>;
  /** What the browser writes into its log, because it was asked for. */
  readonly expected?: RegExp;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const dialog = (page: Page) => page.getByRole('dialog');
const alert = (page: Page) => page.getByRole('alert');
async function press(page: Page, ...names: readonly string[]): Promise<void> {
  for (const name of names) await button(page, name).click();
}
/** Presses the button that shows what a change would mean, then the one that does it. */
async function change(page: Page, ask: string, confirm: string): Promise<void> {
  await button(page, ask).click();
  await dialog(page).getByRole('button', { name: confirm, exact: true }).click();
}

/** A search takes Escape twice: it clears what was typed first. */
async function closeEverything(page: Page): Promise<void> {
  await until(async () => {
    await page.keyboard.press('Escape');
    return (await page.locator('.overlay, .popover').count()) === 0;
  }, 'nothing that is open');
}

/** What an address cannot say. */
const STATES: readonly State[] = [
  {
    name: 'a list that the server cannot answer',
    at: '/users?search=at-no-time',
    reach: (page) => alert(page).getByText('The server cannot answer right now').waitFor(),
    expected: /status of 503/,
  },
  {
    name: 'an object that the server cannot answer',
    at: '/groups/lumen-warehouse',
    reach: (page) => button(page, 'Try again').waitFor(),
    expected: /status of 503/,
  },
  { name: 'a list of users that nobody matches', at: '/users?search=nobody-of-this-name' },
  { name: 'a list of events that none matches', at: '/audit?type=nothing_of_this_kind' },
  { name: 'a list of groups in which there is none', at: '/organizations/granite?tab=groups' },
  { name: 'a question without an answer yet', at: '/why' },
  {
    name: 'the search with what was found',
    at: '/',
    reach: async (page) => {
      await page.keyboard.press('Control+k');
      await page.keyboard.type('gran');
      await page.getByRole('option', { name: /Granite/ }).waitFor();
    },
  },
  {
    name: 'the search with nothing found',
    at: '/',
    reach: async (page) => {
      await page.keyboard.press('Control+k');
      await page.keyboard.type('nothing-of-this-name');
      await page.getByText('Nothing found').waitFor();
    },
  },
  { name: 'the menu of the person', at: '/', reach: (page) => press(page, 'You: olga') },
  {
    name: 'the roles of the session',
    at: '/',
    reach: async (page) => {
      await press(page, 'You: olga');
      await page.getByRole('menuitem', { name: /Roles of this session/ }).click();
      await dialog(page).getByRole('checkbox').first().waitFor();
    },
  },
  {
    name: 'the blast radius of a change',
    at: '/profiles/order-approval',
    reach: async (page) => {
      await page.getByText('OrderAdmin', { exact: true }).click();
      await press(page, 'Save …');
      await dialog(page).getByText('1 person or program').waitFor();
    },
  },
  {
    name: 'the conflict with what somebody else changed',
    at: '/profiles/catalog-reader',
    reach: async (page, { server }) => {
      await page.getByLabel('Description').fill('Reads the catalog.');
      await server.app.store.transaction(async (tx) => {
        const known = (await tx.securityProfiles.findMany(['catalog-reader'])).get('catalog-reader')!;
        await tx.securityProfiles.put([{ ...known, name: `${known.name}s` }]);
      });
      await server.app.services.access.refresh(0);
      await press(page, 'Save …');
      await dialog(page).getByText('Somebody else changed this meanwhile').waitFor();
    },
    expected: /status of 412/,
  },
  {
    name: 'the deletion of a user',
    at: '/users/greta',
    reach: async (page) => {
      await press(page, 'Delete');
      await dialog(page).getByRole('button', { name: 'Delete', exact: true, disabled: false }).waitFor();
    },
  },
  {
    name: 'the clone of a profile',
    at: '/profiles/store-admin',
    reach: async (page) => {
      await press(page, 'Clone');
      await dialog(page).getByLabel('Name').waitFor();
    },
  },
  {
    name: 'a new user whose name somebody has',
    at: '/users/new',
    reach: async (page) => {
      await page.getByLabel('User name').fill('alice');
      await page.getByRole('combobox', { name: 'Organization', exact: true }).fill('granite');
      await page.getByRole('option', { name: /Granite/ }).click();
      await press(page, 'Create …');
      await alert(page).waitFor();
    },
    expected: /status of 409/,
  },
  {
    name: 'a password that is refused',
    at: '/account?tab=password',
    reach: async (page) => {
      for (const field of await page.locator('main input[type=password]').all()) await field.fill('short');
      await page.locator('main form button[type=submit]').click();
      await alert(page).first().waitFor();
    },
    expected: /status of 400/,
  },
  {
    name: 'a secret that is shown once',
    at: '/clients/backoffice?tab=secrets',
    reach: async (page) => {
      await change(page, 'Make a secret …', 'Make it');
      await page.getByText('It is shown this one time').waitFor();
    },
  },
  {
    name: 'a link that is shown once',
    at: '/users/sven?tab=password',
    reach: async (page) => {
      await change(page, 'Make a link …', 'Make the link');
      await page.getByText('The link is shown once').waitFor();
    },
  },
  {
    name: 'the chain of events, verified',
    at: '/audit',
    reach: async (page) => {
      await press(page, 'Verify the chain');
      await page.getByText('Unbroken').waitFor();
    },
  },
  {
    name: 'the question whether full access without an end is meant',
    at: '/assignments/new?user=sven&security_profile=everything',
    reach: async (page) => {
      await press(page, 'Create …');
      await dialog(page)
        .getByRole('checkbox', { name: /full access without an end/ })
        .waitFor();
    },
    expected: /status of 400/,
  },
];
const INTERRUPTED = ['/users?search=at-no-time', '/groups/lumen-warehouse'];

describeChromium('the console in states that no address says', (suite) => {
  let site: ServedSite;
  let watched: WatchedPage;

  beforeAll(async () => {
    site = await openSite([path.join(EXAMPLES, 'marketplace'), path.join(DATA, 'workspaces/console.yaml')]);
    watched = await watchedPage(suite.browser);
    await openConsole(watched, site, '/', OLGA);
    watched.complaints();
  }, 90_000);
  afterAll(() => site?.close());

  // Of the four looks every state is seen in two, so that size and colours both differ.
  it.each(STATES.map((state, index) => [state.name, state, index % 2 === 0 ? LOOKS.slice(0, 2) : LOOKS.slice(2)] as const))(
    '%s: no policy is violated, nothing complains, axe finds nothing',
    async (name, { at, reach, expected = /^$/ }, looks: readonly Look[]) => {
      const { page } = watched;
      const faults: string[] = [];
      for (const look of looks) {
        await look.apply(page);
        if (INTERRUPTED.includes(at)) site.interrupt('/api/', 503);
        try {
          await visit(page, site, at);
          await reach?.(page, site);
          faults.push(...(await faultsOf(page, `state ${name}`, look)));
        } finally {
          site.resume();
          await closeEverything(page);
        }
        await visit(page, site, '/no-such-page');
      }
      faults.push(...watched.complaints().filter((complaint) => !expected.test(complaint)));
      expect(faults).toEqual([]);
    },
    60_000,
  );
});
