import { api, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { LinkButton } from '../../parts/button.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { Page } from '../../parts/layout.tsx';
import { Empty } from '../../parts/notices.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';

export type Rule = Schemas['ImpersonationRule'];
export type RuleParty = Rule['impersonator'];

export function ruleParty({ user, user_group: group, organization }: RuleParty): string {
  if (user !== undefined) return t('user {id}', { id: user });
  if (group !== undefined) return t('group {id}', { id: group });
  return t('organization {id}', { id: organization ?? '' });
}

export function RuleList() {
  const { may } = useSession();
  const pages = usePages(['impersonation-rules'], (cursor) =>
    api.GET('/api/v1/impersonation-rules', { params: { query: { limit: PAGE_SIZE, cursor } } }),
  );
  return (
    <Page
      title={t('Impersonation rules')}
      about={t('Who may act as whom, through which client, with the roles of which profile. Both stand in the token.')}
      fill
      actions={
        may('post', '/api/v1/impersonation-rules') && (
          <LinkButton kind="primary" icon="add" href="/impersonation-rules/new">
            {t('New rule')}
          </LinkButton>
        )
      }
    >
      <DataTable
        label={t('Impersonation rules')}
        columns={COLUMNS}
        pages={pages}
        keyOf={({ id }) => id}
        href={({ id }) => `/impersonation-rules/${encodeURIComponent(id)}`}
        empty={<Empty icon="mask" title={t('Nobody acts as somebody else.')} />}
      />
    </Page>
  );
}

const COLUMNS: readonly Column<Rule>[] = [
  { id: 'who', name: t('Who'), share: 2, cell: ({ impersonator }) => <strong>{ruleParty(impersonator)}</strong> },
  { id: 'whom', name: t('Acts as'), share: 2, cell: ({ target }) => ruleParty(target) },
  { id: 'profile', name: t('With the profile'), wideOnly: true, cell: ({ security_profile: profile }) => profile },
  { id: 'client', name: t('Through'), wideOnly: true, cell: ({ client }) => client },
];
