/** @module In which language a page is shown: what was switched to, what the application asks for, what the browser prefers. */
import type Koa from 'koa';
import { de } from './texts/de.ts';
import { en, type Texts } from './texts/en.ts';

export const LANGUAGES = { en: { texts: en, name: 'English' }, de: { texts: de, name: 'Deutsch' } } as const satisfies Record<
  string,
  { readonly texts: Texts; readonly name: string }
>;
export type Language = keyof typeof LANGUAGES;

const DEFAULT: Language = 'en';

const isLanguage = (value: string): value is Language => Object.hasOwn(LANGUAGES, value);
const known = (tag: string): Language | undefined => {
  const [language = ''] = tag.toLowerCase().split('-');
  return isLanguage(language) ? language : undefined;
};

/** @param cookie name of the cookie that keeps what was switched to; `?lang=` switches */
export function languageOf(ctx: Koa.Context, cookie: string, uiLocales?: string): Language {
  const { lang } = ctx.query;
  const switched = typeof lang === 'string' ? known(lang) : undefined;
  return switched ?? known(ctx.cookies.get(cookie) ?? '') ?? firstKnown(uiLocales?.split(' ') ?? []) ?? firstKnown(preferred(ctx)) ?? DEFAULT;
}

/** What was switched to by this very request. */
export function switchedTo(ctx: Koa.Context): Language | undefined {
  const { lang } = ctx.query;
  return typeof lang === 'string' ? known(lang) : undefined;
}

function firstKnown(tags: readonly string[]): Language | undefined {
  for (const tag of tags) {
    const language = known(tag);
    if (language !== undefined) return language;
  }
  return undefined;
}

/** RFC 9110 §12.5.4, the best first. */
function preferred(ctx: Koa.Context): string[] {
  return ctx
    .get('accept-language')
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().split(';');
      const quality = parameters.map((parameter) => /^\s*q=([\d.]+)$/.exec(parameter)?.[1]).find((value) => value !== undefined);
      return { tag, quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}
