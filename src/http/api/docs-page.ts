/** The OpenAPI document as a page for people: one file, no script, nothing loaded; the browser's own search finds everything. */
import { createHash } from 'node:crypto';
import { Html, html, joined, prose } from '../html.ts';
import type { OpenApiDocument, Operation, Parameter, Reference } from './openapi.ts';
import { aboutOf, schemaAnchor, schemaTable, typeOf } from './schema-table.ts';

const STYLE =
  ':root{color-scheme:light dark;--text:#1a1a1a;--back:#fff;--quiet:#565656;--line:#c9c9c9;--mark:#14532d;--soft:#f4f4f2}' +
  '@media(prefers-color-scheme:dark){:root{--text:#ececec;--back:#161616;--quiet:#b0b0b0;--line:#4a4a4a;--mark:#86efac;--soft:#222}}' +
  'body{font:1rem/1.55 system-ui,sans-serif;margin:0;color:var(--text);background:var(--back)}a{color:var(--mark)}' +
  '.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;padding:.5rem;background:var(--back)}' +
  'nav{padding:1rem;border-bottom:1px solid var(--line);font-size:.9rem}nav ul{list-style:none;margin:0 0 .75rem;padding:0}' +
  'main{max-width:60rem;padding:1rem 1.5rem 6rem}article{margin:2rem 0;padding-top:1rem;border-top:1px solid var(--line)}' +
  'code{font:.9em ui-monospace,monospace;background:var(--soft);padding:.1em .25em;overflow-wrap:anywhere}h3 code{font-size:1rem}' +
  'table{border-collapse:collapse;width:100%;margin:1rem 0;font-size:.9rem}caption{text-align:left;font-weight:600;padding:.25rem 0}' +
  'th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}th{font-weight:400}thead th{color:var(--quiet)}' +
  '.roles{color:var(--quiet)}:target{outline:2px solid var(--mark);outline-offset:.5rem}' +
  '@media(min-width:70rem){body{display:grid;grid-template-columns:20rem 1fr}nav{position:sticky;top:0;height:100vh;overflow:auto;box-sizing:border-box;border-bottom:0;border-right:1px solid var(--line)}}';

