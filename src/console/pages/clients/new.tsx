import { useState } from 'react';
import { useLocation } from 'wouter';
import { answered, api, type Schemas } from '../../api/client.ts';
import { Button } from '../../parts/button.tsx';
import { Creator } from '../../parts/creator.tsx';
import { TextField } from '../../parts/fields.tsx';
import { Page } from '../../parts/layout.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { ClientFields } from './fields.tsx';
import type { Client } from './list.tsx';
import { SecretOnce } from './secrets.tsx';

export function NewClient() {
  const { ownOrganization } = useSession();
  const [made, setMade] = useState<Schemas['CreatedClient']>();
  const [, navigate] = useLocation();
  const initial: Client = {
    client_id: '',
    client_name: '',
    organization: ownOrganization,
    active: true,
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [],
    post_logout_redirect_uris: [],
    dpop_bound_access_tokens: false,
    is_anonymous_buyer: false,
    require_consent: true,
    allowed_organizations: {},
    minimum_roles: [],
    omitted_scope: 'none',
  };
  if (made?.client_secret !== undefined) {
    return (
      <Page title={made.client_name} above={[[t('Clients'), '/clients']]}>
        <SecretOnce id={made.client_id} secret={made.client_secret} />
        <div>
          <Button kind="primary" onPress={() => navigate(`/clients/${encodeURIComponent(made.client_id)}`)}>
            {t('I have kept it')}
          </Button>
        </div>
      </Page>
    );
  }
  return (
    <Creator
      title={t('New client')}
      list={[t('Clients'), '/clients']}
      initial={initial}
      isComplete={({ client_name: name }) => name !== ''}
      fields={(draft, errors) => (
        <>
          <ClientFields draft={draft} errors={errors} isReadOnly={false} />
          <TextField
            label={t('Id')}
            name="client_id"
            mono
            value={draft.value.client_id}
            onChange={(id) => draft.set('client_id', id)}
            help={t('Never changes. Left empty, one is made.')}
          />
        </>
      )}
      send={({ client_id: id, jwks: _keys, ...client }, { dryRun }) =>
        answered(
          api.POST('/api/v1/clients', { params: { query: { dry_run: dryRun } }, body: { ...client, ...(id === '' ? {} : { client_id: id }) } }),
        )
      }
      onMade={(answer) => {
        const client = answer as Schemas['CreatedClient'];
        if (client.client_secret === undefined) navigate(`/clients/${encodeURIComponent(client.client_id)}`);
        else setMade(client);
      }}
    />
  );
}
