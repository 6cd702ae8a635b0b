/** @module A whole store as one workspace file: sections in their order, objects sorted, defaults left out, no secrets. */
import { Document, isScalar, visit } from 'yaml';
import { DEFAULT_IMPERSONATION_ROLE, IMPERSONATION_ROLE_SETTING } from '../domain/impersonation-rule.ts';
import type { Store, StoreTransaction } from '../domain/ports.ts';
import { isServersOwn } from './desired.ts';
import type { SectionName } from './schema.ts';
import { isSame, type Fields, type Section } from './section.ts';
import { everything, SECTION_NAMES, SECTIONS } from './sections.ts';

export interface ExportOptions {
  /** Default `yaml`. */
  readonly format?: 'yaml' | 'json' | undefined;
  /** With the hashes of passwords, so that people keep theirs in another store. Default false. */
  readonly includeHashes?: boolean | undefined;
}

type Exported = Record<string, unknown>;

/** Writes everything that a workspace can say about the store; applying it to the same store changes nothing. */
export async function exportWorkspace(store: Store, options: ExportOptions = {}): Promise<string> {
  const { settings, sections } = await store.transaction(readAll, { rollback: true });
  if (options.includeHashes === true) {
    for (const user of sections.users ?? []) {
      const credential = await store.signIn.findCredentialOf(user.id as string);
      if (credential?.passwordHash !== undefined) user.password_hash = credential.passwordHash;
    }
  }
  if (options.format === 'json') return `${JSON.stringify({ ...settings, ...sections }, undefined, 2)}\n`;
  return [
    yamlOf(settings),
    ...Object.entries(sections).map(([name, objects]) => `${name}:\n${objects.map((object) => indent(yamlOf([object]))).join('')}`),
  ].join('');
}

async function readAll(tx: StoreTransaction): Promise<{ settings: Exported; sections: Partial<Record<SectionName, Exported[]>> }> {
  const settings: Exported = { rolemint: 1 };
  const name = await tx.settings.get('workspace');
  if (name !== undefined) settings.workspace = name;
  const impersonationRole = await tx.settings.get(IMPERSONATION_ROLE_SETTING);
  if (impersonationRole !== undefined && impersonationRole !== DEFAULT_IMPERSONATION_ROLE) settings.impersonation_role = impersonationRole;
  const sections: Partial<Record<SectionName, Exported[]>> = {};
  for (const section of SECTION_NAMES) {
    const objects = await exportSection(tx, section);
    if (objects.length > 0) sections[section] = objects;
  }
  return { settings, sections };
}

async function exportSection(tx: StoreTransaction, name: SectionName): Promise<Exported[]> {
  const section: Section = SECTIONS[name];
  const found: { label: string; fields: Exported }[] = [];
  for await (const object of everything(
    (page) => section.repository(tx).list(page),
    (one) => section.keyOf(one),
  )) {
    if (isServersOwn(name, section.keyOf(object))) continue;
    found.push({ label: section.label(object), fields: withoutDefaults(section.describe(object), section.defaults(object)) });
  }
  return found.sort((a, b) => (a.label < b.label ? -1 : 1)).map(({ fields }) => fields);
}

function withoutDefaults(fields: Fields, defaults: Fields): Exported {
  return Object.fromEntries(Object.entries(fields).filter(([field, value]) => value !== undefined && !isSame(value, defaults[field])));
}

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
const indent = (yaml: string): string =>
  yaml
    .split('\n')
    .map((line) => (line === '' ? line : `  ${line}`))
    .join('\n');
