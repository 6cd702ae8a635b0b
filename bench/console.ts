/** @module What an administrator waits for in the console, in a large world against a small one: `npm run bench -- console`. */
import type { Browser, Page } from 'playwright-core';
import { openPasswordHasher } from '../src/hashing/password-hasher.ts';
import { migrate } from '../src/storage/postgres/migrate.ts';
import { openChromium } from '../test/support/open-chromium.ts';
import { PASSWORD } from '../test/support/market.ts';
import { freePort } from '../test/support/postgres.ts';
import { seedWorld, SMALL, type WorldSize } from '../test/support/sized-world.ts';
import { median, ratio } from './harness.ts';
import { startProgram, type BenchProgram } from './program.ts';

/** Very many people; the catalogue of roles and profiles is one that people wrote. */
const LARGE: WorldSize = { organizations: 1000, users: 100_000, profiles: 100, clients: 1000 };

/** One step of an administrator, until what was wanted is to be seen. No two rounds ask for the same. */
type Step = (page: Page, round: number) => Promise<void>;

const row = (page: Page, name: string) => page.getByRole('row', { name: new RegExp(`^${name}\\b`) });
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

const STEPS: Readonly<Record<string, Step>> = {
  'open the console at the list of users, signed in': async (page) => {
    await page.goto(new URL('users', page.url().replace(/\/console\/.*/, '/console/')).href);
    await page.locator('.rows .row').first().waitFor();
  },
  'find one of them by name': async (page, round) => {
    await page.getByLabel('Find a user by name or mail address').fill(`user${round}`);
    await page.waitForURL(/search=/);
    await row(page, `user${round}`).waitFor();
  },
  'open that one': async (page, round) => {
    await row(page, `user${round}`).click();
    await heading(page, `user${round}`);
  },
  'see the effective roles': async (page) => {
    await page.getByRole('tab', { name: 'Roles', exact: true }).click();
    await page.getByText('OrderAdmin', { exact: true }).first().waitFor();
  },
  'find a profile by ⌘K, and open it': async (page) => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type('Ten');
    await page.getByRole('option', { name: /^Ten/ }).click();
    await heading(page, 'Ten');
  },
  'see whom a change of it reaches': async (page) => {
    await page.getByRole('checkbox', { name: /^OrderReader/ }).press('Space');
    await page.getByRole('button', { name: 'Save …' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true, disabled: false }).waitFor();
  },
  'save it': async (page) => {
    await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('No changes', { exact: true }).waitFor();
  },
};

interface Contestant {
  readonly program: BenchProgram;
  readonly page: Page;
}

export async function compareConsole(environment: () => Promise<Record<string, string>>, { rounds }: { readonly rounds: number }): Promise<void> {
  const browser = await openChromium();
  const contestants: Contestant[] = [];
  try {
    for (const size of [SMALL, LARGE]) contestants.push(await open(browser, size, await environment()));
    const [small, large] = await measure(contestants, rounds);
    console.log('\n## Console: 10 users against 100,000, in Chromium\n\n| step | time against the small one | ms small, large |\n|---|---|---|');
    for (const name of Object.keys(STEPS)) {
      const [few, many] = [small!.get(name)!, large!.get(name)!];
      console.log(`| ${name} | ${ratio(many, few)} | ${median(few).toFixed(0)}, ${median(many).toFixed(0)} |`);
    }
  } finally {
    await browser.close();
    for (const { program } of contestants) await program.stop();
  }
}

/** What each step took in each round, by contestant; the first round warms up and does not count. */
async function measure(contestants: readonly Contestant[], rounds: number): Promise<readonly ReadonlyMap<string, number[]>[]> {
  const times = contestants.map(() => new Map(Object.keys(STEPS).map((name) => [name, [] as number[]])));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, { page }] of contestants.entries()) {
      for (const [name, step] of Object.entries(STEPS)) {
        const begun = performance.now();
        await step(page, round);
        if (round > 0) times[index]!.get(name)!.push(performance.now() - begun);
      }
    }
  }
  return times;
}

async function open(browser: Browser, size: WorldSize, env: Record<string, string>): Promise<Contestant> {
  const url = env['ROLEMINT_DATABASE_URL'];
  if (url === undefined) throw new Error('The section console needs PostgreSQL.');
  await migrate(url);
  const hasher = openPasswordHasher({ threads: 1, queueLimit: 10 });
  await seedWorld(url, size, await hasher.hash(PASSWORD));
  await hasher.close();
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const program = await startProgram('console', {
    ...env,
    ROLEMINT_ISSUER: issuer,
    ROLEMINT_PORT: String(port),
    ROLEMINT_ACCESS_TOKEN_LIFETIME_SECONDS: '3600',
  });
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-US' })).newPage();
  await page.goto(`${issuer}/console/`);
  await page.locator('#username').fill('root');
  await page.locator('#password').fill(PASSWORD);
  await page.locator('button[type=submit]').first().click();
  await page.locator('main#content h1').waitFor();
  return { program, page };
}
