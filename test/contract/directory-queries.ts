/** @module Who asks the directory for what, in its contracts. */
import { SORTS, type ListQuery, type NounName, type Nouns, type Visibility } from '../../src/domain/directory.ts';
import type { Store } from '../../src/domain/ports.ts';
import { EVERYTHING } from '../../src/domain/tenancy.ts';

export const ALL: Visibility = { tenancy: EVERYTHING, inherited: false };
export const NONE: Visibility = { tenancy: { kind: 'nothing' }, inherited: true };

/** @param path ids from the root to the administrator's organization */
export const within = (...path: readonly string[]): Visibility => ({
  tenancy: { kind: 'subtree', organization: path.at(-1)!, path },
  inherited: false,
});

export const inheriting = (visibility: Visibility): Visibility => ({ ...visibility, inherited: true });

const KEYS: { readonly [N in NounName]?: string } = {
  organization_types: 'name',
  roles: 'name',
  permission_types: 'type',
  clients: 'clientId',
  resource_servers: 'audience',
};
export const keyOf = (noun: NounName, object: object): string => (object as Record<string, string>)[KEYS[noun] ?? 'id']!;

type Given = Partial<ListQuery> & Pick<ListQuery, 'visibility'>;
const asked = (noun: NounName, given: Given): ListQuery => ({
  filters: {},
  sort: SORTS[noun][0],
  descending: false,
  limit: 1000,
  total: false,
  ...given,
});

export const list = <N extends NounName>(store: Store, noun: N, given: Given) => store.directory.list(noun, asked(noun, given));
export const keys = async (store: Store, noun: NounName, given: Given): Promise<string[]> =>
  (await list(store, noun, given)).items.map((object: Nouns[NounName]) => keyOf(noun, object));

/** All keys in order, page by page; `between` runs after every page. */
export async function walk(
  store: Store,
  noun: NounName,
  given: Given,
  between: (seen: readonly string[]) => Promise<void> = async () => {},
): Promise<string[]> {
  const seen: string[] = [];
  let after: ListQuery['after'];
  do {
    const page = await list(store, noun, { ...given, after });
    seen.push(...page.items.map((object: Nouns[NounName]) => keyOf(noun, object)));
    after = page.next;
    await between(seen);
  } while (after !== undefined);
  return seen;
}
