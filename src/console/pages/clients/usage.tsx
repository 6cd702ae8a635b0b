import { useQuery } from '@tanstack/react-query';
import { answered, api } from '../../api/client.ts';
import { PAGE_SIZE } from '../../api/pages.ts';
import { Bars } from '../../parts/bars.tsx';
import { CopyButton } from '../../parts/button.tsx';
import { PlainTable, Section } from '../../parts/layout.tsx';
import { Empty, Loading, Note, ProblemNotice } from '../../parts/notices.tsx';
import { Tag } from '../../parts/tags.tsx';
import { useToast } from '../../parts/toast.tsx';
import { t, tn } from '../../words/words.ts';

/** What a client asked for lately, what it got, and what it could do without. */
export function ClientUsage({ id }: { id: string }) {
  const toast = useToast();
  const path = { id };
  const { data: review, error } = useQuery({
    queryKey: ['client-review', id],
    queryFn: () => answered(api.GET('/api/v1/clients/{id}/usage', { params: { path } })),
  });
  const { data: roles } = useQuery({
    queryKey: ['client-roles', id],
    queryFn: () => answered(api.GET('/api/v1/clients/{id}/usage/roles', { params: { path, query: { limit: PAGE_SIZE } } })),
  });
  if (error !== null) return <ProblemNotice error={error} />;
  if (review === undefined || roles === undefined) return <Loading />;
  if (review.tokens === 0) return <Empty icon="chart" title={t('It got no token in the last {days} days.', { days: review.days })} />;
  return (
    <>
      <p className="figure">
        <strong>{tn(review.tokens, '{count} token', '{count} tokens')}</strong> {t('in the last {days} days.', { days: review.days })}
      </p>
      {review.least_scope !== null && (
        <Section title={t('The least scope that covers what it was granted')}>
          <pre className="code">{review.least_scope}</pre>
          <div>
            <CopyButton text={review.least_scope} label={t('Copy')} onCopied={() => toast(t('Copied'))} />
          </div>
        </Section>
      )}
      <Section title={t('Asked for in vain')}>
        {review.asked_in_vain.length === 0 ? (
          <Note kind="good">{t('Nothing.')}</Note>
        ) : (
          <PlainTable
            label={t('Asked for in vain')}
            columns={[t('Name'), t('Requests'), t('Last on')]}
            items={review.asked_in_vain}
            keyOf={({ role }) => role ?? ''}
            row={({ role, known, requested, last_requested_on: last }) => [
              <span key="role">
                <code>{role ?? t('names that nobody knows')}</code> {!known && <Tag tone="warning">{t('not defined')}</Tag>}
              </span>,
              requested,
              last ?? '',
            ]}
          />
        )}
      </Section>
      <Section title={t('Granted, by role')}>
        <Bars
          label={t('Granted, by role')}
          unit={t('tokens')}
          bars={roles.items.map(({ role, granted, last_used_on: last }) => ({
            name: role ?? t('other'),
            value: granted,
            about: last === null ? t('not used') : t('last on {day}', { day: last }),
          }))}
        />
      </Section>
    </>
  );
}
