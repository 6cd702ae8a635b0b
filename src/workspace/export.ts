/**
 * @module A whole store as one workspace file: sections in their order, objects sorted, defaults left out, no secrets.
 * It is read page by page and written piece by piece, so that its size does not matter.
 */
import { Document, isScalar, visit } from 'yaml';
import type { Assignment } from '../domain/assignment.ts';
import type { Position } from '../domain/directory.ts';
import { DEFAULT_IMPERSONATION_ROLE, IMPERSONATION_ROLE_SETTING } from '../domain/impersonation-rule.ts';
import type { User } from '../domain/party.ts';
import type { Store, StoreTransaction } from '../domain/ports.ts';
import { EVERYTHING } from '../domain/tenancy.ts';
import { isServersOwn } from './desired.ts';
import type { SectionName } from './schema.ts';
import { isSame, type Fields, type Section } from './section.ts';
import { BATCH, pages, SECTION_NAMES, SECTIONS } from './sections.ts';

export interface ExportOptions {
  /** Default `yaml`. */
  readonly format?: 'yaml' | 'json' | undefined;
  /** With the hashes of passwords, so that people keep theirs in another store. Default false. */
  readonly includeHashes?: boolean | undefined;
}

/** Takes the next piece of a text; resolves when there is room for more. */
export type Write = (text: string) => Promise<void>;

export type Exported = Record<string, unknown>;

/** Assignments of one profile that are sorted in memory; of more, so many at a time are. */
const SORTED_AT_ONCE = 50_000;

/** {@link writeWorkspace} as one text. */
export async function exportWorkspace(store: Store, options: ExportOptions = {}): Promise<string> {
  const parts: string[] = [];
  await writeWorkspace(store, options, async (text) => void parts.push(text));
  return parts.join('');
}

/**
 * Writes everything that a workspace can say about the store, as it is at one moment; applying it to the same store
 * changes nothing. Changes go on meanwhile.
 */
export async function writeWorkspace(store: Store, options: ExportOptions, write: Write): Promise<void> {
  const form = options.format === 'json' ? JSON_FORM : YAML_FORM;
  const work = async (tx: StoreTransaction): Promise<void> => {
    await write(form.settings(await settingsOf(tx)));
    for (const name of SECTION_NAMES) {
      let isFirst = true;
      for await (const objects of exportedPages(tx, name, options.includeHashes === true)) {
        if (objects.length === 0) continue;
        if (isFirst) await write(form.begin(name));
        await write(objects.map((object, index) => form.object(object, isFirst && index === 0)).join(''));
        isFirst = false;
      }
      if (!isFirst) await write(form.end);
    }
    await write(form.close);
  };
  await store.transaction(work, { snapshot: true });
}

async function settingsOf(tx: StoreTransaction): Promise<Exported> {
  const settings: Exported = { rolemint: 1 };
  const name = await tx.settings.get('workspace');
  if (name !== undefined) settings.workspace = name;
  const impersonationRole = await tx.settings.get(IMPERSONATION_ROLE_SETTING);
  if (impersonationRole !== undefined && impersonationRole !== DEFAULT_IMPERSONATION_ROLE) settings.impersonation_role = impersonationRole;
  return settings;
}

async function* exportedPages(tx: StoreTransaction, name: SectionName, includeHashes: boolean): AsyncGenerator<readonly Exported[]> {
  const section = SECTIONS[name];
  if (name === 'assignments') {
    for await (const page of assignmentPages(tx)) yield page.map((object) => exportedObject(section, object));
    return;
  }
  for await (const page of pages(
    (options) => section.repository(tx).list(options),
    (one) => section.keyOf(one),
  )) {
    if (name === 'users') yield await exportedUsers(tx, page as readonly User[], includeHashes);
    else yield page.filter((object) => !isServersOwn(name, section.keyOf(object))).map((object) => exportedObject(section, object));
  }
}

/** Users in the words of a workspace file, defaults left out. */
export async function exportedUsers(tx: StoreTransaction, users: readonly User[], includeHashes: boolean): Promise<readonly Exported[]> {
  const hashes = includeHashes ? await tx.findPasswordHashes(users.map(({ id }) => id)) : new Map<string, string>();
  return users.map((user) => {
    const hash = hashes.get(user.id);
    return { ...exportedObject(SECTIONS.users, user), ...(hash === undefined ? {} : { password_hash: hash }) };
  });
}

/** By what people call them: profile, party, client, beginning. They are stored in another order. */
async function* assignmentPages(tx: StoreTransaction): AsyncGenerator<readonly Assignment[]> {
  let open: Assignment[] = [];
  let after: Position | undefined;
  do {
    const query = { visibility: { tenancy: EVERYTHING, inherited: false }, filters: {}, sort: 'security_profile', descending: false } as const;
    const page = await tx.directory.list('assignments', { ...query, after, limit: BATCH, total: false });
    for (const assignment of page.items) {
      const isOfAnother = open.length > 0 && open[0]!.securityProfile !== assignment.securityProfile;
      if (isOfAnother || open.length === SORTED_AT_ONCE) {
        yield byLabel(open);
        open = [];
      }
      open.push(assignment);
    }
    after = page.next;
  } while (after !== undefined);
  yield byLabel(open);
}

function byLabel(assignments: readonly Assignment[]): readonly Assignment[] {
  const labelled = assignments.map((assignment) => ({ assignment, label: SECTIONS.assignments.label(assignment) }));
  return labelled.sort((a, b) => (a.label < b.label ? -1 : 1)).map(({ assignment }) => assignment);
}

function exportedObject(section: Section, object: object): Exported {
  return withoutDefaults(section.describe(object), section.defaults(object));
}

function withoutDefaults(fields: Fields, defaults: Fields): Exported {
  return Object.fromEntries(Object.entries(fields).filter(([field, value]) => value !== undefined && !isSame(value, defaults[field])));
}

/** How the pieces of a file are written. */
interface Form {
  settings(settings: Exported): string;
  begin(section: SectionName): string;
  object(object: Exported, isFirst: boolean): string;
  readonly end: string;
  readonly close: string;
}

const YAML_FORM: Form = {
  settings: yamlOf,
  begin: (section) => `${section}:\n`,
  object: (object) => indent(yamlOf([object]), '  '),
  end: '',
  close: '',
};

const JSON_FORM: Form = {
  settings: (settings) => JSON.stringify(settings, undefined, 2).replace(/\n\}$/, ''),
  begin: (section) => `,\n  ${JSON.stringify(section)}: [\n`,
  object: (object, isFirst) => `${isFirst ? '' : ',\n'}${indent(JSON.stringify(object, undefined, 2), '    ')}`,
  end: '\n  ]',
  close: '\n}\n',
};

/** Objects in blocks, lists of plain values on one line; words that older YAML reads otherwise are quoted. */
function yamlOf(value: unknown): string {
  const document = new Document(value, { schema: 'core', compat: 'yaml-1.1', aliasDuplicateObjects: false });
  visit(document, {
    Seq: (_, list) => {
      if (list.items.every((item) => isScalar(item))) list.flow = true;
    },
  });
  return document.toString({ lineWidth: 120, flowCollectionPadding: false });
}

/** Line by line as YAML has them: to a regular expression, U+2028 in the middle of a text would begin one too. */
const indent = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? line : `${by}${line}`))
    .join('\n');
