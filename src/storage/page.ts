import type { Page } from '../domain/directory.ts';

/** A page of things in the order of their ids, made of one more than fit onto it. */
export function pageOf<T extends { readonly id: string }>(found: readonly T[], limit: number, total: number | undefined): Page<T> {
  const items = found.slice(0, limit);
  const last = found.length > limit ? items.at(-1) : undefined;
  return { items, next: last && { value: last.id, key: last.id }, total };
}
