import type { Draft } from '../../parts/editor.tsx';
import { Switch, TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { ListPicker, Picker } from '../../parts/picker.tsx';
import { t } from '../../words/words.ts';
import type { User } from './list.tsx';

export function UserFields({ draft: { value, set }, isReadOnly }: { draft: Draft<User>; isReadOnly: boolean }) {
  return (
    <>
      <Section title={t('Person')}>
        <div className="columns">
          <TextField
            label={t('User name')}
            name="username"
            value={value.username}
            onChange={(name) => set('username', name)}
            isRequired
            isDisabled={isReadOnly}
          />
          <TextField
            label={t('Mail address')}
            name="email"
            type="email"
            value={value.email ?? ''}
            onChange={(email) => set('email', email === '' ? undefined : email)}
            isDisabled={isReadOnly}
          />
          <TextField
            label={t('Given name')}
            name="given_name"
            value={value.given_name ?? ''}
            onChange={(name) => set('given_name', name === '' ? undefined : name)}
            isDisabled={isReadOnly}
          />
          <TextField
            label={t('Family name')}
            name="family_name"
            value={value.family_name ?? ''}
            onChange={(name) => set('family_name', name === '' ? undefined : name)}
            isDisabled={isReadOnly}
          />
          <TextField
            label={t('Phone number')}
            name="phone_number"
            value={value.phone_number ?? ''}
            onChange={(number) => set('phone_number', number === '' ? undefined : number)}
            isDisabled={isReadOnly}
          />
          <Picker
            label={t('Organization')}
            name="organization"
            source="organization"
            value={value.organization === '' ? undefined : value.organization}
            onChange={(id) => set('organization', id ?? '')}
            isRequired
            isDisabled={isReadOnly}
          />
        </div>
        <Switch isSelected={value.active} onChange={(on) => set('active', on)} isDisabled={isReadOnly}>
          {t('May sign in; disabled, all tokens and sessions end at once')}
        </Switch>
      </Section>
      <Section title={t('Acts for others, too')} about={t('Organizations besides the own one that stand in the token as org_ids.')}>
        <ListPicker
          label={t('Further organizations')}
          name="authorized_organizations"
          source="organization"
          values={value.authorized_organizations}
          onChange={(ids) => set('authorized_organizations', ids)}
          isDisabled={isReadOnly}
        />
      </Section>
    </>
  );
}
