/** JSON schemas for readers: what each member is, in a table. */
import { html, joined, prose, type Html } from '../html.ts';
import type { JsonSchema } from './schema-book.ts';

const COMPONENT = '#/components/schemas/';
const NOTHING = html``;

/** Anchor of a named schema on the page. */
export const schemaAnchor = (name: string): string => `schema-${name}`;

/** A sentence for a value, a table for an object; members of objects within it stand there with their whole path. */
export function schemaTable(schema: JsonSchema, caption: string): Html {
  const rows = membersOf(schema, '');
  if (rows.length === 0) return html`<p>${caption}: ${typeOf(schema)}.</p>`;
  const lines = rows.map(
    ({ path, member, required }) =>
      html`<tr>
        <th scope="row"><code>${path}</code></th>
        <td>${typeOf(member)}${required ? html`, <strong>required</strong>` : NOTHING}</td>
        <td>${aboutOf(member)}</td>
      </tr>`,
  );
  return html`<table>
    <caption>
      ${caption}
    </caption>
    <thead>
      <tr>
        <th scope="col">name</th>
        <th scope="col">type</th>
        <th scope="col">meaning</th>
      </tr>
    </thead>
    <tbody>
      ${lines}
    </tbody>
  </table>`;
}

interface Member {
  readonly path: string;
  readonly member: JsonSchema;
  readonly required: boolean;
}

function membersOf(schema: JsonSchema, prefix: string): Member[] {
  const items = schema['items'] as JsonSchema | undefined;
  if (items !== undefined) return membersOf(items, `${prefix}[]`);
  const variants = variantsOf(schema);
  if (variants !== undefined) return distinct(variants.flatMap((variant) => membersOf(variant, prefix)));
  const required = new Set(schema['required'] as readonly string[] | undefined);
  const properties = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);
  return properties.flatMap(([name, member]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    return [{ path, member, required: required.has(name) }, ...membersOf(member, path)];
  });
}

function distinct(members: readonly Member[]): Member[] {
  return [...new Map(members.map((member) => [member.path, member])).values()];
}

const variantsOf = (schema: JsonSchema): readonly JsonSchema[] | undefined =>
  (schema['anyOf'] ?? schema['oneOf']) as readonly JsonSchema[] | undefined;

/** What a value is, with a link where it has a name. */
export function typeOf(schema: JsonSchema): Html {
  const { $ref: reference, enum: values, const: constant, type, items, additionalProperties } = schema;
  if (typeof reference === 'string') {
    const name = reference.slice(COMPONENT.length);
    return html`<a href="#${schemaAnchor(name)}">${name}</a>`;
  }
  const variants = variantsOf(schema);
  if (variants !== undefined) return joined(variants.map(typeOf), ' or ');
  if (Array.isArray(values)) return joined(values.map(literal), ' or ');
  if (constant !== undefined) return literal(constant);
  if (type === 'array') return html`list of ${typeOf((items ?? {}) as JsonSchema)}`;
  if (type === 'object' && isSchema(additionalProperties) && schema['properties'] === undefined)
    return html`object of ${typeOf(additionalProperties)} by name`;
  const format = typeof schema['format'] === 'string' ? ` (${schema['format']})` : '';
  return html`${typeof type === 'string' ? type : 'anything'}${format}`;
}

const literal = (value: unknown): Html => html`<code>${JSON.stringify(value)}</code>`;

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

const BOUNDS: readonly (readonly [string, string])[] = [
  ['minimum', 'at least'],
  ['maximum', 'at most'],
  ['minLength', 'characters, at least'],
  ['maxLength', 'characters, at most'],
  ['minItems', 'entries, at least'],
  ['maxItems', 'entries, at most'],
  ['default', 'default'],
];

/** Description and bounds of a value. */
export function aboutOf(schema: JsonSchema): Html {
  const { description } = schema;
  const bounds = BOUNDS.flatMap(([keyword, words]) => {
    const value = schema[keyword];
    return value === undefined || (typeof value === 'number' && Math.abs(value) >= Number.MAX_SAFE_INTEGER) ? [] : [html`${words} ${literal(value)}`];
  });
  const text = typeof description === 'string' ? prose(description) : NOTHING;
  return bounds.length === 0 ? text : html`${text} (${joined(bounds, ', ')})`;
}
