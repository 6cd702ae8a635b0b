import { answered, api } from '../../api/client.ts';
import { Creator, IdField } from '../../parts/creator.tsx';
import { TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { Picker } from '../../parts/picker.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import type { Group } from './list.tsx';

interface New {
  readonly id: string | undefined;
  readonly name: string;
  readonly organization: string | undefined;
}

export function NewGroup() {
  const { me } = useSession();
  const initial: New = { id: undefined, name: '', organization: me.tenancy.organization };
  return (
    <Creator
      title={t('New user group')}
      list={[t('User groups'), '/groups']}
      initial={initial}
      isComplete={({ name, organization }) => name !== '' && organization !== undefined}
      fields={({ value, set }) => (
        <Section title={t('General')}>
          <div className="columns">
            <TextField label={t('Name')} name="name" value={value.name} onChange={(name) => set('name', name)} isRequired />
            <Picker
              label={t('Organization')}
              name="organization"
              source="organization"
              value={value.organization}
              onChange={(organization) => set('organization', organization)}
              isRequired
            />
            <IdField value={value.id} onChange={(id) => set('id', id)} />
          </div>
        </Section>
      )}
      send={(body, { dryRun }) => answered(api.POST('/api/v1/user-groups', { params: { query: { dry_run: dryRun } }, body }))}
      hrefOf={(made) => `/groups/${encodeURIComponent((made as Group).id)}`}
    />
  );
}
