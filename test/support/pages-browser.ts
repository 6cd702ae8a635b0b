/** @module A real browser, for the pages that people see; what it complains about fails the test. */
import { existsSync } from 'node:fs';
import { describe, it } from '@jest/globals';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { EXECUTABLE } from './open-chromium.ts';

const MISSING = `needs ${EXECUTABLE}: install it (Debian: apt-get install chromium)`;

/** Declares a suite that needs the browser. */
export function describeBrowser(name: string, define: () => void): void {
  if (existsSync(EXECUTABLE)) describe(name, define);
  else if (process.env['CI'] === undefined) describe.skip(`${name} (${MISSING})`, define);
  else
    it(`${name} ${MISSING}`, () => {
      throw new Error(MISSING);
    });
}

/** Collects what the page complains about: errors of the console, violations of its policy among them, and of scripts. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  // A status that a page is answered with on purpose is told as an error, too.
  page.on('console', (message) => {
    if (message.type() === 'error' && !/the server responded with a status of 4\d\d/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
}

/** What axe finds wrong with a page as it is now, a line each. */
export async function violationsOf(page: Page): Promise<string[]> {
  // By the debugger: the policy of the page lets no script in.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
  await session.send('Runtime.evaluate', { expression: axe.source, contextId });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run().then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' '))))`,
    contextId,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return JSON.parse(String(result.value)) as string[];
}
