import { useState } from 'react';
import { api, versioned, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { Button } from '../../parts/button.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { Empty, Note } from '../../parts/notices.tsx';
import { useObjectChanges } from '../../parts/object-changes.ts';
import { ObjectPage } from '../../parts/object-page.tsx';
import { ActiveTag, FullAccessTag, Tag } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { AssignmentTable } from '../assignments/table.tsx';
import { CloneDialog } from './clone.tsx';
import { DriftView } from './drift.tsx';
import { ProfileFields } from './fields.tsx';
import { ProfileUsage } from './usage.tsx';

type Profile = Schemas['SecurityProfile'];

const PATH = '/api/v1/security-profiles/{id}';

export function ProfilePage({ params: { id } }: { params: { id: string } }) {
  const { may } = useSession();
  const changes = useObjectChanges(PATH, id);
  return (
    <ObjectPage
      queryKey={['security-profile', id]}
      list={[t('Security profiles'), '/profiles']}
      read={() => versioned(api.GET(PATH, { params: { path: { id } } }))}
      titleOf={({ name }) => name}
      tags={(profile) => <ProfileTags profile={profile} />}
      actions={({ data }) => may('post', '/api/v1/security-profiles/{id}/clone') && <CloneButton profile={data} />}
      notice={({ managed }) =>
        managed &&
        may('patch', PATH) && (
          <Note>{t('This profile is shipped: the next version of its file may change it. Clone it to have one of your own.')}</Note>
        )
      }
      fields={(draft, errors, isReadOnly) => <ProfileFields draft={draft} errors={errors} isReadOnly={isReadOnly} />}
      {...changes}
      tabs={(object) => [
        { id: 'holders', name: t('Holders'), content: () => <Holders id={id} /> },
        { id: 'assignments', name: t('Assignments'), content: () => <AssignmentTable filter={{ security_profile: id }} /> },
        ...(object.data.origin === undefined ? [] : [{ id: 'drift', name: t('Drift'), content: () => <DriftView profile={object} /> }]),
        { id: 'usage', name: t('Usage'), content: () => <ProfileUsage profile={object.data} /> },
      ]}
    />
  );
}

function CloneButton({ profile }: { profile: Profile }) {
  const [cloning, setCloning] = useState(false);
  return (
    <>
      <Button icon="copy" onPress={() => setCloning(true)}>
        {t('Clone')}
      </Button>
      {cloning && <CloneDialog profile={profile} onClose={() => setCloning(false)} />}
    </>
  );
}

function ProfileTags({ profile: { managed, origin, gives_full_access: full, version } }: { profile: Profile }) {
  return (
    <>
      {full && <FullAccessTag />}
      {managed && <Tag tone="accent">{t('Shipped')}</Tag>}
      {origin !== undefined && <Tag>{t('Clone of {origin}', { origin: origin.security_profile })}</Tag>}
      <Tag>{t('Version {version}', { version })}</Tag>
    </>
  );
}

function Holders({ id }: { id: string }) {
  const { may } = useSession();
  const pages = usePages(['holders', id], (cursor) =>
    api.GET('/api/v1/security-profiles/{id}/holders', { params: { path: { id }, query: { limit: PAGE_SIZE, cursor } } }),
  );
  return (
    <DataTable
      label={t('Holders')}
      columns={[
        { id: 'user', name: t('User'), share: 2, cell: ({ username }) => <strong>{username}</strong> },
        { id: 'organization', name: t('Organization'), cell: ({ organization }) => organization },
        { id: 'state', name: t('State'), wideOnly: true, cell: ({ active }) => <ActiveTag active={active} /> },
        { id: 'through', name: t('Assignments'), wideOnly: true, cell: ({ assignments }) => assignments.length },
      ]}
      pages={pages}
      keyOf={({ user }) => user}
      href={may('get', '/api/v1/users/{id}') ? ({ user }) => `/users/${encodeURIComponent(user)}` : undefined}
      empty={<Empty icon="person" title={t('Nobody holds this profile.')} />}
    />
  );
}
