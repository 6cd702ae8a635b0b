/** @module The browser itself, for tests and for benchmarks. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';

export const EXECUTABLE = '/usr/bin/chromium';

/** Where the pictures of a run go: outside the repository. */
export const SCREENSHOTS = path.join(tmpdir(), 'rolemint-screenshots');

export async function openChromium(): Promise<Browser> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  return chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}
