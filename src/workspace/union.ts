/** @module Makes one workspace of several documents: every entry checked for itself, each key once. */
import type { z } from 'zod';
import { assignmentId } from '../services/assignment-id.ts';
import type { SourceDocument } from './document.ts';
import { printPlace, WorkspaceError, type Path, type Problem } from './problem.ts';
import { findings } from './schema-problem.ts';
import { entrySchemas, type AnySectionName, type Declared, type EntrySchemas, type SecretPolicy, type SectionName } from './schema.ts';
import { partyOf } from './declared-party.ts';
import { didYouMean } from './suggest.ts';
import { problemAt, type Entries, type Entry, type Setting, type Workspace } from './workspace.ts';

const SETTINGS = ['rolemint', 'workspace', 'impersonation_role'];

/** The field that holds the natural id of a section's entries. */
export const KEY_FIELDS: Readonly<Record<Exclude<SectionName, 'assignments'>, string>> = {
  organization_types: 'name',
  roles: 'name',
  permission_types: 'type',
  organizations: 'id',
  user_groups: 'id',
  users: 'id',
  security_profiles: 'id',
  clients: 'client_id',
  resource_servers: 'audience',
  impersonation_rules: 'id',
};

/** @throws {WorkspaceError} when a document is no workspace at all: not an object */
export function uniteDocuments(documents: readonly SourceDocument[], policy: SecretPolicy): Workspace {
  const odd = documents.filter(({ value }) => value !== null && value !== undefined && (typeof value !== 'object' || Array.isArray(value)));
  if (odd.length > 0) {
    throw new WorkspaceError(
      odd.map((document) => problemAt({ document, path: [] }, [], 'must be an object with sections such as roles, users and assignments.')),
    );
  }
  const union = new Union(policy);
  for (const document of documents) union.add(document);
  return union.finish(documents);
}

class Union {
  readonly #schemas: EntrySchemas;
  readonly #problems: Problem[] = [];
  /** Fields that the document itself complained about: what a schema makes of the hole is not worth saying. */
  readonly #said = new Set<string>();
  readonly #settings = new Map<string, Setting>();
  readonly #entries = new Map<AnySectionName, Map<string, Entry>>();
  readonly #sections = new Set<SectionName>();
  readonly #expectations: Entry<'expectations'>[] = [];
  #hasVersion = false;

