import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../src/config.ts';
import { openLook } from '../../../src/http/sign-in/look.ts';
import { startServer, type TestServer } from '../../support/server.ts';

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><rect width="120" height="40" fill="#7a1f5c"/></svg>';

let folder: string;
let server: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rolemint-brand-'));
  await writeFile(path.join(folder, 'logo.svg'), LOGO);
  await writeFile(path.join(folder, 'large.png'), Buffer.alloc(256 * 1024 + 1));
  const env = {
    ROLEMINT_ISSUER: 'https://example.com/id',
    ROLEMINT_BRAND_NAME: 'Øre & <Sons>',
    ROLEMINT_BRAND_LOGO: path.join(folder, 'logo.svg'),
    ROLEMINT_BRAND_COLOR: '#7a1f5c',
  };
  server = await startServer({ env });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** What the page names, as the server behind the proxy has it. */
const file = (address: string) => fetch(server.url + address.replace(/^\/id/, ''));

describe('the look of a deployment', () => {
  it('is its name, logo, icon and colour, in files of the own origin that may be kept for ever', async () => {
    const page = await (await file('/id/sign-in/forgot')).text();
    expect(page).toContain('– Øre &#38; &#60;Sons&#62;</title>');
    const [, logo = '', name] = /<img src="([^"]+)" alt="([^"]+)"/.exec(page) ?? [];
    expect(name).toBe('Øre &#38; &#60;Sons&#62;');
    const [, icon = ''] = /<link rel="icon" type="image\/svg\+xml" href="([^"]+)">/.exec(page) ?? [];
    const [, style = ''] = /<link rel="stylesheet" href="([^"]+)">/.exec(page) ?? [];
    for (const [address, type] of [
      [logo, 'image/svg+xml'],
      [icon, 'image/svg+xml'],
      [style, 'text/css; charset=utf-8'],
    ] as const) {
      expect(address).toMatch(/^\/id\/sign-in\/\w+-[0-9a-f]{16}\.(?:svg|css)$/);
      const { status, headers } = await file(address);
      expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([200, type, 'public, max-age=31536000, immutable']);
      // Opened by itself, nothing in it runs.
      expect(headers.get('content-security-policy')).toContain('sandbox');
    }
    expect(await (await file(logo)).text()).toBe(LOGO);
    expect(await (await file(icon)).text()).toContain('fill="#7a1f5c"');
    expect(await (await file(icon)).text()).toContain('>Ø</text>');
    expect(await (await file(style)).text()).toContain('--accent:#7a1f5c');
  });

  it('has a letter for an icon, whatever the name begins with', async () => {
    const look = { brandColor: '#14532d', issuer: 'https://id.example.com' };
    const icons = await Promise.all(['rolemint', '<b>', '🦊 Fox'].map(async (brandName) => (await openLook({ ...look, brandName })).icon));
    expect(new Set(icons).size).toBe(3);
  });
});

describe('a brand that is refused', () => {
  it.each([
    [
      '#ffdd00',
      /^ {2}- ROLEMINT_BRAND_COLOR: its contrast with white is 1\.3 and must be 4\.5 at least, so that everybody can read it, not "#ffdd00"$/m,
    ],
    ['#777777', /its contrast with white is 4\.4 and must be 4\.5 at least/],
    ['green', /ROLEMINT_BRAND_COLOR: a colour as #rrggbb is needed/],
    ['#14532d;}', /ROLEMINT_BRAND_COLOR: a colour as #rrggbb is needed/],
  ])('by its colour: %s', (colour, words) => {
    expect(() => loadConfig({ ROLEMINT_BRAND_COLOR: colour })).toThrow(words);
  });

  it('by a name or a logo that cannot be shown', async () => {
    expect(() => loadConfig({ ROLEMINT_BRAND_NAME: 'x'.repeat(61) })).toThrow('ROLEMINT_BRAND_NAME');
    expect(() => loadConfig({ ROLEMINT_BRAND_LOGO: 'logo.gif' })).toThrow('ROLEMINT_BRAND_LOGO: a file that ends in .svg, .png or .webp is needed');
    const brand = { brandName: 'Rolemint', brandColor: '#14532d', issuer: 'https://id.example.com' };
    const absent = path.join(folder, 'absent.png');
    await expect(openLook({ ...brand, brandLogo: absent })).rejects.toThrow(`ROLEMINT_BRAND_LOGO: the file ${absent} cannot be read.`);
    const large = path.join(folder, 'large.png');
    await expect(openLook({ ...brand, brandLogo: large })).rejects.toThrow(`ROLEMINT_BRAND_LOGO: ${large} is larger than 256 KiB.`);
  });
});
