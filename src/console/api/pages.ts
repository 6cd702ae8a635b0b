import { useInfiniteQuery, type QueryKey } from '@tanstack/react-query';
import { useMemo } from 'react';
import { answered } from './client.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor?: string;
  readonly total?: number;
}

/** A list that comes in pages, as far as it was read. */
export interface Pages<T> {
  readonly items: readonly T[];
  readonly loading: boolean;
  readonly error: Error | undefined;
  readonly hasMore: boolean;
  readonly more: () => void;
  readonly loadingMore: boolean;
}

export const PAGE_SIZE = 100;

/** Reads a list page by page. What was read is read once; the key names the list and its filters. */
export function usePages<P extends Page<unknown>>(
  key: QueryKey,
  read: (cursor: string | undefined) => Promise<{ data?: P; error?: unknown; response: Response }>,
  enabled = true,
): Pages<P['items'][number]> {
  const query = useInfiniteQuery({
    queryKey: key,
    enabled,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => answered(read(pageParam)),
    getNextPageParam: (last) => last.next_cursor,
  });
  const items = useMemo((): readonly P['items'][number][] => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  return {
    items,
    loading: query.isPending && enabled,
    error: query.error ?? undefined,
    hasMore: query.hasNextPage,
    more: () => {
      if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
    },
    loadingMore: query.isFetchingNextPage,
  };
}
