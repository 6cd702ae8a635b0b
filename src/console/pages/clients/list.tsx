import { api, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { LinkButton } from '../../parts/button.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { SearchField } from '../../parts/fields.tsx';
import { useTypedFilter } from '../../parts/filters.ts';
import { Page } from '../../parts/layout.tsx';
import { Empty } from '../../parts/notices.tsx';
import { ActiveTag, Tag } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';

export type Client = Schemas['Client'];

export function ClientList() {
  const { may } = useSession();
  const { text, setText, value: search } = useTypedFilter('search');
  const query = { limit: PAGE_SIZE, ...(search === '' ? {} : { search }) };
  const pages = usePages(['clients', query], (cursor) => api.GET('/api/v1/clients', { params: { query: { ...query, cursor } } }));
  return (
    <Page
      title={t('Clients')}
      about={t('Programs that ask for tokens: by themselves, or for the people who use them.')}
      fill
      actions={
        may('post', '/api/v1/clients') && (
          <LinkButton kind="primary" icon="add" href="/clients/new">
            {t('New client')}
          </LinkButton>
        )
      }
    >
      <div className="toolbar">
        <SearchField label={t('Find a client')} value={text} onChange={setText} />
      </div>
      <DataTable
        label={t('Clients')}
        columns={COLUMNS}
        pages={pages}
        keyOf={({ client_id: id }) => id}
        href={({ client_id: id }) => `/clients/${encodeURIComponent(id)}`}
        empty={<Empty icon="program" title={search === '' ? t('There is no client yet.') : t('No client has this in its name.')} />}
      />
    </Page>
  );
}

/** A grant type in a word; the long names say no more. */
export const grantName = (grant: string): string => grant.slice(grant.lastIndexOf(':') + 1);

const COLUMNS: readonly Column<Client>[] = [
  {
    id: 'name',
    name: t('Name'),
    share: 3,
    cell: ({ client_id: id, client_name: name }) => (
      <>
        <strong>{name}</strong> {name !== id && <span className="quiet">{id}</span>}
      </>
    ),
  },
  {
    id: 'grants',
    name: t('Grants'),
    share: 3,
    wideOnly: true,
    cell: ({ grant_types: grants }) => (
      <span className="tags">
        {grants.map((grant) => (
          <Tag key={grant}>{grantName(grant)}</Tag>
        ))}
      </span>
    ),
  },
  {
    id: 'organization',
    name: t('Organization'),
    wideOnly: true,
    cell: ({ organization }) => organization ?? <span className="quiet">{t('root')}</span>,
  },
  { id: 'state', name: t('State'), cell: ({ active }) => <ActiveTag active={active} /> },
];
