import type { Schemas } from '../api/client.ts';
import { t } from '../words/words.ts';
import { Tag } from './tags.tsx';

export type Verdict = Schemas['Explanation']['verdict'];

export function verdictName(verdict: Verdict): string {
  const names: Readonly<Record<Verdict, string>> = {
    granted: t('granted'),
    unknown: t('nobody knows this name'),
    unheld: t('not held'),
    not_yet_valid: t('held later'),
    expired: t('held until lately'),
    barred_for_organization_type: t('barred for this type of organization'),
    above_client_maximum: t('above the client’s maximum'),
    outside_resource_server: t('means nothing to this API'),
  };
  return names[verdict];
}

export function VerdictTag({ verdict }: { verdict: Verdict }) {
  return <Tag tone={verdict === 'granted' ? 'good' : verdict === 'unknown' ? 'warning' : 'bad'}>{verdictName(verdict)}</Tag>;
}
