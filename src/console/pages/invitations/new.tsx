import { answered, api, type Schemas } from '../../api/client.ts';
import { Creator } from '../../parts/creator.tsx';
import { TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { ListPicker, Picker } from '../../parts/picker.tsx';
import { instantOf, localOf } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import type { Invitation } from './list.tsx';

type New = Schemas['InvitationCreation'];

export function NewInvitation() {
  const { me } = useSession();
  const initial: New = { email: '', organization: me.tenancy.organization ?? '' };
  return (
    <Creator
      title={t('Invite somebody')}
      list={[t('Invitations'), '/invitations']}
      initial={initial}
      isComplete={({ email, organization }) => email !== '' && organization !== ''}
      fields={({ value, set }) => (
        <>
          <Section title={t('Who')}>
            <div className="columns">
              <TextField
                label={t('Mail address')}
                name="email"
                type="email"
                value={value.email}
                onChange={(email) => set('email', email)}
                isRequired
              />
              <Picker
                label={t('Organization')}
                name="organization"
                source="organization"
                value={value.organization === '' ? undefined : value.organization}
                onChange={(id) => set('organization', id ?? '')}
                isRequired
              />
              <TextField
                label={t('User name')}
                name="username"
                value={value.username ?? ''}
                onChange={(name) => set('username', name === '' ? undefined : name)}
                help={t('Empty: chosen by whoever accepts.')}
              />
            </div>
          </Section>
          <Section title={t('What they get')} about={t('Judged twice: now, and when it is accepted, by what you hold then.')}>
            <div className="columns">
              <ListPicker
                label={t('User groups')}
                name="user_groups"
                source="user_group"
                values={value.user_groups ?? []}
                onChange={(groups) => set('user_groups', groups)}
              />
              <ListPicker
                label={t('Security profiles')}
                name="security_profiles"
                source="security_profile"
                values={value.security_profiles ?? []}
                onChange={(profiles) => set('security_profiles', profiles)}
              />
              <TextField
                label={t('Until')}
                name="valid_until"
                type="datetime-local"
                value={localOf(value.valid_until)}
                onChange={(local) => set('valid_until', instantOf(local))}
                help={t('When what they get ends. Empty: without an end.')}
              />
              <TextField
                label={t('Link ends')}
                name="expires_at"
                type="datetime-local"
                value={localOf(value.expires_at)}
                onChange={(local) => set('expires_at', instantOf(local))}
                help={t('Empty: as everywhere.')}
              />
            </div>
          </Section>
        </>
      )}
      send={(body, { dryRun, confirm }) =>
        answered(api.POST('/api/v1/invitations', { params: { query: { dry_run: dryRun } }, body: { ...body, confirm } }))
      }
      hrefOf={(made) => `/invitations/${encodeURIComponent((made as Invitation).id)}`}
    />
  );
}
