import { answered, api } from '../../api/client.ts';
import { Creator, IdField } from '../../parts/creator.tsx';
import { TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { Picker } from '../../parts/picker.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import type { Organization } from './tree.tsx';

interface New {
  readonly id: string | undefined;
  readonly name: string;
  readonly type: string | undefined;
  readonly parent: string | undefined;
}

export function NewOrganization() {
  const { me } = useSession();
  const initial: New = { id: undefined, name: '', type: undefined, parent: me.tenancy.organization };
  return (
    <Creator
      title={t('New organization')}
      list={[t('Organizations'), '/organizations']}
      initial={initial}
      isComplete={({ name, type }) => name !== '' && type !== undefined}
      fields={({ value, set }) => (
        <Section title={t('General')}>
          <div className="columns">
            <TextField label={t('Name')} name="name" value={value.name} onChange={(name) => set('name', name)} isRequired />
            <IdField value={value.id} onChange={(id) => set('id', id)} />
            <Picker label={t('Below')} name="parent" source="organization" value={value.parent} onChange={(parent) => set('parent', parent)} />
            <Picker
              label={t('Type')}
              name="type"
              source="organization_type"
              value={value.type}
              onChange={(type) => set('type', type)}
              help={t('Says below which types it may stand.')}
              isRequired
            />
          </div>
        </Section>
      )}
      send={(body, { dryRun }) => answered(api.POST('/api/v1/organizations', { params: { query: { dry_run: dryRun } }, body }))}
      hrefOf={(made) => `/organizations/${encodeURIComponent((made as Organization).id)}`}
    />
  );
}
