/** @module Brings a store to the desired state: what is named is written before what names it, and removed after. */
import type { Assignment } from '../domain/assignment.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { givesFullAccess } from '../domain/full-access.ts';
import type { Organization } from '../domain/organization.ts';
import { canonicalUsername, type User } from '../domain/party.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { eventNow } from '../services/caller.ts';
import type { Action, FieldChange, ObjectChange } from './object-change.ts';
import type { SectionName } from './schema.ts';
import { SECTION_NAMES, SECTIONS } from './sections.ts';
import type { Workspace, WorkspaceContext } from './workspace.ts';

export interface SettingChange {
  readonly name: 'workspace' | 'impersonation_role';
  readonly before: string | undefined;
  readonly after: string;
}

/** Writes all changed objects and settings; credentials come after. */
export async function writeObjects(tx: StoreTransaction, changes: readonly ObjectChange[], settings: readonly SettingChange[]): Promise<void> {
  const early = usersInTheWay(changes);
  await removeObjects(tx, [...early]);
  for (const name of SECTION_NAMES) {
    const objects = changes.filter((change) => change.section === name && change.after !== undefined).map((change) => change.after!);
    if (objects.length > 0) await SECTIONS[name].repository(tx).put(objects);
  }
  await removeObjects(
    tx,
    changes.filter((change) => change.action === 'remove' && !early.has(change)),
  );
  for (const { name, after } of settings) await tx.settings.set(name, after);
}

/** Users that go and whose names others take over: they have to go first. */
function usersInTheWay(changes: readonly ObjectChange[]): ReadonlySet<ObjectChange> {
  const users = changes.filter(({ section }) => section === 'users');
  const wanted = new Set(users.filter(({ after }) => after !== undefined).map(({ after }) => canonicalUsername((after as User).username)));
  return new Set(users.filter(({ action, before }) => action === 'remove' && wanted.has(canonicalUsername((before as User).username))));
}

async function removeObjects(tx: StoreTransaction, changes: readonly ObjectChange[]): Promise<void> {
  for (const name of SECTION_NAMES.toReversed()) {
    const here = changes.filter(({ section }) => section === name);
    if (name === 'organizations') here.sort((a, b) => (b.before as Organization).path.length - (a.before as Organization).path.length);
    if (here.length > 0) await SECTIONS[name].repository(tx).remove(here.map(({ key }) => key));
  }
}

/** Settings that the files say otherwise than the store. */
export async function settingChanges(tx: StoreTransaction, workspace: Workspace): Promise<SettingChange[]> {
  const declared = [
    { name: 'workspace', setting: workspace.name },
    { name: 'impersonation_role', setting: workspace.impersonationRole },
  ] as const;
  const changes: SettingChange[] = [];
  for (const { name, setting } of declared) {
    if (setting === undefined) continue;
    const before = await tx.settings.get(name);
    if (before !== setting.value) changes.push({ name, before, after: setting.value });
  }
  return changes;
}

/** A changed object with everything that changed of it, its credentials included; never a secret. */
export interface Recorded {
  /** The object as it becomes; unset when it goes, or when its credentials alone change. */
  readonly after?: object | undefined;
  readonly section: SectionName;
  readonly key: string;
  readonly action: Action;
  readonly fields: readonly FieldChange[];
}

export interface RecordedChange {
  readonly objects: readonly Recorded[];
  readonly settings: readonly SettingChange[];
  /** As it is after the change. */
  readonly catalogue: Catalogue;
}

/** Keeps one audit event for each thing that changed; an assignment that gives full access is marked. */
export async function recordChanges(tx: StoreTransaction, changed: RecordedChange, context: WorkspaceContext): Promise<void> {
  for (const { name, before, after } of changed.settings) {
    const was = before === undefined ? undefined : { [name]: before };
    const target = { kind: 'setting', id: name };
    await tx.audit(eventNow(context.clock, context, { type: 'setting_updated', target, before: was, after: { [name]: after } }));
  }
  for (const object of changed.objects) {
    const before = object.action === 'create' ? undefined : valuesOf(object, 'before');
    const after = object.action === 'remove' ? undefined : { ...valuesOf(object, 'after'), ...markOf(object, changed.catalogue) };
    const target = { kind: SECTIONS[object.section].noun, id: object.key };
    await tx.audit(eventNow(context.clock, context, { type: eventType(object), target, before, after }));
  }
}

function markOf({ section, after }: Recorded, catalogue: Catalogue): Readonly<Record<string, unknown>> {
  const marked = section === 'assignments' && after !== undefined && givesFullAccess(catalogue, (after as Assignment).securityProfile);
  return marked ? { gives_full_access: true } : {};
}

const PAST_TENSE = { create: 'created', update: 'updated', remove: 'removed' } as const;

function eventType({ section, action }: Recorded): string {
  if (section === 'assignments' && action === 'create') return 'profile_assigned';
  if (section === 'assignments' && action === 'remove') return 'profile_unassigned';
  return `${SECTIONS[section].noun}_${PAST_TENSE[action]}`;
}

function valuesOf({ fields }: Recorded, side: 'before' | 'after'): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const change of fields) if (change[side] !== undefined) values[change.field] = change[side];
  return values;
}
