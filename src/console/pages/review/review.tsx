/** @module What administrators look at from time to time: what is held and never used, what ends, what is too much, what is asked in vain. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-aria-components';
import { answered, api } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { Bars } from '../../parts/bars.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { Page, PlainTable, Section, Tabs } from '../../parts/layout.tsx';
import { Empty, Loading, Note, ProblemNotice } from '../../parts/notices.tsx';
import { Tag } from '../../parts/tags.tsx';
import { Time } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { partyOf } from '../assignments/table.tsx';

export function Review() {
  const { may } = useSession();
  const usage = may('get', '/api/v1/usage/roles');
  return (
    <Page title={t('Review')} about={t('Counts by day of what was asked for, granted and dropped; never who asked.')}>
      <Tabs
        label={t('Review')}
        tabs={[
          ...(usage
            ? [
                { id: 'roles', name: t('Roles in use'), content: () => <RolesInUse /> },
                { id: 'unused', name: t('Never used'), content: () => <Unused /> },
              ]
            : []),
          ...(may('get', '/api/v1/leases') ? [{ id: 'leases', name: t('Ending soon'), content: () => <Leases /> }] : []),
          ...(usage ? [{ id: 'full', name: t('Full access'), content: () => <FullAccess /> }] : []),
          ...(may('get', '/api/v1/usage/clients') ? [{ id: 'clients', name: t('Asked in vain'), content: () => <AskedInVain /> }] : []),
        ]}
      />
    </Page>
  );
}

function Since({ days, since }: { days: number; since: string | null }) {
  return (
    <p className="quiet">
      {t('The last {days} days.', { days })} {since !== null && t('Counted since {day}.', { day: since })}
    </p>
  );
}

function RolesInUse() {
  const { data, error } = useQuery({
    queryKey: ['usage', 'roles'],
    queryFn: () => answered(api.GET('/api/v1/usage/roles', { params: { query: { limit: PAGE_SIZE } } })),
  });
  if (error !== null) return <ProblemNotice error={error} />;
  if (data === undefined) return <Loading />;
  const used = data.items.filter(({ requested }) => requested > 0);
  return (
    <>
      <Since days={data.days} since={data.counted_since} />
      {used.length === 0 ? (
        <Empty icon="chart" title={t('No token was asked for.')} />
      ) : (
        <Section title={t('Granted, by role')}>
          <Bars
            label={t('Granted, by role')}
            unit={t('tokens')}
            bars={used
              .toSorted((a, b) => b.granted - a.granted)
              .map(({ role, granted, dropped }) => ({
                name: role ?? t('names that nobody knows'),
                value: granted,
                about: dropped === 0 ? '' : t('{count} dropped', { count: dropped }),
              }))}
          />
        </Section>
      )}
    </>
  );
}

function Unused() {
  const pages = usePages(['usage', 'unused'], (cursor) => api.GET('/api/v1/usage/unused-roles', { params: { query: { limit: PAGE_SIZE, cursor } } }));
  return (
    <>
      <Note>{t('Roles that profiles give and that no token carried for a time: candidates for being taken away.')}</Note>
      <DataTable
        label={t('Never used')}
        columns={[
          { id: 'role', name: t('Role'), share: 2, cell: ({ role }) => <code>{role}</code> },
          { id: 'profiles', name: t('Given by'), share: 3, cell: ({ security_profiles: profiles }) => profiles.join(', ') },
          { id: 'assigned', name: t('Assigned'), wideOnly: true, cell: ({ assigned }) => (assigned ? t('yes') : t('no')) },
          { id: 'last', name: t('Last used'), wideOnly: true, cell: ({ last_used_on: last }) => last ?? t('never') },
        ]}
        pages={pages}
        keyOf={({ role }) => role}
        empty={<Empty icon="check" title={t('Every role that is given was used.')} />}
      />
    </>
  );
}

function Leases() {
  const pages = usePages(['leases'], (cursor) => api.GET('/api/v1/leases', { params: { query: { limit: PAGE_SIZE, cursor } } }));
  return (
    <>
      <Note>{t('Assignments and memberships that end within 30 days. Whoever still needs them should get more time now.')}</Note>
      <DataTable
        label={t('Ending soon')}
        columns={[
          {
            id: 'what',
            name: t('What'),
            share: 3,
            cell: (lease) =>
              lease.kind === 'assignment'
                ? `${lease.assignment.security_profile} → ${partyOf(lease.assignment).id}`
                : t('{user} in {group}', { user: lease.membership.user, group: lease.membership.user_group }),
          },
          { id: 'kind', name: t('Kind'), wideOnly: true, cell: ({ kind }) => <Tag>{kind === 'assignment' ? t('Assignment') : t('Membership')}</Tag> },
          { id: 'ends', name: t('Ends'), share: 2, cell: ({ ends_at: ends }) => <Time at={ends} distance /> },
        ]}
        pages={pages}
        keyOf={(lease) => (lease.kind === 'assignment' ? lease.assignment.id : `${lease.membership.user} ${lease.membership.user_group}`)}
        href={(lease) =>
          lease.kind === 'assignment'
            ? `/assignments/${encodeURIComponent(lease.assignment.id)}`
            : `/users/${encodeURIComponent(lease.membership.user)}?tab=groups`
        }
        empty={<Empty icon="clock" title={t('Nothing ends within 30 days.')} />}
      />
    </>
  );
}

const MOST_PROFILES = 20;

/** Who has it all: by the role FullAccess, or by a profile with every role. */
function FullAccess() {
  const { data, error } = useQuery({ queryKey: ['full-access'], queryFn: readFullAccess });
  if (error !== null) return <ProblemNotice error={error} />;
  if (data === undefined) return <Loading />;
  return (
    <>
      <Note kind="warning">{t('Should be few people, each with a reason, and for a time.')}</Note>
      {data.length === 0 ? (
        <Empty icon="shield" title={t('Nobody whom you can see has full access.')} />
      ) : (
        <PlainTable
          label={t('Full access')}
          columns={[t('User'), t('Organization'), t('By the profile')]}
          items={data}
          keyOf={({ user, profile }) => `${user} ${profile}`}
          row={({ user, username, organization, profile }) => [
            <Link key="user" href={`/users/${encodeURIComponent(user)}`}>
              {username}
            </Link>,
            organization,
            <Link key="profile" href={`/profiles/${encodeURIComponent(profile)}`}>
              {profile}
            </Link>,
          ]}
        />
      )}
    </>
  );
}

