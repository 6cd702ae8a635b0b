import { api, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { LinkButton } from '../../parts/button.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { SearchField } from '../../parts/fields.tsx';
import { useTypedFilter } from '../../parts/filters.ts';
import { Page } from '../../parts/layout.tsx';
import { Empty } from '../../parts/notices.tsx';
import { useSession } from '../../session/session.tsx';
import { t, tn } from '../../words/words.ts';

export type ResourceServer = Schemas['ResourceServer'];

export function ResourceServerList() {
  const { may, isRoot } = useSession();
  const { text, setText, value: search } = useTypedFilter('search');
  const query = { limit: PAGE_SIZE, ...(search === '' ? {} : { search }) };
  const pages = usePages(['resource-servers', query], (cursor) => api.GET('/api/v1/resource-servers', { params: { query: { ...query, cursor } } }));
  return (
    <Page
      title={t('Resource servers')}
      about={t('APIs that tokens are made for. Such a token carries only the roles that mean something to its API.')}
      fill
      actions={
        isRoot &&
        may('post', '/api/v1/resource-servers') && (
          <LinkButton kind="primary" icon="add" href="/resource-servers/new">
            {t('New resource server')}
          </LinkButton>
        )
      }
    >
      <div className="toolbar">
        <SearchField label={t('Find a resource server')} value={text} onChange={setText} />
      </div>
      <DataTable
        label={t('Resource servers')}
        columns={COLUMNS}
        pages={pages}
        keyOf={({ audience }) => audience}
        href={({ audience }) => `/resource-servers/${encodeURIComponent(audience)}`}
        empty={<Empty icon="server" title={search === '' ? t('There is no resource server yet.') : t('Nothing found')} />}
      />
    </Page>
  );
}

const COLUMNS: readonly Column<ResourceServer>[] = [
  { id: 'name', name: t('Name'), share: 2, cell: ({ name }) => <strong>{name}</strong> },
  { id: 'audience', name: t('Audience'), share: 3, cell: ({ audience }) => <code>{audience}</code> },
  {
    id: 'roles',
    name: t('Roles'),
    wideOnly: true,
    cell: ({ roles }) => (roles === undefined ? t('all') : tn(roles.length, '{count} role', '{count} roles')),
  },
  { id: 'alg', name: t('Signature'), wideOnly: true, cell: ({ signing_alg: alg }) => alg },
];
