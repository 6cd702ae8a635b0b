import { api, versioned } from '../../api/client.ts';
import { LinkButton } from '../../parts/button.tsx';
import { useObjectChanges } from '../../parts/object-changes.ts';
import { ObjectPage } from '../../parts/object-page.tsx';
import { ActiveTag, Tag } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { AssignmentTable } from '../assignments/table.tsx';
import { EffectiveRoles } from './effective-roles.tsx';
import { UserFields } from './fields.tsx';
import { Memberships } from './memberships.tsx';
import { Password } from './password.tsx';
import { Sessions } from './sessions.tsx';

const PATH = '/api/v1/users/{id}';

export function UserPage({ params: { id } }: { params: { id: string } }) {
  const { may } = useSession();
  const changes = useObjectChanges(PATH, id);
  return (
    <ObjectPage
      queryKey={['user', id]}
      list={[t('Users'), '/users']}
      read={() => versioned(api.GET(PATH, { params: { path: { id } } }))}
      titleOf={({ username }) => username}
      tags={({ active, organization }) => (
        <>
          <ActiveTag active={active} />
          <Tag>{organization}</Tag>
        </>
      )}
      actions={() =>
        may('get', '/api/v1/explain') && (
          <LinkButton icon="question" href={`/why?user=${encodeURIComponent(id)}`}>
            {t('Why?')}
          </LinkButton>
        )
      }
      fields={(draft, _errors, isReadOnly) => <UserFields draft={draft} isReadOnly={isReadOnly} />}
      {...changes}
      tabs={({ data }) => [
        { id: 'roles', name: t('Roles'), content: () => <EffectiveRoles id={id} /> },
        { id: 'groups', name: t('Groups'), content: () => <Memberships user={data} /> },
        ...(may('get', '/api/v1/assignments')
          ? [{ id: 'assignments', name: t('Assignments'), content: () => <AssignmentTable filter={{ user: id }} /> }]
          : []),
        { id: 'sessions', name: t('Sessions'), content: () => <Sessions id={id} /> },
        ...(may('put', '/api/v1/users/{id}/password') ? [{ id: 'password', name: t('Password'), content: () => <Password user={data} /> }] : []),
      ]}
    />
  );
}
