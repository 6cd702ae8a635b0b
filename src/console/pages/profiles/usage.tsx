import { useQuery } from '@tanstack/react-query';
import { answered, api, type Schemas } from '../../api/client.ts';
import { Bars } from '../../parts/bars.tsx';
import { Section } from '../../parts/layout.tsx';
import { Empty, Loading, ProblemNotice } from '../../parts/notices.tsx';
import { t } from '../../words/words.ts';

const MOST = 100;

/** How often the roles of a profile were asked for lately, and what nobody used. */
export function ProfileUsage({ profile: { roles } }: { profile: Schemas['SecurityProfile'] }) {
  const { data, error } = useQuery({
    queryKey: ['usage', 'roles'],
    queryFn: () => answered(api.GET('/api/v1/usage/roles', { params: { query: { limit: MOST } } })),
  });
  if (error !== null) return <ProblemNotice error={error} />;
  if (data === undefined) return <Loading />;
  const counts = new Map(data.items.map((usage) => [usage.role, usage]));
  const bars = roles.map((role) => ({ name: role, value: counts.get(role)?.granted ?? 0, about: lastUse(counts.get(role)?.last_used_on) }));
  if (roles.length === 0) return <Empty icon="chart" title={t('The profile names no role directly.')} />;
  return (
    <Section
      title={t('Tokens with its roles')}
      about={t('In the last {days} days, whoever held the role and by whatever profile.', { days: data.days })}
    >
      <Bars label={t('Tokens by role')} unit={t('tokens')} bars={bars.toSorted((a, b) => b.value - a.value)} />
    </Section>
  );
}

const lastUse = (day: string | null | undefined): string => (day === null || day === undefined ? t('not used') : t('last on {day}', { day }));
