import { api, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { LinkButton } from '../../parts/button.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { SearchField } from '../../parts/fields.tsx';
import { useFilter, useTypedFilter } from '../../parts/filters.ts';
import { Page, Tabs } from '../../parts/layout.tsx';
import { Empty } from '../../parts/notices.tsx';
import { categoryName } from '../../parts/role-picker.tsx';
import { Tag, Tags } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';

export type Role = Schemas['Role'];

export function RoleList() {
  const { may, isRoot } = useSession();
  const [tab] = useFilter('tab');
  const types = tab === 'types';
  return (
    <Page
      title={t('Roles')}
      about={t('The words that APIs check. Rolemint does not know what they mean, except those of its own management API.')}
      actions={
        isRoot &&
        may('post', '/api/v1/roles') && (
          <LinkButton kind="primary" icon="add" href={types ? '/permission-types/new' : '/roles/new'}>
            {types ? t('New type') : t('New role')}
          </LinkButton>
        )
      }
    >
      <Tabs
        label={t('Roles')}
        tabs={[
          { id: 'roles', name: t('Roles'), content: () => <Roles /> },
          { id: 'types', name: t('Types and operations'), content: () => <Types /> },
        ]}
      />
    </Page>
  );
}

function Roles() {
  const { text, setText, value: search } = useTypedFilter('search');
  const query = { limit: PAGE_SIZE, ...(search === '' ? {} : { search }) };
  const pages = usePages(['roles', query], (cursor) => api.GET('/api/v1/roles', { params: { query: { ...query, cursor } } }));
  return (
    <>
      <div className="toolbar">
        <SearchField label={t('Find a role')} value={text} onChange={setText} />
      </div>
      <DataTable
        label={t('Roles')}
        columns={ROLE_COLUMNS}
        pages={pages}
        keyOf={({ name }) => name}
        href={({ name }) => `/roles/${encodeURIComponent(name)}`}
        empty={<Empty icon="list" title={t('Nothing found')} />}
      />
    </>
  );
}

function Types() {
  const { text, setText, value: search } = useTypedFilter('search');
  const query = { limit: PAGE_SIZE, ...(search === '' ? {} : { search }) };
  const pages = usePages(['permission-types', query], (cursor) => api.GET('/api/v1/permission-types', { params: { query: { ...query, cursor } } }));
  return (
    <>
      <div className="toolbar">
        <SearchField label={t('Find a type')} value={text} onChange={setText} />
      </div>
      <DataTable
        label={t('Types and operations')}
        columns={TYPE_COLUMNS}
        pages={pages}
        keyOf={({ type }) => type}
        href={({ type }) => `/permission-types/${encodeURIComponent(type)}`}
        empty={<Empty icon="list" title={t('There are no types of things: roles stand for themselves here.')} />}
      />
    </>
  );
}

const ROLE_COLUMNS: readonly Column<Role>[] = [
  { id: 'name', name: t('Name'), share: 2, cell: ({ name }) => <code>{name}</code> },
  {
    id: 'category',
    name: t('Category'),
    cell: ({ category }) => <Tag tone={category === 'full_access' ? 'warning' : 'plain'}>{categoryName(category)}</Tag>,
  },
  { id: 'description', name: t('Description'), share: 3, wideOnly: true, cell: ({ description }) => description ?? '' },
];

const TYPE_COLUMNS: readonly Column<Schemas['PermissionType']>[] = [
  { id: 'type', name: t('Type'), share: 2, cell: ({ type }) => <code>{type}</code> },
  { id: 'operations', name: t('Operations'), share: 4, cell: ({ operations }) => <Tags names={operations} /> },
];
