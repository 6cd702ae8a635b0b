/**
 * @module Texts for people. The English sentence is the key, so that it can be read where it stands; another language is
 * a table from these sentences to its own. What is missing there is said in English.
 */
const LANGUAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = { en: {} };

export const LANGUAGE = navigator.languages.map((tag) => tag.slice(0, 2)).find((language) => language in LANGUAGES) ?? 'en';
const translations = LANGUAGES[LANGUAGE] ?? {};

/**
 * A text in the language of whoever reads it.
 * @example t('{count} roles', { count: 3 }) // '3 roles'
 */
export function t(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  return (translations[text] ?? text).replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** One form for one, another one for any other number; `{count}` stands for it. */
export function tn(count: number, one: string, many: string): string {
  return t(count === 1 ? one : many, { count: count.toLocaleString(LANGUAGE) });
}
