/** @module A change in rows: one for each object that it touches. */
import { credentialField, type CredentialChanges } from './credentials.ts';
import type { Action, FieldChange, ObjectChange } from './object-change.ts';
import type { SectionName } from './schema.ts';
import { SECTION_NAMES } from './sections.ts';
import type { Recorded, SettingChange } from './write.ts';

/** One changed object. */
export interface PlanRow {
  readonly section: SectionName | 'settings';
  /** Natural id; for assignments what is assigned to whom. */
  readonly key: string;
  readonly action: Action;
  /** Secrets are never shown. */
  readonly fields: readonly FieldChange[];
}

export interface Labelled extends Recorded {
  readonly label: string;
}

/** Changed objects in the order of sections, with their changed credentials; those whose credentials alone change included. */
export function withCredentials(changes: readonly ObjectChange[], credentials: CredentialChanges): Labelled[] {
  return SECTION_NAMES.flatMap((section) => {
    const here: Labelled[] = changes.filter((change) => change.section === section);
    const known = new Set(here.map(({ key }) => key));
    const keys = section === 'users' ? credentials.passwords.keys() : section === 'clients' ? credentials.secrets.keys() : [];
    for (const key of keys) if (!known.has(key)) here.push({ section, key, label: key, action: 'update', fields: [] });
    return here.map((change) => {
      const secret = credentialField(credentials, section, change.key);
      return secret === undefined ? change : { ...change, fields: [...change.fields, secret] };
    });
  });
}

export function planRows(changes: readonly Labelled[], settings: readonly SettingChange[]): PlanRow[] {
  return [
    ...settings.map(({ name, before, after }): PlanRow => {
      return { section: 'settings', key: name, action: before === undefined ? 'create' : 'update', fields: [{ field: name, before, after }] };
    }),
    ...changes.map(({ section, label, action, fields }): PlanRow => ({ section, key: label, action, fields })),
  ];
}
