/** @module What is still needed is not removed; the refusal says by what, as far as the administrator may see it. */
import type { NounName } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { SECTIONS } from '../workspace/sections.ts';
import type { Administrator } from './administrator.ts';
import { readable } from './nouns.ts';

const MOST_NAMED = 10;

/** What goes with its party, or names it only in passing. */
const GOES_ALONG: { readonly [N in NounName]?: ReadonlySet<NounName> } = { users: new Set(['assignments', 'impersonation_rules']) };

/** @throws `in_use` */
export async function assertUnused(tx: StoreTransaction, noun: NounName, key: string, administrator: Administrator): Promise<void> {
  const { some } = await tx.directory.dependentsOf(noun, key, 100);
  const needing = some.filter((dependent) => GOES_ALONG[noun]?.has(dependent.noun) !== true);
  if (needing.length === 0) return;
  const usedBy: { readonly kind: string; readonly id: string }[] = [];
  for (const { noun: kind, key: id } of needing) {
    if (usedBy.length === MOST_NAMED) break;
    if ((await tx.directory.find(kind, [id], readable(kind, administrator))).size > 0) usedBy.push({ kind: SECTIONS[kind].noun, id });
  }
  const named = usedBy.map(({ kind, id }) => `the ${kind.replaceAll('_', ' ')} ${id}`).join(', ');
  throw new DomainError('in_use', `It is still needed${named === '' ? ' elsewhere' : ` by ${named}`}.`, { details: { used_by: usedBy } });
}
