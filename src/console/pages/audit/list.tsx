import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { Button } from '../../parts/button.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { TextField } from '../../parts/fields.tsx';
import { useFilter, useTypedFilter } from '../../parts/filters.ts';
import { Page } from '../../parts/layout.tsx';
import { Empty, Loading, Note, ProblemNotice } from '../../parts/notices.tsx';
import { instantOf, localOf, Time } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { exportEvents } from './export.ts';

export type AuditEvent = Schemas['AuditEvent'];

export function AuditList() {
  const { isRoot } = useSession();
  const filters = useAuditFilters();
  const [verifying, setVerifying] = useState(false);
  const [exporting, setExporting] = useState<'no' | 'yes' | { readonly error: unknown }>('no');
  const query = { limit: PAGE_SIZE, ...filters.query };
  const pages = usePages(['audit', query], (cursor) => api.GET('/api/v1/audit-events', { params: { query: { ...query, cursor } } }));
  const save = () => {
    setExporting('yes');
    exportEvents(filters.query).then(
      () => setExporting('no'),
      (error: unknown) => setExporting({ error }),
    );
  };
  return (
    <Page
      title={t('Audit')}
      about={t('Every change, newest first: who, what, before and after.')}
      fill
      actions={
        <>
          {isRoot && (
            <Button icon="check" onPress={() => setVerifying(true)}>
              {t('Verify the chain')}
            </Button>
          )}
          <Button onPress={save} isDisabled={exporting === 'yes'}>
            {exporting === 'yes' ? t('Exporting …') : t('Export')}
          </Button>
        </>
      }
    >
      {typeof exporting === 'object' && <ProblemNotice error={exporting.error} />}
      {verifying && <Verification />}
      <div className="toolbar filters">
        {filters.texts.map(({ label, text, setText }) => (
          <TextField key={label} label={label} value={text} onChange={setText} />
        ))}
        <TextField
          label={t('From')}
          type="datetime-local"
          value={localOf(filters.from || undefined)}
          onChange={(local) => filters.setFrom(instantOf(local) ?? '')}
        />
        <TextField
          label={t('Until')}
          type="datetime-local"
          value={localOf(filters.until || undefined)}
          onChange={(local) => filters.setUntil(instantOf(local) ?? '')}
        />
      </div>
      <DataTable
        label={t('Audit events')}
        columns={COLUMNS}
        pages={pages}
        keyOf={({ id }) => id}
        href={({ id }) => `/audit/${encodeURIComponent(id)}`}
        empty={<Empty icon="clock" title={t('No event matches.')} />}
      />
    </Page>
  );
}

function useAuditFilters() {
  const type = useTypedFilter('type');
  const actor = useTypedFilter('actor');
  const target = useTypedFilter('target_id');
  const organization = useTypedFilter('organization');
  const [from, setFrom] = useFilter('from');
  const [until, setUntil] = useFilter('until');
  const given = { type: type.value, actor: actor.value, target_id: target.value, organization: organization.value, from, until };
  const texts = [
    { label: t('What happened'), ...type },
    { label: t('Who'), ...actor },
    { label: t('To what'), ...target },
    { label: t('Organization'), ...organization },
  ];
  return { query: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '')), texts, from, setFrom, until, setUntil };
}

/** What happened is named in the past tense: `profile_assigned`. */
export const eventName = (type: string): string => t(type.replaceAll('_', ' '));

const COLUMNS: readonly Column<AuditEvent>[] = [
  { id: 'type', name: t('What happened'), share: 2, cell: ({ type }) => <strong>{eventName(type)}</strong> },
  {
    id: 'target',
    name: t('To what'),
    share: 2,
    cell: ({ target }) => (
      <>
        {target.id} <span className="quiet">{target.kind}</span>
      </>
    ),
  },
  { id: 'actor', name: t('Who'), share: 1, wideOnly: true, cell: ({ actor }) => actor.id },
  { id: 'at', name: t('When'), share: 2, wideOnly: true, cell: ({ at }) => <Time at={at} distance /> },
];

function Verification() {
  const { data, error } = useQuery({
    queryKey: ['audit-verification'],
    staleTime: 0,
    queryFn: () => answered(api.GET('/api/v1/audit-events/verification')),
  });
  if (error !== null) return <ProblemNotice error={error} />;
  if (data === undefined) return <Loading label={t('Going along the whole chain …')} />;
  if (data.fault !== null) {
    return <Note kind="danger">{t('The chain is broken at event {event}: {kind}.', { event: data.fault.event, kind: t(data.fault.kind) })}</Note>;
  }
  return (
    <Note kind="good">
      <p>{t('Unbroken: {count} events, none was changed, taken out or put in.', { count: data.events })}</p>
      <p className="quiet">
        <code>{data.hash}</code>
      </p>
    </Note>
  );
}
