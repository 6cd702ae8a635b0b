/** @module What the whole console needs to know of roles: read once, as a whole. There are hundreds of them, not thousands. */
import { useQuery } from '@tanstack/react-query';
import { answered, api, type Schemas } from './client.ts';

const LARGEST_PAGE = 100;

async function all<T>(read: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string }>): Promise<readonly T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return items;
}

const limit = LARGEST_PAGE;

export function useRoles(enabled = true) {
  return useQuery({
    queryKey: ['roles', 'all'],
    enabled,
    staleTime: 60_000,
    queryFn: () => all<Schemas['Role']>((cursor) => answered(api.GET('/api/v1/roles', { params: { query: { limit, cursor } } }))),
  });
}

export function usePermissionTypes(enabled = true) {
  return useQuery({
    queryKey: ['permission-types', 'all'],
    enabled,
    staleTime: 60_000,
    queryFn: () =>
      all<Schemas['PermissionType']>((cursor) => answered(api.GET('/api/v1/permission-types', { params: { query: { limit, cursor } } }))),
  });
}
