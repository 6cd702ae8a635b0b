import { z } from 'zod';

/** JSON Schema 2020-12, which OpenAPI 3.1 speaks. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** `input`: what callers send. `output`: what we answer, and what parameters mean. */
export type Direction = 'input' | 'output';

const DEFINITION = '#/$defs/';
const COMPONENT = '#/components/schemas/';

/**
 * Turns schemas of routes into those of the document. Whatever has an `id` in its metadata stands there once, under that
 * name; where it differs by direction, what is sent has `Input` behind its name.
 */
export class SchemaBook {
  readonly #named: Readonly<Record<Direction, Map<string, JsonSchema>>> = { input: new Map(), output: new Map() };

  /** The schema with references to names, to be finished by {@link finished} when all are there. */
  add(schema: z.ZodType, direction: Direction): JsonSchema {
    const whole = z.toJSONSchema(z.object({ it: schema }), { io: direction, unrepresentable: instantsAsText }) as unknown as {
      readonly properties: { readonly it: JsonSchema };
      readonly $defs?: Readonly<Record<string, JsonSchema>>;
    };
    for (const [name, definition] of Object.entries(whole.$defs ?? {})) this.#named[direction].set(name, withoutId(definition));
    return directed(withoutId(whole.properties.it), direction);
  }

  /** A document in which every reference leads to a component. */
  finished<T>(document: T): T {
    const different = this.#different();
    return referring(document, (name, direction) => COMPONENT + this.#nameOf(name, direction, different));
  }

  /** The named schemas, sorted by name. */
  components(): Readonly<Record<string, JsonSchema>> {
    const different = this.#different();
    const found = new Map<string, JsonSchema>();
    for (const direction of ['output', 'input'] as const) {
      for (const [name, schema] of this.#named[direction])
        found.set(this.#nameOf(name, direction, different), this.finished(directed(schema, direction)));
    }
    return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #nameOf(name: string, direction: Direction, different: ReadonlySet<string>): string {
    return direction === 'input' && different.has(name) ? `${name}Input` : name;
  }

  /** Names that do not mean the same in both directions, themselves or by what they refer to. */
  #different(): ReadonlySet<string> {
    const { input, output } = this.#named;
    const shared = [...input.keys()].filter((name) => output.has(name));
    const found = new Set(shared.filter((name) => JSON.stringify(input.get(name)) !== JSON.stringify(output.get(name))));
    for (let before = -1; before !== found.size;) {
      before = found.size;
      for (const name of shared) {
        const text = JSON.stringify(input.get(name));
        if ([...found].some((other) => text.includes(`"${DEFINITION}${other}"`))) found.add(name);
      }
    }
    return found;
  }
}

/** Instants travel as text; whatever else JSON does not have is a mistake in a declaration. */
function instantsAsText({ zodSchema }: { readonly zodSchema: z.core.$ZodType }): z.core.JSONSchema.BaseSchema | 'throw' {
  return zodSchema._zod.def.type === 'date' ? { type: 'string', format: 'date-time' } : 'throw';
}

function withoutId({ id: _id, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

/** Marks each reference with its direction: where it leads is known when all schemas are. */
function directed(schema: JsonSchema, direction: Direction): JsonSchema {
  return mapReferences(schema, (reference) => (reference.startsWith(DEFINITION) ? `${direction}:${reference.slice(DEFINITION.length)}` : reference));
}

function referring<T>(document: T, refer: (name: string, direction: Direction) => string): T {
  return mapReferences(document, (reference) => {
    const [, direction, name] = /^(input|output):(.+)$/.exec(reference) ?? [];
    return name === undefined ? reference : refer(name, direction as Direction);
  });
}

function mapReferences<T>(value: T, map: (reference: string) => string): T {
  if (Array.isArray(value)) return value.map((item: unknown) => mapReferences(item, map)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const mapped = Object.entries(value).map(([name, member]: [string, unknown]) => [
    name,
    name === '$ref' && typeof member === 'string' ? map(member) : mapReferences(member, map),
  ]);
  return Object.fromEntries(mapped) as T;
}
