import { LinkButton } from '../../parts/button.tsx';
import { useFilter } from '../../parts/filters.ts';
import { Page } from '../../parts/layout.tsx';
import { Picker } from '../../parts/picker.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { AssignmentTable } from './table.tsx';

export function AssignmentList() {
  const { may } = useSession();
  const [profile, setProfile] = useFilter('security_profile');
  const [user, setUser] = useFilter('user');
  const [organization, setOrganization] = useFilter('organization');
  const given = { security_profile: profile, user, organization };
  const filter = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  const valueOf = (value: string) => (value === '' ? undefined : value);
  return (
    <Page
      title={t('Assignments')}
      about={t('Which profile is given to whom. What several assignments give adds up.')}
      fill
      actions={
        may('post', '/api/v1/assignments') && (
          <LinkButton kind="primary" icon="add" href="/assignments/new">
            {t('Assign')}
          </LinkButton>
        )
      }
    >
      <div className="toolbar filters">
        <Picker label={t('Security profile')} source="security_profile" value={valueOf(profile)} onChange={(id) => setProfile(id ?? '')} />
        {may('get', '/api/v1/users') && <Picker label={t('User')} source="user" value={valueOf(user)} onChange={(id) => setUser(id ?? '')} />}
        {may('get', '/api/v1/organizations') && (
          <Picker label={t('Organization')} source="organization" value={valueOf(organization)} onChange={(id) => setOrganization(id ?? '')} />
        )}
      </div>
      <AssignmentTable filter={filter} />
    </Page>
  );
}
