/** @module Letter case without anybody's locale, so that all who compare agree. */

/** What is searched for, folded, and how to fold what it is looked for in. */
export interface Search {
  readonly needle: string;
  /** Letters beyond ASCII, each with the one that stands for it. */
  readonly letters: ReadonlyMap<string, string>;
}

/**
 * Folds case without asking anybody's locale, so that all stores agree: A to Z always, other letters as far as they
 * stand in what is searched for and have one upper and one lower form.
 */
export function searchFor(text: string): Search {
  const letters = new Map<string, string>();
  for (const letter of text) {
    const [lower, upper] = [letter.toLowerCase(), letter.toUpperCase()];
    if (letter <= '\x7F' || !isOneCharacter(lower) || !isOneCharacter(upper)) continue;
    for (const form of [upper, letter]) if (form !== lower) letters.set(form, lower);
  }
  return { needle: fold(text, letters), letters };
}

const isOneCharacter = (text: string): boolean => /^.$/su.test(text);

/** In Postgres: `translate(lower(text COLLATE "C"), …)`. */
export function fold(text: string, letters: Search['letters']): string {
  const ascii = text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  return letters.size === 0 ? ascii : Array.from(ascii, (letter) => letters.get(letter) ?? letter).join('');
}
