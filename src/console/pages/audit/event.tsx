import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-aria-components';
import { answered, api } from '../../api/client.ts';
import { Facts, Page, PlainTable, Section } from '../../parts/layout.tsx';
import { Loading, ProblemNotice } from '../../parts/notices.tsx';
import { Tag } from '../../parts/tags.tsx';
import { Time } from '../../parts/time.tsx';
import { t } from '../../words/words.ts';
import { eventName, type AuditEvent } from './list.tsx';

export function AuditEventPage({ params: { id } }: { params: { id: string } }) {
  const { data: event, error } = useQuery({
    queryKey: ['audit-event', id],
    queryFn: () => answered(api.GET('/api/v1/audit-events/{id}', { params: { path: { id } } })),
  });
  if (error !== null) return <ProblemNotice error={error} />;
  if (event === undefined) return <Loading />;
  return (
    <Page title={eventName(event.type)} above={[[t('Audit'), '/audit']]} tags={<Tag>{t('Event {id}', { id })}</Tag>}>
      <Facts
        of={{
          [t('When')]: <Time at={event.at} distance />,
          [t('Who')]: <Link href={`/audit?actor=${encodeURIComponent(event.actor.id)}`}>{`${event.actor.id} (${event.actor.kind})`}</Link>,
          [t('In the name of')]: event.on_behalf_of?.id,
          [t('Through')]: event.client_id,
          [t('To what')]: <Link href={`/audit?target_id=${encodeURIComponent(event.target.id)}`}>{`${event.target.id} (${event.target.kind})`}</Link>,
          [t('Organization')]: event.organization,
          [t('Request')]: event.request_id,
          [t('Hash')]: <code>{event.hash}</code>,
        }}
      />
      <Section title={t('Before and after')}>
        <Difference event={event} />
      </Section>
    </Page>
  );
}

type Members = Readonly<Record<string, unknown>>;

const membersOf = (value: unknown): Members =>
  typeof value === 'object' && value !== null ? (value as Members) : value === undefined ? {} : { value };
const shown = (value: unknown): string => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));

/** Member by member; what differs is marked, and said to be so. */
function Difference({ event }: { event: AuditEvent }) {
  const before = membersOf(event.before);
  const after = membersOf(event.after);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  if (names.length === 0) return <p className="quiet">{t('Nothing is recorded besides.')}</p>;
  return (
    <PlainTable
      label={t('Before and after')}
      columns={[t('Field'), t('Before'), t('After'), t('Changed')]}
      items={names}
      keyOf={(name) => name}
      row={(name) => {
        const [was, becomes] = [shown(before[name]), shown(after[name])];
        const changed = was !== becomes;
        return [
          <code key="name">{name}</code>,
          was === '' ? (
            ''
          ) : (
            <Tag key="before" tone={changed ? 'bad' : 'plain'}>
              {was}
            </Tag>
          ),
          becomes === '' ? (
            ''
          ) : (
            <Tag key="after" tone={changed ? 'good' : 'plain'}>
              {becomes}
            </Tag>
          ),
          changed ? t('yes') : '',
        ];
      }}
    />
  );
}
