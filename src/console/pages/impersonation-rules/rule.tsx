import { answered, api, versioned } from '../../api/client.ts';
import { Creator, IdField } from '../../parts/creator.tsx';
import { useObjectChanges } from '../../parts/object-changes.ts';
import { ObjectPage } from '../../parts/object-page.tsx';
import { t } from '../../words/words.ts';
import { RuleFields } from './fields.tsx';
import { ruleParty, type Rule } from './list.tsx';

const PATH = '/api/v1/impersonation-rules/{id}';

export function RulePage({ params: { id } }: { params: { id: string } }) {
  const changes = useObjectChanges(PATH, id);
  return (
    <ObjectPage
      queryKey={['impersonation-rule', id]}
      list={[t('Impersonation rules'), '/impersonation-rules']}
      read={() => versioned(api.GET(PATH, { params: { path: { id } } }))}
      titleOf={({ impersonator, target }) => t('{who} as {whom}', { who: ruleParty(impersonator), whom: ruleParty(target) })}
      fields={(draft, _errors, isReadOnly) => <RuleFields draft={draft} isReadOnly={isReadOnly} />}
      {...changes}
    />
  );
}

const isNamed = (party: Rule['target']): boolean => Object.keys(party).length > 0;

export function NewRule() {
  const initial: Rule = { id: '', impersonator: {}, target: {}, security_profile: '', client: '' };
  return (
    <Creator
      title={t('New impersonation rule')}
      list={[t('Impersonation rules'), '/impersonation-rules']}
      initial={initial}
      isComplete={({ impersonator, target, security_profile: profile, client }) =>
        isNamed(impersonator) && isNamed(target) && profile !== '' && client !== ''
      }
      fields={(draft) => (
        <>
          <RuleFields draft={draft} isReadOnly={false} />
          <IdField value={draft.value.id} onChange={(id = '') => draft.set('id', id)} />
        </>
      )}
      send={({ id, ...rule }, { dryRun }) =>
        answered(api.POST('/api/v1/impersonation-rules', { params: { query: { dry_run: dryRun } }, body: { ...rule, ...(id === '' ? {} : { id }) } }))
      }
      hrefOf={(made) => `/impersonation-rules/${encodeURIComponent((made as Rule).id)}`}
    />
  );
}
