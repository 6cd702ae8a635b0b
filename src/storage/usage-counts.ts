import { DomainError } from '../domain/errors.ts';
import { startOfDay, type UsageCount, type UsageQuery } from '../domain/usage.ts';
import { assertKey, assertStorable, isStorable, MAXIMUM_KEY_LENGTH } from './values.ts';

/** Counts that are added in one statement at most. */
export const MAXIMUM_COUNTS = 2000;

export const countKey = ({ day, kind, client, name }: UsageCount): string => JSON.stringify([day, kind, client, name]);

/** Whether there can be anything to find: somebody who administers something asks, under names that can exist. */
export function isAnswerable({ visibility, client, after }: Pick<UsageQuery, 'visibility' | 'client' | 'after'>): boolean {
  return visibility.tenancy.kind !== 'nothing' && isStorable(client ?? '') && isStorable(after?.key ?? '');
}

/** @throws `invalid_input` when one cannot be kept, or stands there twice */
export function assertCounts(counts: readonly UsageCount[]): void {
  if (counts.length > MAXIMUM_COUNTS) throw new DomainError('invalid_input', `More than ${MAXIMUM_COUNTS} counts at once.`);
  const seen = new Set<string>();
  for (const count of counts) {
    const { day, client, name, granted, dropped } = count;
    assertKey(client, 'a count of use');
    assertStorable(name, 'A count of use');
    if (name.length > MAXIMUM_KEY_LENGTH) throw new DomainError('invalid_input', 'The name in a count of use is too long.');
    if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(startOfDay(day))) throw new DomainError('invalid_input', 'A count of use is of no day.');
    if (![granted, dropped].every((number) => Number.isSafeInteger(number) && number >= 0)) {
      throw new DomainError('invalid_input', 'A count of use is not a whole number.');
    }
    const key = countKey(count);
    if (seen.has(key)) throw new DomainError('invalid_input', 'A count of use is given twice.');
    seen.add(key);
  }
}
