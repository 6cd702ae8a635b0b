/** @module What becomes of one object, field by field, in the words of a workspace file. */
import type { SectionName } from './schema.ts';
import { isSame, type Fields } from './section.ts';
import { SECTIONS } from './sections.ts';

export type Action = 'create' | 'update' | 'remove';

/** One field of an object, before and after; undefined where it is not set. */
export interface FieldChange {
  readonly field: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What becomes of one object. */
export interface ObjectChange {
  readonly section: SectionName;
  readonly key: string;
  readonly label: string;
  readonly action: Action;
  readonly before: object | undefined;
  readonly after: object | undefined;
  readonly fields: readonly FieldChange[];
}

/** The change from one state of an object to another; none when they are the same. */
export function changeOf(name: SectionName, before: object | undefined, after: object | undefined): ObjectChange[] {
  const section = SECTIONS[name];
  const some = (after ?? before)!;
  const was: Fields = before === undefined ? {} : section.describe(before);
  const becomes: Fields = after === undefined ? {} : section.describe(after);
  const defaults: Fields = before === undefined || after === undefined ? section.defaults(some) : {};
  const fields = [...new Set([...Object.keys(was), ...Object.keys(becomes)])]
    .filter((field) => !isSame(was[field], becomes[field]) && !isSame(was[field] ?? becomes[field], defaults[field]))
    .map((field) => ({ field, before: was[field], after: becomes[field] }));
  if (before !== undefined && after !== undefined && fields.length === 0) return [];
  const action = before === undefined ? 'create' : after === undefined ? 'remove' : 'update';
  return [{ section: name, key: section.keyOf(some), label: section.label(some), action, before, after, fields }];
}
