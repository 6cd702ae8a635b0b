/** @module What is still needed is not removed; the refusal says by what, as far as the administrator may see it. */
import type { NounName } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { SECTIONS } from '../workspace/sections.ts';
import type { Administrator } from './administrator.ts';
import { readable } from './nouns.ts';

const MOST_NAMED = 10;

/** What goes with its party, if it is the administrator's. */
const GOES_ALONG: { readonly [N in NounName]?: ReadonlySet<NounName> } = { users: new Set(['assignments', 'impersonation_rules']) };

/** @throws `in_use` */
export async function assertUnused(tx: StoreTransaction, noun: NounName, key: string, administrator: Administrator): Promise<void> {
  const { some } = await tx.directory.dependentsOf(noun, key, 100);
  const usedBy: { readonly kind: string; readonly id: string }[] = [];
  let needed = false;
  for (const { noun: kind, key: id } of some) {
    if (usedBy.length === MOST_NAMED) break;
    const isSeen = (await tx.directory.find(kind, [id], readable(kind, administrator))).size > 0;
    if (isSeen && GOES_ALONG[noun]?.has(kind) === true) continue;
    needed = true;
    if (isSeen) usedBy.push({ kind: SECTIONS[kind].noun, id });
  }
  if (!needed) return;
  const named = usedBy.map(({ kind, id }) => `the ${kind.replaceAll('_', ' ')} ${id}`).join(', ');
  throw new DomainError('in_use', `It is still needed${named === '' ? ' elsewhere' : ` by ${named}`}.`, { details: { used_by: usedBy } });
}
