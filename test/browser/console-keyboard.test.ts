import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import path from 'node:path';
import { describeChromium, openSite, settled, watchedPage, type ServedSite } from '../support/chromium.ts';
import { Keyboard } from '../support/keyboard.ts';
import { DATA } from '../support/server.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '../../examples');
const STORY = 180_000;

async function signInByKeyboard(keyboard: Keyboard, page: Page): Promise<void> {
  await keyboard.arrives(page.locator('#username'));
  await keyboard.type('olga');
  await keyboard.press('Tab');
  await keyboard.type('Correct-Horse-7-Battery');
  await keyboard.leave('Enter');
  await settled(page);
}

describeChromium('the console without a mouse', (suite) => {
  let site: ServedSite;
  beforeAll(async () => {
    site = await openSite([path.join(EXAMPLES, 'marketplace'), path.join(DATA, 'workspaces/console.yaml')]);
  }, STORY);
  afterAll(() => site?.close());

  it(
    'signs in, finds a profile, gives it a role, sees whom that reaches, saves, and signs out: the focus is always to be seen',
    async () => {
      const { page, complaints } = await watchedPage(suite.browser);
      const keyboard = new Keyboard(page);
      const button = (name: string) => page.getByRole('button', { name, exact: true });
      const dialog = page.getByRole('dialog');
      const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true });

      await page.goto(`${site.issuer}/console`);
      await signInByKeyboard(keyboard, page);
      complaints();

      await keyboard.tabTo(page.getByRole('link', { name: 'Skip to the content' }));
      await keyboard.press('Control+k');
      await keyboard.type('order approval');
      await page.getByRole('option', { name: /Order approval/ }).waitFor();
      await keyboard.press('ArrowDown');
      await keyboard.press('Enter');
      await heading('Order approval').waitFor();
      await keyboard.arrives(page.locator('main#content'));

      await keyboard.tabTo(page.getByRole('checkbox', { name: /^OrderAdmin/ }));
      await keyboard.press('Space');
      await keyboard.tabTo(button('Save …'));
      await keyboard.press('Enter');
      await dialog.getByText('1 person or program').waitFor();
      await keyboard.tabTo(dialog.getByRole('button', { name: 'Cancel' }));
      await keyboard.press('Enter');
      await keyboard.arrives(button('Save …'));
      await keyboard.press('Enter');
      await dialog.getByText('1 person or program').waitFor();
      await keyboard.press('Escape');
      await keyboard.arrives(button('Save …'));
      await keyboard.press('Enter');
      await dialog.getByText('1 person or program').waitFor();
      await keyboard.tabTo(dialog.getByRole('button', { name: 'Save', exact: true }));
      await keyboard.press('Enter');
      await page.getByText('Saved', { exact: true }).waitFor();
      await page.getByText('No changes', { exact: true }).waitFor();
      await keyboard.look();
      await keyboard.tabTo(page.getByRole('checkbox', { name: /^OrderAdmin/ }), 'Shift+Tab');

      const you = button('You: olga');
      await keyboard.tabTo(you, 'Shift+Tab');
      await keyboard.press('Enter');
      await keyboard.press('ArrowDown');
      await keyboard.press('Enter');
      await dialog.getByText('The token of this browser tab').waitFor();
      await keyboard.press('Escape');
      await keyboard.arrives(you);
      await keyboard.press('Enter');
      await keyboard.press('End');
      expect(await keyboard.isAt(page.getByRole('menuitem', { name: 'Sign out' }))).toBe(true);
      await keyboard.leave('Enter');
      await heading('You are signed out').waitFor();
      await keyboard.tabTo(button('Sign in again'));
      expect(complaints()).toEqual([]);
    },
    STORY,
  );

  it(
    'removes what the focus was on, and the focus goes on at the beginning of the page',
    async () => {
      const { page, complaints } = await watchedPage(suite.browser);
      const keyboard = new Keyboard(page);
      const dialog = page.getByRole('dialog');
      await page.goto(`${site.issuer}/console/users/sven?tab=groups`);
      await signInByKeyboard(keyboard, page);
      complaints();
      await keyboard.tabTo(page.getByRole('row').getByRole('button', { name: 'Take out' }));
      await keyboard.press('Enter');
      await keyboard.tabTo(dialog.getByRole('button', { name: 'Take out', exact: true }));
      await keyboard.press('Enter');
      await page.getByText('In no group.').waitFor();
      await keyboard.arrives(page.locator('main#content'));
      expect(complaints()).toEqual([]);
    },
    STORY,
  );
});
