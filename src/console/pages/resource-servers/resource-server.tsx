import { answered, api, versioned } from '../../api/client.ts';
import { Creator } from '../../parts/creator.tsx';
import type { Draft } from '../../parts/editor.tsx';
import { Select, Switch, TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { useObjectChanges } from '../../parts/object-changes.ts';
import { ObjectPage } from '../../parts/object-page.tsx';
import { ListPicker } from '../../parts/picker.tsx';
import { Tag } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import type { ResourceServer } from './list.tsx';

const PATH = '/api/v1/resource-servers/{id}';

export function ResourceServerPage({ params: { id } }: { params: { id: string } }) {
  const { isRoot } = useSession();
  const changes = useObjectChanges(PATH, id, isRoot);
  return (
    <ObjectPage
      queryKey={['resource-server', id]}
      list={[t('Resource servers'), '/resource-servers']}
      read={() => versioned(api.GET(PATH, { params: { path: { id } } }))}
      titleOf={({ name }) => name}
      tags={({ audience }) => (
        <Tag>
          <code>{audience}</code>
        </Tag>
      )}
      fields={(draft, _errors, isReadOnly) => <Fields draft={draft} isReadOnly={isReadOnly} />}
      {...changes}
    />
  );
}

export function NewResourceServer() {
  const initial: ResourceServer = { audience: '', name: '', signing_alg: 'ES256', clients: [] };
  return (
    <Creator
      title={t('New resource server')}
      list={[t('Resource servers'), '/resource-servers']}
      initial={initial}
      isComplete={({ audience, name }) => audience !== '' && name !== ''}
      fields={(draft) => (
        <>
          <TextField
            label={t('Audience')}
            name="audience"
            mono
            value={draft.value.audience}
            onChange={(audience) => draft.set('audience', audience)}
            placeholder="https://orders.example.com"
            help={t('What the API is called in tokens (aud), and what clients send as resource. Never changes.')}
            isRequired
          />
          <Fields draft={draft} isReadOnly={false} />
        </>
      )}
      send={(body, { dryRun }) => answered(api.POST('/api/v1/resource-servers', { params: { query: { dry_run: dryRun } }, body }))}
      hrefOf={(made) => `/resource-servers/${encodeURIComponent((made as ResourceServer).audience)}`}
    />
  );
}

function Fields({ draft: { value, set }, isReadOnly }: { draft: Draft<ResourceServer>; isReadOnly: boolean }) {
  return (
    <>
      <Section title={t('General')}>
        <div className="columns">
          <TextField label={t('Name')} name="name" value={value.name} onChange={(name) => set('name', name)} isRequired isDisabled={isReadOnly} />
          <Select
            label={t('Tokens are signed with')}
            name="signing_alg"
            value={value.signing_alg}
            onChange={(alg) => set('signing_alg', alg)}
            options={{ ES256: 'ES256', EdDSA: 'EdDSA', RS256: 'RS256', PS256: 'PS256' }}
            isDisabled={isReadOnly}
          />
        </div>
        <Switch isSelected={value.claims === 'ordercloud'} onChange={(on) => set('claims', on ? 'ordercloud' : undefined)} isDisabled={isReadOnly}>
          {t('Claims under the names of OrderCloud as well (usr, cid, usrtype, role)')}
        </Switch>
      </Section>
      <Section title={t('Roles that mean something to it')}>
        <Switch isSelected={value.roles !== undefined} onChange={(on) => set('roles', on ? [] : undefined)} isDisabled={isReadOnly}>
          {t('Only these')}
        </Switch>
        {value.roles !== undefined && (
          <ListPicker
            label={t('Roles')}
            name="roles"
            source="role"
            free
            values={value.roles}
            onChange={(roles) => set('roles', roles)}
            isDisabled={isReadOnly}
          />
        )}
      </Section>
      <Section title={t('Clients that may introspect its tokens')}>
        <ListPicker
          label={t('Clients')}
          name="clients"
          source="client"
          values={value.clients}
          onChange={(ids) => set('clients', ids)}
          isDisabled={isReadOnly}
        />
      </Section>
    </>
  );
}
