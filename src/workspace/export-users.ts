/** @module Users as lines of a file that `user import` takes, read page by page. */
import type { Position } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import type { Store, StoreTransaction } from '../domain/ports.ts';
import { EVERYTHING, type Tenancy } from '../domain/tenancy.ts';
import { exportedUsers, type Exported } from './export.ts';
import { BATCH } from './sections.ts';

export interface ExportUsersOptions {
  /** Only users of this organization and of all below it. */
  readonly organization?: string | undefined;
  readonly includeHashes: boolean;
}

/** @param take gets users by id, a thousand at most at a time, as they are at one moment. @throws `not_found` */
export async function exportUsers(store: Store, options: ExportUsersOptions, take: (users: readonly Exported[]) => Promise<void>): Promise<void> {
  const work = async (tx: StoreTransaction): Promise<void> => {
    const visibility = { tenancy: await tenancyOf(tx, options.organization), inherited: false };
    let after: Position | undefined;
    do {
      const page = await tx.directory.list('users', { visibility, filters: {}, sort: 'id', descending: false, after, limit: BATCH, total: false });
      await take(await exportedUsers(tx, page.items, options.includeHashes));
      after = page.next;
    } while (after !== undefined);
  };
  await store.transaction(work, { snapshot: true });
}

async function tenancyOf(tx: StoreTransaction, id: string | undefined): Promise<Tenancy> {
  if (id === undefined) return EVERYTHING;
  const organization = (await tx.organizations.findMany([id])).get(id);
  if (organization === undefined) throw new DomainError('not_found', `There is no organization ${JSON.stringify(id.slice(0, 200))}.`);
  return { kind: 'subtree', organization: id, path: organization.path };
}
