/** @module Brings a store to the desired state: what is named is written before what names it, and removed after. */
import { foldName } from '../domain/role.ts';
import { canonicalUsername, type User } from '../domain/party.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import type { CredentialChanges } from './credentials.ts';
import type { ObjectChange } from './desired.ts';
import type { Fields } from './section.ts';
import { batches, SECTION_NAMES, SECTIONS } from './sections.ts';
import type { WorkspaceContext } from './workspace.ts';

/** Shown in place of every secret. */
export const HIDDEN = '[redacted]';

export interface SettingChange {
  readonly name: 'workspace' | 'impersonation_role';
  readonly before: string | undefined;
  readonly after: string;
}

/** Writes all changed objects and settings; credentials come after. */
export async function writeObjects(tx: StoreTransaction, changes: readonly ObjectChange[], settings: readonly SettingChange[]): Promise<void> {
  const early = usersInTheWay(changes);
  await remove(tx, early);
  for (const name of SECTION_NAMES) {
    const objects = changes.filter((change) => change.section === name && change.after !== undefined).map((change) => change.after!);
    for (const batch of parentsBefore(name, objects)) await SECTIONS[name].repository(tx).put(batch);
  }
  await remove(tx, changes.filter((change) => change.action === 'remove' && !early.includes(change)));
  for (const { name, after } of settings) await tx.settings.set(name, after);
}
