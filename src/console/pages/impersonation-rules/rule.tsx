import { answered, api, versioned } from '../../api/client.ts';
import { Creator, IdField } from '../../parts/creator.tsx';
import { ObjectPage } from '../../parts/object-page.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { RuleFields } from './fields.tsx';
import { ruleParty, type Rule } from './list.tsx';

const PATH = '/api/v1/impersonation-rules/{id}';

export function RulePage({ params: { id } }: { params: { id: string } }) {
  const { may } = useSession();
  const path = { id };
  return (
    <ObjectPage
      queryKey={['impersonation-rule', id]}
      list={[t('Impersonation rules'), '/impersonation-rules']}
      read={() => versioned(api.GET(PATH, { params: { path } }))}
      titleOf={({ impersonator, target }) => t('{who} as {whom}', { who: ruleParty(impersonator), whom: ruleParty(target) })}
      fields={(draft, _errors, isReadOnly) => <RuleFields draft={draft} isReadOnly={isReadOnly} />}
      patch={
        may('patch', PATH)
          ? (body, etag, { dryRun }) =>
              answered(api.PATCH(PATH, { params: { path, query: { dry_run: dryRun }, header: { 'If-Match': etag } }, body }))
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
