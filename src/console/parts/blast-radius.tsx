import { useMemo } from 'react';
import type { BlastRadius } from '../api/client.ts';
import { t, tn } from '../words/words.ts';
import { PlainTable } from './layout.tsx';
import { Note } from './notices.tsx';
import { Gains, Tags } from './tags.tsx';

/** What a change would mean, before it is made: who gains and loses which roles. */
export function BlastRadiusView({ radius }: { radius: BlastRadius }) {
  const { subjects, by_organization: counts, roles_nobody_would_hold: orphaned } = radius;
  const organizations = useMemo(() => byOrganization(counts), [counts]);
  if (subjects.total === 0) return <Note kind="good">{t('Nobody gains or loses a role by this.')}</Note>;
  return (
    <div className="stack">
      <p className="figure">
        <strong>{tn(subjects.total, '{count} person or program', '{count} people and programs')}</strong> {t('would hold other roles than now.')}
        {subjects.cut && <span className="quiet"> {t('The change reaches more than were compared.')}</span>}
      </p>
      {orphaned.length > 0 && (
        <Note kind="warning">
          {t('Nobody would hold any more:')} <Tags names={orphaned} />
        </Note>
      )}
      <PlainTable
        label={t('By organization')}
        columns={[t('Organization'), t('Roles'), t('Gains'), t('Losses')]}
        items={organizations}
        keyOf={({ organization }) => organization ?? ''}
        row={({ organization, gained, lost, gains, losses }) => [
          organization ?? t('none'),
          <Gains key="roles" gained={gained} lost={lost} />,
          gains,
          losses,
        ]}
      />
      <PlainTable
        label={t('Who')}
        columns={[t('Who'), t('Organization'), t('Roles')]}
        items={subjects.first}
        keyOf={({ kind, id, client }) => `${kind} ${id} ${client}`}
        row={({ id, organization, client, gained, lost }) => [
          <span key="id">
            {id}
            {client !== null && <span className="quiet"> {t('through {client}', { client })}</span>}
          </span>,
          organization ?? t('none'),
          <Gains key="roles" gained={gained} lost={lost} />,
        ]}
      />
      {subjects.total > subjects.first.length && (
        <p className="quiet">{t('The first {shown} of {total}.', { shown: subjects.first.length, total: subjects.total })}</p>
      )}
    </div>
  );
}

interface OrganizationGains {
  readonly organization: string | null;
  readonly gained: readonly string[];
  readonly lost: readonly string[];
  readonly gains: number;
  readonly losses: number;
}

function byOrganization(counts: BlastRadius['by_organization']): readonly OrganizationGains[] {
  return [...Map.groupBy(counts, ({ organization }) => organization)].map(([organization, of]) => ({
    organization,
    gained: of.filter(({ gained }) => gained > 0).map(({ role }) => role),
    lost: of.filter(({ lost }) => lost > 0).map(({ role }) => role),
    gains: of.reduce((sum, { gained }) => sum + gained, 0),
    losses: of.reduce((sum, { lost }) => sum + lost, 0),
  }));
}
