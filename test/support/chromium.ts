/**
 * @module The console in a real Chromium, from a server behind a proxy that serves it below a path, as deployments do.
 * What the pages complain of (a policy that was violated, an error in the log) is collected and fails the test.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { openChromium, SCREENSHOTS } from './open-chromium.ts';
import { describeBrowser, violationsOf } from './pages-browser.ts';
import { startServer, type TestServer } from './server.ts';

/** A page may take this long on a busy machine. */
const PATIENCE = 30_000;

export interface ChromiumSuite {
  readonly browser: Browser;
}

/** Declares a suite that has a browser. The console has to be built: `npm test` does that. */
export function describeChromium(name: string, define: (suite: ChromiumSuite) => void): void {
  describeBrowser(name, () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await openChromium();
    }, PATIENCE);
    afterAll(async () => {
      await browser?.close();
    });
    define({
      get browser() {
        if (browser === undefined) throw new Error('The browser is open inside tests only.');
        return browser;
      },
    });
  });
}

export interface ServedSite {
  readonly issuer: string;
  readonly server: TestServer;
  /** What the proxy answers to requests below a path in the place of the server; 'nothing': it closes the connection. */
  interrupt(below: string, answer: number | 'nothing'): void;
  /** The server is back. */
  resume(): void;
  close(): Promise<void>;
}

/** Starts the server behind a proxy that serves it at `/id` of another address; that address is its issuer. */
export async function openSite(workspaces: readonly string[]): Promise<ServedSite> {
  let target = '';
  let interruption: { readonly below: string; readonly answer: number | 'nothing' } | undefined;
  const proxy = http.createServer((request, response) => {
    const url = request.url?.startsWith('/id/') === true ? request.url.slice('/id'.length) : '/nothing-here';
    if (interruption !== undefined && url.startsWith(interruption.below)) {
      if (interruption.answer === 'nothing') response.destroy();
      else response.writeHead(interruption.answer, { 'content-type': 'text/html' }).end('<h1>Not now</h1>');
      return;
    }
    const forwarded = http.request(target + url, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/id`;
  const server = await startServer({ workspaces, env: { ROLEMINT_ISSUER: issuer } });
  target = server.url;
  await server.app.services.consoleClient.ensure();
  return {
    issuer,
    server,
    interrupt: (below, answer) => {
      interruption = { below, answer };
    },
    resume: () => {
      interruption = undefined;
    },
    close: async () => {
      proxy.closeAllConnections();
      await new Promise((resolve) => {
        proxy.close(resolve);
      });
      await server.close();
    },
  };
}

/** A page whose complaints are collected. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page complained of so far; asking forgets it. */
  complaints(): string[];
}

export async function watchedPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-US', ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    const { url } = message.location();
    if (!['error', 'warning'].includes(message.type())) return;
    complaints.push(`${message.text()} (${url})`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, context, complaints: () => complaints.splice(0) };
}

/** Opens a page of the console; where the sign-in page comes first, signs in there. */
export async function openConsole(
  { page }: WatchedPage,
  { issuer }: ServedSite,
  at: string,
  who: { username: string; password: string },
): Promise<void> {
  await page.goto(`${issuer}/console${at}`);
  await page.locator('#username, main#content h1').first().waitFor();
  if (await page.locator('#username').isVisible()) {
    await page.locator('#username').fill(who.username);
    await page.locator('#password').fill(who.password);
    await page.locator('button[type=submit]').first().click();
  }
  await settled(page);
}

/** Waits until the page shows what it was opened for: nothing loads, and nothing says that it does. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main#content[aria-busy=false]:has(h1, [role=alert]):not(:has(.loading))').waitFor();
}

/** Goes to another page of the console as a link would, without loading it anew. */
export async function visit(page: Page, { issuer }: ServedSite, at: string): Promise<void> {
  await page.evaluate(`history.pushState(undefined, "", ${JSON.stringify(`${new URL(issuer).pathname}/console${at}`)})`);
  await settled(page);
}

/** Keeps a picture of what is in sight, outside of the repository. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(SCREENSHOTS, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.png`) });
}

/** A size of the window and a choice of colours. */
export interface Look {
  readonly name: string;
  readonly apply: (page: Page) => Promise<void>;
}

const look = (size: keyof typeof SIZES, colorScheme: 'light' | 'dark'): Look => ({
  name: `${size} ${colorScheme}`,
  apply: async (page) => {
    await page.setViewportSize(SIZES[size]);
    await page.emulateMedia({ colorScheme });
  },
});
const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } } as const;
export const LOOKS: readonly Look[] = [look('desktop', 'light'), look('phone', 'dark'), look('desktop', 'dark'), look('phone', 'light')];

/** Keeps a picture, and tells what axe finds and whether the page is wider than the window. */
export async function faultsOf(page: Page, picture: string, { name }: Look): Promise<string[]> {
  await keepPicture(page, `console ${picture} ${name}`);
  const faults = await violationsOf(page);
  const wide = await page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');
  return [...faults, ...(wide ? ['the page is wider than the window'] : [])].map((fault) => `${name}: ${fault}`);
}
