/** HTML that is safe by construction: what is put into a template is escaped unless it is HTML already. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly Part[];

/**
 * HTML from a template. The lines of a template are for whoever reads the code: in the text they are a space.
 * @example html`<p>${'a < b'}</p>`.text // '<p>a &#60; b</p>'
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const texts = strings.map((string) => string.replaceAll(/\s*\n\s*/g, ' '));
  return new Html(texts.reduce((text, string, index) => text + rendered(parts[index - 1] ?? '') + string));
}

export function joined(parts: readonly Html[], separator: string): Html {
  return new Html(parts.map(({ text }) => text).join(separator));
}

/** Text with `code` between backticks. */
export function prose(text: string): Html {
  const pieces = text.split('`').map((piece, index) => (index % 2 === 1 ? html`<code>${piece}</code>` : html`${piece}`));
  return joined(pieces, '');
}

function rendered(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(rendered).join('');
  return String(part).replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
