import { Link } from 'react-aria-components';
import { answered, api, versioned } from '../../api/client.ts';
import { Facts, Section } from '../../parts/layout.tsx';
import { ObjectPage } from '../../parts/object-page.tsx';
import { FullAccessTag } from '../../parts/tags.tsx';
import { Time } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { LimitFields } from './fields.tsx';
import { partyOf, type Assignment } from './table.tsx';

const PATH = '/api/v1/assignments/{id}';

export function AssignmentPage({ params: { id } }: { params: { id: string } }) {
  const { may } = useSession();
  const path = { id };
  return (
    <ObjectPage
      queryKey={['assignment', id]}
      list={[t('Assignments'), '/assignments']}
      read={() => versioned(api.GET(PATH, { params: { path } }))}
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
      patch={
        may('patch', PATH)
          ? (body, etag, { dryRun, confirm }) =>
              answered(
                api.PATCH(PATH, {
                  params: { path, query: { dry_run: dryRun }, header: { 'If-Match': etag } },
                  body: { ...body, ...(confirm === undefined ? {} : { confirm }) },
                }),
              )
          : undefined
      }
      remove={
        may('delete', PATH)
          ? (etag, { dryRun }) => answered(api.DELETE(PATH, { params: { path, query: { dry_run: dryRun }, header: { 'If-Match': etag } } }))
          : undefined
      }
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