/** What the page may do: show itself in its own style. */
export const DOCS_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** @param documentUrl where the document itself can be had */
export function docsPage(document: OpenApiDocument, documentUrl: string): string {
  const { info, tags, components } = document;
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Entry => ({ method: method.toUpperCase(), path, operation })),
  );
  const groups = tags.map(({ name, description }) => ({
    name,
    description,
    entries: entries.filter(({ operation }) => operation.tags.includes(name)),
  }));
  const sections = groups.map(
    ({ name, description, entries: its }) =>
      html`<section aria-labelledby="tag-${name}">
        <h2 id="tag-${name}">${title(name)}</h2>
        <p>${prose(description)}</p>
        ${its.map((entry) => operationOf(entry, document))}
      </section>`,
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      html`<article>
        <h3 id="${schemaAnchor(name)}">${name}</h3>
        ${schemaTable(schema, name)}
      </article>`,
  );
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${info.title}</title>
        ${new Html(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <nav aria-label="Operations">
          <a class="skip" href="#content">Skip to the text</a>
          ${groups.map(navigationOf)}
          <p><a href="#refusals">Refusals</a></p>
          <p><a href="#schemas">Schemas</a></p>
        </nav>
        <main id="content">
          <h1>${info.title}</h1>
          ${info.description.split('\n\n').map((paragraph) => html`<p>${prose(paragraph)}</p>`)}
          <p>For programs: <a href="${documentUrl}">OpenAPI document</a>.</p>
          ${sections} ${refusalsOf(document)}
          <section aria-labelledby="schemas">
            <h2 id="schemas">Schemas</h2>
            ${schemas}
          </section>
        </main>
      </body>
    </html> `;
  return page.text;
}

const title = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1).replaceAll('_', ' ');

function navigationOf({ name, entries }: { readonly name: string; readonly entries: readonly Entry[] }): Html {
  const links = entries.map(({ operation }) => html`<li><a href="#${operation.operationId}">${operation.summary}</a></li>`);
  return html`<p>
      <a href="#tag-${name}"><strong>${title(name)}</strong></a>
    </p>
    <ul>
      ${links}
    </ul>`;
}

function operationOf({ method, path, operation }: Entry, document: OpenApiDocument): Html {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const [bodyType, body] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  return html`<article aria-labelledby="${operationId}">
    <h3 id="${operationId}">${summary}</h3>
    <p><code>${method} ${path}</code></p>
    ${description === undefined ? [] : [html`<p>${prose(description)}</p>`]}
    <p class="roles">${rolesOf(operation)}</p>
    ${parameterTable(parameters.map((parameter) => resolved(parameter, document)))}
    ${body === undefined ? [] : [schemaTable(body.schema, `Body (${bodyType})`)]} ${answersTable(responses)}
  </article>`;
}

function rolesOf({ 'x-roles': roles }: Operation): Html {
  if (roles.length === 0) return html`Any valid token will do.`;
  return html`Roles, any one of which suffices:
  ${joined(
    roles.map((role) => html`<code>${role}</code>`),
    ', ',
  )}.`;
}

/** References lead to parameters of the same document. */
function resolved(value: Parameter | Reference, { components }: OpenApiDocument): Parameter {
  return '$ref' in value ? components.parameters[value.$ref.split('/').at(-1)!]! : value;
}

function parameterTable(parameters: readonly Parameter[]): Html {
  if (parameters.length === 0) return html``;
  const rows = parameters.map(
    ({ name, in: place, required, description, schema }) =>
      html`<tr>
        <th scope="row"><code>${name}</code></th>
        <td>${place}, ${typeOf(schema)}${required ? html`, <strong>required</strong>` : []}</td>
        <td>${aboutOf({ ...schema, description })}</td>
      </tr>`,
  );
  return html`<table>
    <caption>
      Parameters
    </caption>
    <thead>
      <tr>
        <th scope="col">name</th>
        <th scope="col">place and type</th>
        <th scope="col">meaning</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

function answersTable(responses: Operation['responses']): Html {
  const answers = Object.entries(responses).flatMap(([status, given]) => ('$ref' in given ? [] : [{ status, ...given }]));
  const rows = answers.map(({ status, description, content = {} }) => {
    const types = Object.entries(content).map(([type, { schema }]) => html`<code>${type}</code> ${typeOf(schema)}`);
    return html`<tr>
      <th scope="row"><code>${status}</code></th>
      <td>${types.length === 0 ? 'no body' : types}</td>
      <td>${prose(description)}</td>
    </tr>`;
  });
  const bodies = answers.flatMap(({ status, content = {} }) =>
    Object.values(content).flatMap(({ schema }) => ('$ref' in schema ? [] : [schemaTable(schema, `Answer ${status}`)])),
  );
  const refusals = Object.entries(responses).flatMap(([status, given]) =>
    '$ref' in given ? [html`<a href="#refusal-${status}">${status}</a>`] : [],
  );
  return html`<table>
      <caption>
        Answers
      </caption>
      <thead>
        <tr>
          <th scope="col">status</th>
          <th scope="col">body</th>
          <th scope="col">meaning</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
    ${bodies}
    <p>Refusals: ${joined(refusals, ', ')}.</p>`;
}

/** Explained once: they mean the same everywhere. */
function refusalsOf({ components }: OpenApiDocument): Html {
  const rows = Object.entries(components.responses).map(([name, { description }]) => {
    const status = name.replace(/^\D+/, '');
    return html`<tr id="refusal-${status}">
      <th scope="row"><code>${status}</code></th>
      <td>${prose(description)}</td>
    </tr>`;
  });
  return html`<section aria-labelledby="refusals">
    <h2 id="refusals">Refusals</h2>
    <p>All of them are <code>application/problem+json</code>, ${typeOf({ $ref: '#/components/schemas/Problem' })}.</p>
    <table>
      <caption>
        By status
      </caption>
      <thead>
        <tr>
          <th scope="col">status</th>
          <th scope="col">codes and meaning</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </section>`;
}
