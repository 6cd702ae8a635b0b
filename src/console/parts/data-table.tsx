/** @module Long lists: read page by page from the server, and only the rows in sight are in the document. */
import { useSyncExternalStore, type ReactNode } from 'react';
import {
  Cell,
  Collection,
  Column as ColumnHead,
  Row,
  Table,
  TableBody,
  TableHeader,
  TableLayout,
  TableLoadMoreItem,
  Virtualizer,
} from 'react-aria-components';
import type { Pages } from '../api/pages.ts';
import { t } from '../words/words.ts';
import { Loading, ProblemNotice } from './notices.tsx';

export interface Column<T> {
  readonly id: string;
  readonly name: string;
  readonly cell: (item: T) => ReactNode;
  /** Share of the width. */
  readonly share?: number;
  /** Left out on a phone. */
  readonly wideOnly?: boolean;
}

interface DataTableProps<T> {
  readonly label: string;
  /** The first one names the row. */
  readonly columns: readonly Column<T>[];
  readonly pages: Pages<T>;
  readonly keyOf: (item: T) => string;
  readonly href?: ((item: T) => string) | undefined;
  readonly empty: ReactNode;
}

const ROW_HEIGHT = 44;
const NARROW = window.matchMedia('(max-width: 48rem)');

export function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      NARROW.addEventListener('change', changed);
      return () => NARROW.removeEventListener('change', changed);
    },
    () => NARROW.matches,
  );
}

export function DataTable<T extends object>({ label, columns, pages, keyOf, href, empty }: DataTableProps<T>) {
  const narrow = useNarrow();
  const shown = columns.filter(({ wideOnly = false }) => !(narrow && wideOnly));
  if (pages.error !== undefined) return <ProblemNotice error={pages.error} />;
  if (pages.loading) return <Loading />;
  if (pages.items.length === 0) return empty;
  return (
    <div className="data-table">
      <Virtualizer key={String(narrow)} layout={TableLayout} layoutOptions={{ rowHeight: ROW_HEIGHT, headingHeight: 36, loaderHeight: ROW_HEIGHT }}>
        <Table aria-label={label} className="rows">
          <TableHeader>
            {shown.map(({ id, name, share = 1 }, index) => (
              <ColumnHead key={id} id={id} isRowHeader={index === 0} width={`${share}fr`} minWidth={90} className="head">
                {name}
              </ColumnHead>
            ))}
          </TableHeader>
          <TableBody>
            <Collection items={pages.items}>
              {(item) => (
                <Row id={keyOf(item)} className="row" {...(href === undefined ? {} : { href: href(item) })}>
                  {shown.map(({ id, cell }) => (
                    <Cell key={id} className="cell">
                      {cell(item)}
                    </Cell>
                  ))}
                </Row>
              )}
            </Collection>
            <TableLoadMoreItem onLoadMore={pages.more} isLoading={pages.loadingMore} className="more">
              {t('Loading more …')}
            </TableLoadMoreItem>
          </TableBody>
        </Table>
      </Virtualizer>
    </div>
  );
}
