/** @module A page for people as HTML: the frame that all share, forms, and how what is wrong is told. No script anywhere. */
import { html, Html } from '../html.ts';
import type { Language } from './language.ts';
import { LANGUAGES } from './language.ts';
import type { Look } from './look.ts';
import type { Texts } from './texts/en.ts';

/** What is wrong with what was sent, and with which field. */
export interface FieldProblem {
  /** Id of the field; unset: none in particular. */
  readonly field?: string | undefined;
  readonly message: string;
}

export interface Field {
  /** Also its id. */
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'password';
  readonly value?: string | undefined;
  readonly autocomplete: string;
  readonly hint?: string | undefined;
  readonly readonly?: boolean;
  /** Where the person begins, when nothing is wrong. */
  readonly first?: boolean;
  /** More classes. */
  readonly kind?: string;
  readonly maxLength?: number;
}

export interface ViewOptions {
  readonly look: Look;
  readonly language: Language;
  /** Token against forged forms. */
  readonly csrf: string;
  /** The query of the address of this page, for switching the language. */
  readonly query: string;
}

/** What stands on a page besides its title. */
export interface PageOptions {
  readonly problems?: readonly FieldProblem[];
  readonly wide?: boolean;
}

const NONE: readonly FieldProblem[] = [];

export class View {
  readonly texts: Texts;
  readonly language: Language;
  readonly #options: ViewOptions;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.language = options.language;
    this.texts = LANGUAGES[options.language].texts;
  }

  /** The address of a page of ours, as a browser sees it. */
  at(path: string): string {
    return this.#options.look.at(path);
  }

  page(title: string, content: Html, { problems = NONE, wide = false }: PageOptions = {}): string {
    const { look } = this.#options;
    const head = problems.length === 0 ? title : `${this.texts.error}: ${title}`;
    return html`<!doctype html>
<html lang="${this.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${head} – ${look.name}</title>
<link rel="icon" type="image/svg+xml" href="${look.icon}">
<link rel="stylesheet" href="${look.style}">
</head>
<body>
<header>${look.logo === undefined ? look.name : html`<img src="${look.logo}" alt="${look.name}" />`}</header>
<main${wide ? html` class="wide"` : ''}>
<div class="card">
<h1>${title}</h1>
${this.#summary(problems)}
${content}
</div>
</main>
<footer>${this.#languages()}</footer>
</body>
</html>`.text;
  }

  /** A form that is sent to its own page, with the query by which it was opened, or to `action`. */
  form(content: Html, { action, kind }: { readonly action?: string; readonly kind?: string } = {}): Html {
    const target = action ?? `?${this.#parameters().toString()}`;
    return html`<form method="post" action="${target}" ${kind === undefined ? '' : html` class="${kind}"`} novalidate>
      <input type="hidden" name="csrf" value="${this.#options.csrf}" />
      ${content}
    </form>`;
  }

  field(field: Field, problems: readonly FieldProblem[] = NONE): Html {
    const { name, label, type = 'text', value = '', autocomplete, hint, kind, maxLength = type === 'password' ? 2048 : 254 } = field;
    const problem = problems.find((one) => one.field === name);
    const described = [hint === undefined ? undefined : `${name}-hint`, problem === undefined ? undefined : `${name}-error`].filter(
      (one) => one !== undefined,
    );
    return html`<div class="field">
      <label for="${name}">${label}</label>
      ${hint === undefined ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}
      ${problem === undefined ? '' : html`<p class="error" id="${name}-error">${problem.message}</p>`}
      <input
        id="${name}"
        name="${name}"
        type="${type}"
        value="${value}"
        autocomplete="${autocomplete}"
        maxlength="${maxLength}"
        ${type === 'text' ? html` autocapitalize="none" spellcheck="false"` : ''}${described.length === 0 ? '' : html` aria-describedby="${described.join(' ')}"`}
        ${problem === undefined ? '' : html` aria-invalid="true"`}${kind === undefined ? '' : html` class="${kind}"`}${field.readonly === true ? html` readonly` : html` required`}
        ${field.first === true && problems.length === 0 ? html` autofocus` : ''}
      />
    </div>`;
  }

  /** An instant for people: whose time it is, is not known here. */
  instant(at: Date): string {
    return `${new Intl.DateTimeFormat(this.language === 'en' ? 'en-GB' : this.language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(at)} UTC`;
  }

  /** Two fields for a new password. */
  newPassword(problems: readonly FieldProblem[] = NONE): Html {
    const { label, repeat } = this.texts.newPassword;
    return html`${this.field({ name: 'password', label, type: 'password', autocomplete: 'new-password' }, problems)}
    ${this.field({ name: 'repeated', label: repeat, type: 'password', autocomplete: 'new-password' }, problems)}`;
  }

  /** Where the reader of a screen, and the keyboard, come to first when something was wrong. */
  #summary(problems: readonly FieldProblem[]): Html | '' {
    if (problems.length === 0) return '';
    const items = problems.map(({ field, message }) =>
      field === undefined ? html`<li>${message}</li>` : html`<li><a href="#${field}">${message}</a></li>`,
    );
    return html`<div class="notice" role="alert" tabindex="-1" autofocus>
      <h2>${this.texts.problem}</h2>
      <ul>
        ${items}
      </ul>
    </div>`;
  }

  /** Those of this page, without a language that was switched to. */
  #parameters(): URLSearchParams {
    const parameters = new URLSearchParams(this.#options.query);
    parameters.delete('lang');
    return parameters;
  }

  #languages(): Html {
    const links = Object.entries(LANGUAGES).map(([language, { name }]) => {
      if (language === this.language) return html`<li><span lang="${language}" aria-current="true">${name}</span></li>`;
      const parameters = this.#parameters();
      parameters.set('lang', language);
      return html`<li><a href="?${parameters.toString()}" lang="${language}" hreflang="${language}">${name}</a></li>`;
    });
    return html`<nav aria-label="${this.texts.language}">
      <ul>
        ${links}
      </ul>
    </nav>`;
  }
}
