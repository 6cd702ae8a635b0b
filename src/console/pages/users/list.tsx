import { api, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { LinkButton } from '../../parts/button.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { SearchField, Select } from '../../parts/fields.tsx';
import { useFilter, useTypedFilter } from '../../parts/filters.ts';
import { Page } from '../../parts/layout.tsx';
import { Empty } from '../../parts/notices.tsx';
import { Picker } from '../../parts/picker.tsx';
import { ActiveTag } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';

export type User = Schemas['User'];

export function UserList() {
  const { may } = useSession();
  const { text, setText, value: search } = useTypedFilter('search');
  const [organization, setOrganization] = useFilter('organization');
  const [active, setActive] = useFilter('active');
  return (
    <Page
      title={t('Users')}
      fill
      actions={
        <>
          {may('post', '/api/v1/invitations') && (
            <LinkButton icon="mail" href="/invitations/new">
              {t('Invite')}
            </LinkButton>
          )}
          {may('post', '/api/v1/users') && (
            <LinkButton kind="primary" icon="add" href="/users/new">
              {t('New user')}
            </LinkButton>
          )}
        </>
      }
    >
      <div className="toolbar filters">
        <SearchField label={t('Find a user by name or mail address')} value={text} onChange={setText} />
        {may('get', '/api/v1/organizations') && (
          <Picker
            label={t('Organization')}
            source="organization"
            value={organization === '' ? undefined : organization}
            onChange={(id) => setOrganization(id ?? '')}
          />
        )}
        <Select
          label={t('State')}
          value={active === '' ? 'all' : active}
          onChange={(value) => setActive(value === 'all' ? '' : value)}
          options={{ all: t('All'), true: t('Active'), false: t('Disabled') }}
        />
      </div>
      <UserTable search={search} organization={organization} active={active} />
    </Page>
  );
}

interface Filters {
  readonly search?: string;
  readonly organization?: string;
  readonly active?: string;
}

/** Users that match, as far as one scrolls. */
export function UserTable({ search = '', organization = '', active = '' }: Filters) {
  const query = {
    limit: PAGE_SIZE,
    sort: 'username' as const,
    ...(search === '' ? {} : { search }),
    ...(organization === '' ? {} : { organization }),
    ...(active === '' ? {} : { active: active === 'true' }),
  };
  const pages = usePages(['users', query], (cursor) => api.GET('/api/v1/users', { params: { query: { ...query, cursor } } }));
  return (
    <DataTable
      label={t('Users')}
      columns={COLUMNS}
      pages={pages}
      keyOf={({ id }) => id}
      href={({ id }) => `/users/${encodeURIComponent(id)}`}
      empty={<Empty icon="person" title={search === '' ? t('There is nobody here.') : t('Nobody has this in the name or mail address.')} />}
    />
  );
}

const COLUMNS: readonly Column<User>[] = [
  { id: 'username', name: t('User name'), share: 2, cell: ({ username }) => <strong>{username}</strong> },
  { id: 'email', name: t('Mail address'), share: 2, wideOnly: true, cell: ({ email }) => email ?? '' },
  { id: 'organization', name: t('Organization'), cell: ({ organization }) => organization },
  { id: 'state', name: t('State'), wideOnly: true, cell: ({ active }) => <ActiveTag active={active} /> },
];