  constructor(policy: SecretPolicy) {
    this.#schemas = entrySchemas(policy);
    for (const section of Object.keys(this.#schemas) as AnySectionName[]) this.#entries.set(section, new Map());
  }

  add(document: SourceDocument): void {
    this.#problems.push(...document.problems);
    for (const { path } of document.problems) this.#said.add(`${document.file} ${path}`);
    const known = [...SETTINGS, ...this.#entries.keys()];
    for (const [name, value] of Object.entries((document.value ?? {}) as Record<string, unknown>)) {
      const where = { document, path: [name] };
      if (name === 'rolemint') this.#version(value, where);
      else if (SETTINGS.includes(name)) this.#setting(name, value, where);
      else if (!this.#entries.has(name as AnySectionName)) {
        this.#problems.push(problemAt(where, [], `unknown section.${didYouMean(name, known)} Allowed: ${known.join(', ')}.`, 'key'));
      } else if (!Array.isArray(value)) {
        this.#problems.push(problemAt(where, [], 'must be a list; leave the section out, or write [] for an empty one.'));
      } else {
        if (name !== 'expectations') this.#sections.add(name as SectionName);
        value.forEach((raw: unknown, index) => this.#entry(name as AnySectionName, raw, { document, path: [name, index] }));
      }
    }
  }

  finish(documents: readonly SourceDocument[]): Workspace {
    if (!this.#hasVersion) {
      const [document] = documents;
      const where = document === undefined ? { file: '(no file)', line: 0, column: 0 } : document.locate([]);
      this.#problems.push({ ...where, path: 'rolemint', message: 'is missing: one of the files must say rolemint: 1.' });
    }
    return {
      name: this.#settings.get('workspace'),
      impersonationRole: this.#settings.get('impersonation_role'),
      entries: Object.fromEntries(this.#entries) as unknown as Entries,
      expectations: this.#expectations,
      sections: this.#sections,
      problems: this.#problems,
    };
  }

  #version(value: unknown, where: { document: SourceDocument; path: Path }): void {
    this.#hasVersion = true;
    if (value !== 1) this.#problems.push(problemAt(where, [], `must be 1, the version of this format; found ${JSON.stringify(value) ?? 'nothing'}.`));
  }

  #setting(name: string, value: unknown, where: { document: SourceDocument; path: Path }): void {
    if (typeof value !== 'string' || !/^[^\p{C}]{1,100}$/u.test(value)) {
      this.#problems.push(problemAt(where, [], 'must be a text of 1 to 100 visible characters.'));
      return;
    }
    const former = this.#settings.get(name);
    if (former === undefined) this.#settings.set(name, { value, ...where });
    else if (former.value !== value) {
      const elsewhere = printPlace(former.document.locate(former.path));
      this.#problems.push(problemAt(where, [], `${JSON.stringify(value)} contradicts ${JSON.stringify(former.value)} at ${elsewhere}.`));
    }
  }

  #entry(section: AnySectionName, raw: unknown, where: { document: SourceDocument; path: Path }): void {
    const schema: z.ZodType = this.#schemas[section];
    const parsed = schema.safeParse(raw);
    if (!parsed.success) {
      for (const finding of findings(parsed.error, schema, raw)) {
        const problem = problemAt(where, finding.path, finding.message, finding.atKey ? 'key' : 'value');
        if (!this.#said.has(`${problem.file} ${problem.path}`)) this.#problems.push(problem);
      }
    }
    if (section === 'expectations') {
      this.#expectations.push({ section, key: '', declared: parsed.success ? (parsed.data as Declared<'expectations'>) : undefined, ...where });
      return;
    }
    const key = section === 'assignments' ? assignmentKey(parsed) : naturalKey(raw, KEY_FIELDS[section]);
    if (key === undefined) return;
    const entries = this.#entries.get(section)!;
    const former = entries.get(key);
    const entry = { section, key, declared: parsed.success ? parsed.data : undefined, ...where } as Entry;
    if (former === undefined) entries.set(key, entry);
    else if (former.document === where.document || !sameContent(former, raw)) this.#twice(entry, former);
  }

  #twice(entry: Entry, former: Entry): void {
    const field = entry.section === 'assignments' ? 'security_profile' : KEY_FIELDS[entry.section as keyof typeof KEY_FIELDS];
    const elsewhere = printPlace(former.document.locate([...former.path, field]));
    const what = entry.section === 'assignments' ? 'the same assignment (profile, party, client, valid_from)' : JSON.stringify(entry.key);
    const how = former.document === entry.document ? 'stands twice' : 'has different content in two files';
    this.#problems.push(problemAt(entry, [field], `${what} ${how}: also at ${elsewhere}.`));
  }
}

function naturalKey(raw: unknown, field: string): string | undefined {
  const key = (raw as Record<string, unknown> | null | undefined)?.[field];
  return typeof key === 'string' ? key : undefined;
}

function assignmentKey(parsed: z.ZodSafeParseResult<unknown>): string | undefined {
  if (!parsed.success) return undefined;
  const declared = parsed.data as Declared<'assignments'>;
  return assignmentId({
    securityProfile: declared.security_profile,
    party: partyOf(declared),
    client: declared.client,
    validFrom: declared.valid_from,
  });
}

/** Whether two files say the same about one key; the order of fields says nothing. */
function sameContent(former: Entry, raw: unknown): boolean {
  let value: unknown = former.document.value;
  for (const step of former.path) value = (value as Record<string | number, unknown>)[step];
  return canonical(value) === canonical(raw);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
