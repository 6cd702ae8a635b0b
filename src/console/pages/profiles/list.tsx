import { api, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { LinkButton } from '../../parts/button.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { SearchField, Switch } from '../../parts/fields.tsx';
import { useFilter, useTypedFilter } from '../../parts/filters.ts';
import { Page } from '../../parts/layout.tsx';
import { Empty } from '../../parts/notices.tsx';
import { FullAccessTag, Tag } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t, tn } from '../../words/words.ts';

type Profile = Schemas['SecurityProfile'];

export function ProfileList() {
  const { may } = useSession();
  const { text, setText, value: search } = useTypedFilter('search');
  const [managed, setManaged] = useFilter('managed');
  const [full, setFull] = useFilter('full_access');
  const query = {
    limit: PAGE_SIZE,
    ...(search === '' ? {} : { search }),
    ...(managed === '' ? {} : { managed: managed === 'true' }),
    ...(full === '' ? {} : { full_access: full === 'true' }),
  };
  const pages = usePages(['security-profiles', query], (cursor) => api.GET('/api/v1/security-profiles', { params: { query: { ...query, cursor } } }));
  const columns: readonly Column<Profile>[] = [
    { id: 'name', name: t('Name'), share: 3, cell: (profile) => <ProfileName profile={profile} /> },
    { id: 'gives', name: t('Gives'), share: 2, cell: (profile) => <Gives profile={profile} /> },
    { id: 'owner', name: t('Owner'), wideOnly: true, cell: ({ organization }) => organization ?? <span className="quiet">{t('root')}</span> },
    { id: 'kind', name: t('Kind'), wideOnly: true, cell: ({ managed: shipped, origin }) => kindOf(shipped, origin?.security_profile) },
  ];
  return (
    <Page
      title={t('Security profiles')}
      about={t('Named sets of roles. They are what is assigned: to people, groups, organizations and clients.')}
      fill
      actions={
        may('post', '/api/v1/security-profiles') && (
          <LinkButton kind="primary" icon="add" href="/profiles/new">
            {t('New profile')}
          </LinkButton>
        )
      }
    >
      <div className="toolbar">
        <SearchField label={t('Find a profile')} value={text} onChange={setText} />
        <Switch isSelected={managed === 'true'} onChange={(on) => setManaged(on ? 'true' : '')}>
          {t('Shipped')}
        </Switch>
        <Switch isSelected={full === 'true'} onChange={(on) => setFull(on ? 'true' : '')}>
          {t('Every role')}
        </Switch>
      </div>
      <DataTable
        label={t('Security profiles')}
        columns={columns}
        pages={pages}
        keyOf={({ id }) => id}
        href={({ id }) => `/profiles/${encodeURIComponent(id)}`}
        empty={<Empty icon="shield" title={search === '' ? t('There is no security profile yet.') : t('No profile has this in its name.')} />}
      />
    </Page>
  );
}

function ProfileName({ profile: { id, name } }: { profile: Profile }) {
  return (
    <>
      <strong>{name}</strong> {name !== id && <span className="quiet">{id}</span>}
    </>
  );
}

function Gives({ profile: { roles, permissions, gives_full_access: full } }: { profile: Profile }) {
  if (full) return <FullAccessTag />;
  const parts = [
    ...(roles.length > 0 ? [tn(roles.length, '{count} role', '{count} roles')] : []),
    ...(permissions.length > 0 ? [tn(permissions.length, '{count} type', '{count} types')] : []),
  ];
  return parts.length === 0 ? <span className="quiet">{t('nothing')}</span> : parts.join(', ');
}

function kindOf(managed: boolean, origin: string | undefined) {
  if (managed) return <Tag tone="accent">{t('Shipped')}</Tag>;
  if (origin !== undefined) return <Tag>{t('Clone of {origin}', { origin })}</Tag>;
  return undefined;
}
