import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { CONSOLE_POLICY } from '../../src/http/console.ts';
import { startServer, type TestServer } from '../support/server.ts';

const ISSUER = 'https://id.example.com/auth';
/** Compressed, of what a browser loads before the first page is there. */
const LARGEST_FIRST_LOAD = 300_000;

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ env: { ROLEMINT_ISSUER: ISSUER } });
});
afterAll(() => server.close());

/** As it comes, not decompressed. */
async function raw(path: string, init: RequestInit = {}): Promise<{ status: number; headers: Headers; body: Buffer }> {
  const response = await fetch(server.url + path, { ...init, headers: { 'accept-encoding': 'identity', ...(init.headers as object) } });
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}

const page = async () => (await raw('/console/')).body.toString();
const addresses = (html: string): string[] => [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!.replace('/auth', ''));

describe('the console as it is served', () => {
  it.each(['/console', '/console/', '/console/profiles/store-admin', '/console/users?search=a', '/console/callback'])(
    'T-55, T-76: %s is the one page, asked for anew each time, under a strict policy',
    async (path) => {
      const { status, headers, body } = await raw(path);
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headers.get('cache-control')).toBe('no-cache');
      expect(headers.get('content-security-policy')).toBe(CONSOLE_POLICY);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(body.toString()).toContain('<div id="root">');
    },
  );

  it('allows no inline script, no inline style and nothing from elsewhere', async () => {
    expect(CONSOLE_POLICY).not.toMatch(/unsafe|https?:|\*/);
    const html = await page();
    expect(html).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=/);
    expect(
      [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address).filter((address) => !address!.startsWith('/auth/console/assets/')),
    ).toEqual([]);
  });

  it('T-76: has no source maps and no secrets; its configuration names the issuer and the client', async () => {
    const script = addresses(await page()).find((address) => address.endsWith('.js'))!;
    expect((await raw(script)).body.toString()).not.toContain('sourceMappingURL');
    expect((await raw(`${script}.map`)).status).toBe(404);
    const { headers, body } = await raw('/console/config.json');
    expect(headers.get('content-type')).toContain('application/json');
    expect(JSON.parse(body.toString())).toEqual({ issuer: ISSUER, client_id: 'rolemint-console' });
  });

  it('keeps files with a digest in their name for good, compressed for whoever takes that', async () => {
    for (const address of addresses(await page())) {
      const plain = await raw(address);
      expect(plain.status).toBe(200);
      expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(plain.headers.get('vary')).toBe('Accept-Encoding');
      expect((await raw(address, { headers: { 'if-none-match': plain.headers.get('etag')! } })).status).toBe(304);
      const zipped = await fetch(server.url + address, { headers: { 'accept-encoding': 'gzip' } });
      expect(zipped.headers.get('content-encoding')).toBe('gzip');
      expect(Buffer.from(await zipped.arrayBuffer()).equals(plain.body)).toBe(true);
    }
  });

  it('loads less than 300 kB before the first page is there', async () => {
    const html = await page();
    const seen = new Set(addresses(html));
    let bytes = html.length;
    for (const address of seen) {
      const { body } = await raw(address);
      // A script names the chunks that it cannot begin without; those of other pages are loaded when they are opened.
      for (const [, chunk] of body.toString().matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) seen.add(`/console/assets/${chunk}`);
      for (const [, chunk] of address.endsWith('.js') ? body.toString().matchAll(/"\.\/(overview-[\w-]+\.js)"/g) : [])
        seen.add(`/console/assets/${chunk}`);
      bytes += (await gzipped(address)).length;
    }
    expect([...seen].some((address) => address.includes('overview'))).toBe(true);
    expect(bytes).toBeLessThan(LARGEST_FIRST_LOAD);
  });

  it.each([
    '/console/assets/../../package.json',
    '/console/assets/..%2f..%2fpackage.json',
    '/console/assets/%2e%2e/%2e%2e/package.json',
    '/console/assets/nothing.js',
    '/console/assets/',
    '/consoles',
  ])('%s leads to no file', async (path) => {
    const { status, body } = await raw(path);
    expect(body.toString()).not.toContain('"dependencies"');
    expect(status).toBe(404);
  });

  it('answers HEAD without a body, and refuses what changes something', async () => {
    const head = await raw('/console/', { method: 'HEAD' });
    expect([head.status, head.body.length]).toEqual([200, 0]);
    const post = await raw('/console/', { method: 'POST' });
    expect(post.status).toBe(405);
    expect(post.headers.get('allow')).toBe('GET, HEAD');
  });
});

/** What goes over the wire: `fetch` would decompress it. */
function gzipped(address: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get(server.url + address, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
    }).on('error', reject);
  });
}
