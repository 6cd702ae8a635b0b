/** @module What makes the pages a deployment's own: its name, logo and colour, and the style sheet made of them. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type Koa from 'koa';
import { DomainError } from '../../domain/errors.ts';
import { html } from '../html.ts';
import { styleSheet } from './style.ts';

export interface Brand {
  readonly brandName: string;
  /** `#rrggbb`, readable on white. */
  readonly brandColor: string;
  /** A file. */
  readonly brandLogo?: string | undefined;
  /** A proxy in front may serve us below its path. */
  readonly issuer: string;
}

export interface Look {
  readonly name: string;
  /** The path of a page of ours as a browser sees it. */
  readonly at: (path: string) => string;
  /** Paths as browsers see them; they change with what they show. */
  readonly style: string;
  readonly logo: string | undefined;
  /** For the tab of the browser. */
  readonly icon: string;
  /** Serves them; passes on everything else. */
  readonly files: Koa.Middleware;
}

interface File {
  readonly type: string;
  readonly bytes: Buffer;
}

const LOGO_TYPES: Readonly<Record<string, string>> = { '.svg': 'image/svg+xml', '.png': 'image/png', '.webp': 'image/webp' };
const LARGEST_LOGO = 256 * 1024;

/** @throws `invalid_input` with a sentence for the operator when the logo cannot be shown */
export async function openLook({ brandName, brandColor, brandLogo, issuer }: Brand): Promise<Look> {
  const style: File = { type: 'text/css; charset=utf-8', bytes: Buffer.from(styleSheet(brandColor)) };
  const icon: File = { type: 'image/svg+xml', bytes: Buffer.from(tabIcon(brandName, brandColor)) };
  const logo = brandLogo === undefined ? undefined : await readLogo(brandLogo);
  const stylePath = pathOf('style', style, '.css');
  const iconPath = pathOf('icon', icon, '.svg');
  const logoPath = logo && pathOf('logo', logo, path.extname(brandLogo!));
  const files = new Map<string, File>([
    [stylePath, style],
    [iconPath, icon],
  ]);
  if (logo !== undefined) files.set(logoPath!, logo);
  const base = new URL(issuer).pathname.replace(/\/$/, '');
  const at = (below: string) => base + below;
  return { name: brandName, at, style: at(stylePath), logo: logoPath && at(logoPath), icon: at(iconPath), files: serving(files) };
}

/** The first letter of the name in the colour of the deployment: a logo is too wide for it. */
function tabIcon(name: string, colour: string): string {
  const [letter = ''] = name.toUpperCase();
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
    <rect width="32" height="32" rx="7" fill="${colour}" />
    <text x="16" y="23" font-family="system-ui,sans-serif" font-size="20" font-weight="700" text-anchor="middle" fill="#fff">${letter}</text>
  </svg>`.text;
}

async function readLogo(file: string): Promise<File> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new DomainError('invalid_input', `ROLEMINT_BRAND_LOGO: the file ${file} cannot be read.`, { cause });
  });
  if (bytes.length > LARGEST_LOGO) throw new DomainError('invalid_input', `ROLEMINT_BRAND_LOGO: ${file} is larger than 256 KiB.`);
  return { type: LOGO_TYPES[path.extname(file)]!, bytes };
}

/** By the hash of what is in it, so that it can be kept for ever. */
function pathOf(what: string, { bytes }: File, extension: string): string {
  return `/sign-in/${what}-${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}${extension}`;
}

function serving(files: ReadonlyMap<string, File>): Koa.Middleware {
  return async (ctx, next) => {
    const file = files.get(ctx.path);
    if (file === undefined || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return void (await next());
    ctx.set({
      'Cache-Control': 'public, max-age=31536000, immutable',
      'Cross-Origin-Resource-Policy': 'same-origin',
      // A logo may be an SVG: opened by itself, nothing in it runs.
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
    });
    ctx.type = file.type;
    ctx.body = file.bytes;
  };
}
