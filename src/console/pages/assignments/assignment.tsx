import { Link } from 'react-aria-components';
import { api, versioned } from '../../api/client.ts';
import { Facts, Section } from '../../parts/layout.tsx';
import { useObjectChanges } from '../../parts/object-changes.ts';
import { ObjectPage } from '../../parts/object-page.tsx';
import { FullAccessTag } from '../../parts/tags.tsx';
import { Time } from '../../parts/time.tsx';
import { t } from '../../words/words.ts';
import { LimitFields } from './fields.tsx';
import { partyOf, type Assignment } from './table.tsx';

const PATH = '/api/v1/assignments/{id}';

export function AssignmentPage({ params: { id } }: { params: { id: string } }) {
  const changes = useObjectChanges(PATH, id);
  return (
    <ObjectPage
      queryKey={['assignment', id]}
      list={[t('Assignments'), '/assignments']}
      read={() => versioned(api.GET(PATH, { params: { path: { id } } }))}
      titleOf={(assignment) => `${assignment.security_profile} → ${partyOf(assignment).id}`}
      tags={({ gives_full_access: full }) => full && <FullAccessTag />}
      fields={(draft, _errors, isReadOnly) => (
        <>
          <Section title={t('What, and to whom')}>
            <AssignmentFacts assignment={draft.value} />
          </Section>
          <LimitFields draft={draft} isReadOnly={isReadOnly} />
        </>
      )}
      {...changes}
    />
  );
}

function AssignmentFacts({ assignment }: { assignment: Assignment }) {
  const { kind, id } = partyOf(assignment);
  return (
    <Facts
      of={{
        [t('Security profile')]: <Link href={`/profiles/${encodeURIComponent(assignment.security_profile)}`}>{assignment.security_profile}</Link>,
        [kind]: <Link href={hrefOf(assignment)}>{id}</Link>,
        [t('Assigned by')]: assignment.assigned_by,
        [t('Assigned at')]: <Time at={assignment.assigned_at} distance />,
      }}
    />
  );
}

function hrefOf({ user, user_group: group, organization, client_id: client }: Assignment): string {
  if (user !== undefined) return `/users/${encodeURIComponent(user)}`;
  if (group !== undefined) return `/groups/${encodeURIComponent(group)}`;
  if (organization !== undefined) return `/organizations/${encodeURIComponent(organization)}`;
  return `/clients/${encodeURIComponent(client ?? '')}`;
}
