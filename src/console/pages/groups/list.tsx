import { api, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { LinkButton } from '../../parts/button.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { SearchField } from '../../parts/fields.tsx';
import { useTypedFilter } from '../../parts/filters.ts';
import { Page } from '../../parts/layout.tsx';
import { Empty } from '../../parts/notices.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';

export type Group = Schemas['UserGroup'];

export function GroupList() {
  const { may } = useSession();
  const { text, setText, value: search } = useTypedFilter('search');
  return (
    <Page
      title={t('User groups')}
      about={t('People who hold the same. A profile that is assigned to a group reaches all of its members.')}
      fill
      actions={
        may('post', '/api/v1/user-groups') && (
          <LinkButton kind="primary" icon="add" href="/groups/new">
            {t('New group')}
          </LinkButton>
        )
      }
    >
      <div className="toolbar">
        <SearchField label={t('Find a group')} value={text} onChange={setText} />
      </div>
      <GroupTable search={search} />
    </Page>
  );
}

export function GroupTable({ search = '', organization }: { search?: string; organization?: string }) {
  const query = { limit: PAGE_SIZE, ...(search === '' ? {} : { search }), ...(organization === undefined ? {} : { organization }) };
  const pages = usePages(['user-groups', query], (cursor) => api.GET('/api/v1/user-groups', { params: { query: { ...query, cursor } } }));
  return (
    <DataTable
      label={t('User groups')}
      columns={COLUMNS}
      pages={pages}
      keyOf={({ id }) => id}
      href={({ id }) => `/groups/${encodeURIComponent(id)}`}
      empty={<Empty icon="group" title={search === '' ? t('There is no group here.') : t('No group has this in its name.')} />}
    />
  );
}

const COLUMNS: readonly Column<Group>[] = [
  { id: 'name', name: t('Name'), share: 2, cell: ({ name }) => <strong>{name}</strong> },
  { id: 'id', name: t('Id'), wideOnly: true, cell: ({ id }) => <code>{id}</code> },
  { id: 'organization', name: t('Organization'), cell: ({ organization }) => organization },
];
