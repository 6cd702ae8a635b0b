/**
 * @module One YAML or JSON text as plain values that know their places. Hostile input costs little: nesting and
 * aliases are limited before anything recurses over them, tags make no objects, and no key reaches a prototype.
 */
import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, Parser, type Document, type Node, type Pair } from 'yaml';
import type { Path, Place, Problem } from './problem.ts';
import { printPath } from './problem.ts';

const DEEPEST_NESTING = 16;
/** The parser keeps up to two entries for a level of nesting, and a few for the document. */
const DEEPEST_PARSER_STACK = 2 * DEEPEST_NESTING + 8;
const MOST_ALIASED_NODES = 100_000;
const STANDARD_TAGS: ReadonlySet<string> = new Set(['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`));

export interface SourceDocument {
  readonly file: string;
  /** Objects without a prototype, arrays and scalars; undefined when the text has no content. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** False: the text as a whole could not be understood, so nothing can be said about its content. */
  readonly readable: boolean;
  /** Where a field stands: its value, or its key. The nearest enclosing one when it does not exist. */
  readonly locate: (path: Path, part?: 'key' | 'value') => Place;
}

type YamlNode = Node | Pair | null | undefined;

/** Reads a text; what cannot be understood is in `problems`, with the rest of the value left out. */
export function parseDocument(text: string, file: string): SourceDocument {
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const composed = compose(text, lines);
  if (typeof composed === 'number') {
    const problems = [{ ...place(composed), path: '', message: `is nested too deeply: at most ${DEEPEST_NESTING} levels are allowed.` }];
    return { file, value: undefined, problems, readable: false, locate: () => place(composed) };
  }
  const [document, second] = composed;
  const problems: Problem[] = (document?.errors ?? []).map((error) => ({
    ...place(error.pos[0]),
    path: '',
    message: `cannot be read: ${firstLine(error.message)}`,
  }));
  if (second !== undefined) problems.push({ ...place(second.range[0]), path: '', message: 'has more than one YAML document; one file holds one.' });
  const reading = new Reading(place);
  const readable = problems.length === 0;
  const value = readable ? reading.convert(document?.contents, []) : undefined;
  return {
    file,
    value,
    problems: [...problems, ...reading.problems],
    readable,
    locate: (path, part = 'value') => place(offsetOf(document, reading.targets, path, part)),
  };
}

/** @returns the offset at which the nesting became too deep, before anything recursed over it */
function compose(text: string, lines: LineCounter): Document.Parsed[] | number {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const tokens = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > DEEPEST_PARSER_STACK) return parser.offset;
  }
  tokens.push(...parser.end());
  // Duplicate keys are found while converting: the composer compares each with all others.
  const composer = new Composer({ schema: 'core', uniqueKeys: false, prettyErrors: false, resolveKnownTags: false, logLevel: 'silent' });
  return [...composer.compose(tokens, true, text.length)] as Document.Parsed[];
}

class Reading {
  readonly problems: Problem[] = [];
  /** What each alias stands for. */
  readonly targets = new Map<Node, Node>();
  readonly #anchors = new Map<string, Node>();
  readonly #place: (offset: number) => Place;
  #aliased = 0;
  #insideAlias = 0;

  constructor(place: (offset: number) => Place) {
    this.#place = place;
  }

  convert(node: YamlNode, path: Path): unknown {
    if (node === null || node === undefined) return null;
    if (path.length > DEEPEST_NESTING) return this.#refuse(node, path, `is nested too deeply: at most ${DEEPEST_NESTING} levels are allowed.`);
    if (this.#insideAlias > 0 && (this.#aliased += 1) > MOST_ALIASED_NODES) {
      if (this.#aliased === MOST_ALIASED_NODES + 1) this.#refuse(node, path, 'uses aliases that stand for too much.');
      return undefined;
    }
    if (isAlias(node)) return this.#follow(node, path);
    if (isScalar(node) || isMap(node) || isSeq(node)) {
      if (node.tag !== undefined && !STANDARD_TAGS.has(node.tag))
        return this.#refuse(node, path, `has the tag ${JSON.stringify(node.tag.slice(0, 60))}; tags are not allowed.`);
      if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    }
    if (isScalar(node)) return typeof node.value === 'bigint' ? Number(node.value) : node.value;
    if (isSeq(node)) return node.items.map((item, index) => this.convert(item as YamlNode, [...path, index]));
    if (isMap(node)) return this.#object(node.items, path);
    return this.#refuse(node, path, 'is not allowed here.');
  }

  #object(pairs: readonly Pair[], path: Path): object {
    const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const { key, value } of pairs) {
      const name = keyName(key);
      if (name === undefined) this.#refuse(key as YamlNode, path, 'has a key that is not a plain name.');
      else if (name === '__proto__') this.#refuse(key as YamlNode, [...path, name], 'unknown field.');
      else if (name in object) this.#refuse(key as YamlNode, [...path, name], 'stands here twice.');
      else object[name] = this.convert(value as YamlNode, [...path, name]);
    }
    return object;
  }

  #follow(alias: Node & { readonly source: string }, path: Path): unknown {
    const target = this.#anchors.get(alias.source);
    if (target === undefined)
      return this.#refuse(alias, path, `refers to ${JSON.stringify(alias.source.slice(0, 60))}, which is not defined before it.`);
    this.targets.set(alias, target);
    this.#insideAlias += 1;
    const value = this.convert(target, path);
    this.#insideAlias -= 1;
    return value;
  }

  #refuse(node: YamlNode, path: Path, message: string): undefined {
    this.problems.push({ ...this.#place(startOf(node) ?? 0), path: printPath(path), message });
    return undefined;
  }
}

/** Numbers and truth values are names too, as they are in JSON; lists, objects and nothing are not. */
function keyName(key: unknown): string | undefined {
  const value = isScalar(key) ? key.value : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function offsetOf(document: Document.Parsed | undefined, targets: ReadonlyMap<Node, Node>, path: Path, part: 'key' | 'value'): number {
  let node: YamlNode = document?.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = targets.get(node);
    let next: YamlNode;
    if (isSeq(node)) {
      next = node.items[step as number] as YamlNode;
    } else if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(({ key }) => keyName(key) === step);
      next = pair?.value as YamlNode;
      if (pair !== undefined && (next === null || next === undefined || (part === 'key' && depth === path.length - 1))) next = pair.key as YamlNode;
    }
    if (next === null || next === undefined) return offset;
    node = next;
    offset = startOf(node) ?? offset;
  }
  return offset;
}

function startOf(node: YamlNode): number | undefined {
  return node !== null && node !== undefined && 'range' in node ? (node.range?.[0] ?? undefined) : undefined;
}

const firstLine = (message: string): string => message.split('\n', 1)[0]!.slice(0, 200);
