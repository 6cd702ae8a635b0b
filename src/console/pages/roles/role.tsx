import { answered, api, versioned } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { Creator } from '../../parts/creator.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import type { Draft } from '../../parts/editor.tsx';
import { Select, TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { Empty } from '../../parts/notices.tsx';
import { useObjectChanges } from '../../parts/object-changes.ts';
import { ObjectPage } from '../../parts/object-page.tsx';
import { categoryName } from '../../parts/role-picker.tsx';
import { Tag } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import type { Role } from './list.tsx';

const PATH = '/api/v1/roles/{id}';

export function RolePage({ params: { id } }: { params: { id: string } }) {
  const { may, isRoot } = useSession();
  const changes = useObjectChanges(PATH, id, isRoot);
  return (
    <ObjectPage
      queryKey={['role', id]}
      list={[t('Roles'), '/roles']}
      read={() => versioned(api.GET(PATH, { params: { path: { id } } }))}
      titleOf={({ name }) => name}
      tags={({ category }) => <Tag>{categoryName(category)}</Tag>}
      fields={(draft, _errors, isReadOnly) => <Fields draft={draft} isReadOnly={isReadOnly} />}
      {...changes}
      tabs={() =>
        may('get', '/api/v1/security-profiles') ? [{ id: 'profiles', name: t('Profiles that name it'), content: () => <Profiles role={id} /> }] : []
      }
    />
  );
}

function Profiles({ role }: { role: string }) {
  const pages = usePages(['profiles-of-role', role], (cursor) =>
    api.GET('/api/v1/security-profiles', { params: { query: { role, limit: PAGE_SIZE, cursor } } }),
  );
  return (
    <DataTable
      label={t('Security profiles')}
      columns={[
        { id: 'name', name: t('Name'), share: 2, cell: ({ name }) => <strong>{name}</strong> },
        { id: 'owner', name: t('Owner'), cell: ({ organization }) => organization ?? t('root') },
      ]}
      pages={pages}
      keyOf={({ id }) => id}
      href={({ id }) => `/profiles/${encodeURIComponent(id)}`}
      empty={<Empty icon="shield" title={t('No profile names this role.')} />}
    />
  );
}

export function NewRole() {
  const initial: Role = { name: '', category: 'custom' };
  return (
    <Creator
      title={t('New role')}
      list={[t('Roles'), '/roles']}
      initial={initial}
      isComplete={({ name }) => name !== ''}
      fields={(draft) => (
        <>
          <TextField
            label={t('Name')}
            name="name"
            mono
            value={draft.value.name}
            onChange={(name) => draft.set('name', name)}
            help={t('Letters, digits and . _ : / - without spaces. Never changes.')}
            isRequired
          />
          <Fields draft={draft} isReadOnly={false} />
        </>
      )}
      send={(body, { dryRun }) => answered(api.POST('/api/v1/roles', { params: { query: { dry_run: dryRun } }, body }))}
      hrefOf={(made) => `/roles/${encodeURIComponent((made as Role).name)}`}
    />
  );
}

function Fields({ draft: { value, set }, isReadOnly }: { draft: Draft<Role>; isReadOnly: boolean }) {
  const categories: Readonly<Record<Role['category'], string>> = {
    reader: categoryName('reader'),
    admin: categoryName('admin'),
    shopper: categoryName('shopper'),
    me: categoryName('me'),
    override: categoryName('override'),
    custom: categoryName('custom'),
    other: categoryName('other'),
    full_access: categoryName('full_access'),
  };
  return (
    <Section title={t('General')}>
      <div className="columns">
        <Select
          label={t('Category')}
          name="category"
          value={value.category}
          onChange={(category) => set('category', category)}
          options={categories}
          isDisabled={isReadOnly}
        />
      </div>
      <TextField
        label={t('Description')}
        name="description"
        value={value.description ?? ''}
        onChange={(description) => set('description', description === '' ? undefined : description)}
        isDisabled={isReadOnly}
      />
    </Section>
  );
}
