import { answered, api } from '../../api/client.ts';
import { Creator, IdField } from '../../parts/creator.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { ProfileFields, type Profile } from './fields.tsx';

export function NewProfile() {
  const { ownOrganization } = useSession();
  const initial: Profile = {
    id: '',
    name: '',
    organization: ownOrganization,
    roles: [],
    permissions: [],
    full_access: false,
    managed: false,
    version: 1,
    gives_full_access: false,
  };
  return (
    <Creator
      title={t('New security profile')}
      list={[t('Security profiles'), '/profiles']}
      initial={initial}
      isComplete={({ name }) => name !== ''}
      fields={(draft, errors) => (
        <>
          <ProfileFields draft={draft} errors={errors} isReadOnly={false} />
          <IdField value={draft.value.id} onChange={(id = '') => draft.set('id', id)} />
        </>
      )}
      send={({ id, name, description, organization, roles, permissions, full_access, password_policy }, { dryRun }) =>
        answered(
          api.POST('/api/v1/security-profiles', {
            params: { query: { dry_run: dryRun } },
            body: { ...(id === '' ? {} : { id }), name, description, organization, roles, permissions, full_access, password_policy },
          }),
        )
      }
      hrefOf={(made) => `/profiles/${encodeURIComponent((made as Profile).id)}`}
    />
  );
}
