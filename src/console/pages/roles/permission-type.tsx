import { answered, api, versioned, type Schemas } from '../../api/client.ts';
import { Creator } from '../../parts/creator.tsx';
import type { Draft } from '../../parts/editor.tsx';
import { TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { useObjectChanges } from '../../parts/object-changes.ts';
import { ObjectPage } from '../../parts/object-page.tsx';
import { Tags } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';

type PermissionType = Schemas['PermissionType'];

const PATH = '/api/v1/permission-types/{id}';
const LIST = '/roles?tab=types';

export function PermissionTypePage({ params: { id } }: { params: { id: string } }) {
  const { isRoot } = useSession();
  const changes = useObjectChanges(PATH, id, isRoot);
  return (
    <ObjectPage
      queryKey={['permission-type', id]}
      list={[t('Types and operations'), LIST]}
      read={() => versioned(api.GET(PATH, { params: { path: { id } } }))}
      titleOf={({ type }) => type}
      fields={(draft, _errors, isReadOnly) => <Fields draft={draft} isReadOnly={isReadOnly} />}
      {...changes}
    />
  );
}

export function NewPermissionType() {
  const initial: PermissionType = { type: '', operations: [] };
  return (
    <Creator
      title={t('New type')}
      list={[t('Types and operations'), LIST]}
      initial={initial}
      isComplete={({ type, operations }) => type !== '' && operations.length > 0}
      fields={(draft) => (
        <>
          <TextField
            label={t('Type')}
            name="type"
            mono
            value={draft.value.type}
            onChange={(type) => draft.set('type', type)}
            help={t('Never changes.')}
            isRequired
          />
          <Fields draft={draft} isReadOnly={false} />
        </>
      )}
      send={(body, { dryRun }) => answered(api.POST('/api/v1/permission-types', { params: { query: { dry_run: dryRun } }, body }))}
      hrefOf={(made) => `/permission-types/${encodeURIComponent((made as PermissionType).type)}`}
    />
  );
}

function Fields({ draft: { value, set }, isReadOnly }: { draft: Draft<PermissionType>; isReadOnly: boolean }) {
  return (
    <Section title={t('Operations')} about={t('Each pair is a role: type:operation.')}>
      <TextField
        label={t('Operations, one a line')}
        name="operations"
        lines={6}
        mono
        value={value.operations.join('\n')}
        onChange={(text) => set('operations', text === '' ? [] : text.split('\n').map((line) => line.trim()))}
        isDisabled={isReadOnly}
      />
      <Tags names={value.operations.filter((operation) => operation !== '').map((operation) => `${value.type}:${operation}`)} />
    </Section>
  );
}