async function readFullAccess() {
  const read = (query: { role?: string; full_access?: boolean }) =>
    answered(api.GET('/api/v1/security-profiles', { params: { query: { limit: MOST_PROFILES, ...query } } }));
  const lists = await Promise.all([read({ role: 'FullAccess' }), read({ full_access: true })]);
  const profiles = [...new Set(lists.flatMap(({ items }) => items.map(({ id }) => id)))];
  const holders = await Promise.all(
    profiles.map((id) => answered(api.GET('/api/v1/security-profiles/{id}/holders', { params: { path: { id }, query: { limit: PAGE_SIZE } } }))),
  );
  return profiles.flatMap((profile, index) => holders[index]!.items.map((holder) => ({ ...holder, profile })));
}

function AskedInVain() {
  const { data, error } = useQuery({
    queryKey: ['usage', 'clients'],
    queryFn: () => answered(api.GET('/api/v1/usage/clients', { params: { query: { limit: PAGE_SIZE } } })),
  });
  if (error !== null) return <ProblemNotice error={error} />;
  if (data === undefined) return <Loading />;
  const vain = data.items.filter(({ dropped }) => dropped > 0).toSorted((a, b) => b.dropped - a.dropped);
  return (
    <>
      <Since days={data.days} since={data.counted_since} />
      {vain.length === 0 ? (
        <Empty icon="check" title={t('Nobody asked for more than was given.')} />
      ) : (
        <Section
          title={t('Names dropped, by client')}
          about={t('An application that asks for what nobody gets asks for too much, or its users hold too little.')}
        >
          <Bars
            label={t('Names dropped, by client')}
            unit={t('names')}
            bars={vain.map(({ client_id: id, dropped, requested }) => ({
              name: id,
              value: dropped,
              about: t('of {count} asked for', { count: requested }),
              href: `/clients/${encodeURIComponent(id)}?tab=usage`,
            }))}
          />
        </Section>
      )}
    </>
  );
}
