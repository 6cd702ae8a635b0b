import { useSearch } from 'wouter';
import { answered, api } from '../../api/client.ts';
import { Creator, IdField } from '../../parts/creator.tsx';
import { Section } from '../../parts/layout.tsx';
import { ListPicker } from '../../parts/picker.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { UserFields } from './fields.tsx';
import type { User } from './list.tsx';

export function NewUser() {
  const { ownOrganization } = useSession();
  const organization = new URLSearchParams(useSearch()).get('organization') ?? ownOrganization ?? '';
  const initial: User = { id: '', username: '', organization, active: true, user_groups: [], authorized_organizations: [] };
  return (
    <Creator
      title={t('New user')}
      list={[t('Users'), '/users']}
      initial={initial}
      isComplete={(user) => user.username !== '' && user.organization !== ''}
      fields={(draft) => (
        <>
          <UserFields draft={draft} isReadOnly={false} />
          <Section title={t('User groups')}>
            <ListPicker
              label={t('User groups')}
              name="user_groups"
              source="user_group"
              values={draft.value.user_groups.map((group) => (typeof group === 'string' ? group : group.user_group))}
              onChange={(groups) => draft.set('user_groups', groups)}
            />
          </Section>
          <IdField value={draft.value.id} onChange={(id = '') => draft.set('id', id)} />
        </>
      )}
      send={({ id, ...user }, { dryRun }) =>
        answered(api.POST('/api/v1/users', { params: { query: { dry_run: dryRun } }, body: { ...user, ...(id === '' ? {} : { id }) } }))
      }
      hrefOf={(made) => `/users/${encodeURIComponent((made as User).id)}`}
    />
  );
}
