/** @module What every store does alike when it browses: refuses fields that a noun does not have, and looks at the values. */
import { BROWSED, type BrowsedNoun, type BrowseQuery, type FieldTest } from '../domain/browse.ts';
import { DomainError } from '../domain/errors.ts';
import { isStorable } from './values.ts';

/**
 * Looks at everything in a query that came from outside.
 * @returns the query without the tests that nothing can pass; undefined when nothing can match at all
 * @throws `invalid_input` for a field that the noun does not have
 */
export function possibleQuery(noun: BrowsedNoun, query: BrowseQuery): BrowseQuery | undefined {
  const named = [...query.conditions, ...query.order].map(({ field }) => field);
  for (const field of [...named, ...(query.search?.fields ?? [])]) {
    if (!Object.hasOwn(BROWSED[noun], field)) throw new DomainError('invalid_input', `${noun} have no ${JSON.stringify(field)} to look by.`);
  }
  if (query.search !== undefined && !isStorable(query.search.text)) return undefined;
  // What is not a text that no store can keep, is anything.
  const open = query.conditions.filter(({ oneOf }) => !oneOf.some((test) => test.not && !isPossible(test)));
  const conditions = open.map(({ field, oneOf }) => ({ field, oneOf: oneOf.filter(isPossible) }));
  return conditions.some(({ oneOf }) => oneOf.length === 0) ? undefined : { ...query, conditions };
}

function isPossible({ is }: FieldTest): boolean {
  if ('like' in is) return is.like.every(isStorable);
  return !('than' in is) || typeof is.than !== 'string' || isStorable(is.than);
}
