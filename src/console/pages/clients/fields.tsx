import type { Draft } from '../../parts/editor.tsx';
import { Checkbox, NumberField, Select, Switch, TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { ListPicker, Picker } from '../../parts/picker.tsx';
import { t } from '../../words/words.ts';
import { grantName, type Client } from './list.tsx';

type Errors = Readonly<Record<string, string>>;
interface Props {
  readonly draft: Draft<Client>;
  readonly errors: Errors;
  readonly isReadOnly: boolean;
}

export function ClientFields(props: Props) {
  return (
    <>
      <General {...props} />
      <Grants {...props} />
      <WhoMayUse {...props} />
      <Limits {...props} />
    </>
  );
}

function General({ draft: { value, set }, isReadOnly }: Props) {
  return (
    <Section title={t('General')}>
      <div className="columns">
        <TextField
          label={t('Name')}
          name="client_name"
          value={value.client_name}
          onChange={(name) => set('client_name', name)}
          isDisabled={isReadOnly}
        />
        <Picker
          label={t('Organization')}
          name="organization"
          source="organization"
          value={value.organization}
          onChange={(id) => set('organization', id)}
          help={t('Empty: of no organization. It inherits nothing then, and everybody may be let through it.')}
          isDisabled={isReadOnly}
        />
        <Picker
          label={t('Acts with the roles of')}
          name="context_user"
          source="user"
          value={value.context_user}
          onChange={(id) => set('context_user', id)}
          help={t('For client_credentials. Empty: what is assigned to the client itself.')}
          isDisabled={isReadOnly}
        />
      </div>
      <Switch isSelected={value.active} onChange={(on) => set('active', on)} isDisabled={isReadOnly}>
        {t('Active; disabled, all of its tokens end at once')}
      </Switch>
      <Switch isSelected={value.is_anonymous_buyer} onChange={(on) => set('is_anonymous_buyer', on)} isDisabled={isReadOnly}>
        {t('Anybody gets a token of that user, without a secret')}
      </Switch>
    </Section>
  );
}

const GRANTS: readonly Client['grant_types'][number][] = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'password',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
];

function Grants({ draft: { value, set }, errors, isReadOnly }: Props) {
  const toggle = (grant: Client['grant_types'][number], on: boolean) =>
    set('grant_types', on ? [...value.grant_types, grant] : value.grant_types.filter((other) => other !== grant));
  const lines = (text: string) => text.split('\n').map((line) => line.trim());
  return (
    <Section title={t('How it gets tokens')}>
      <div className="checks inline">
        {GRANTS.map((grant) => (
          <Checkbox key={grant} isSelected={value.grant_types.includes(grant)} onChange={(on) => toggle(grant, on)} isDisabled={isReadOnly}>
            <code>{grantName(grant)}</code>
          </Checkbox>
        ))}
      </div>
      {errors['grant_types'] !== undefined && <p className="field-error">{errors['grant_types']}</p>}
      <div className="columns">
        <Select
          label={t('How it proves who it is')}
          name="token_endpoint_auth_method"
          value={value.token_endpoint_auth_method}
          onChange={(method) => set('token_endpoint_auth_method', method)}
          options={{
            none: t('Not at all: a public client'),
            client_secret_basic: t('Secret in a header'),
            client_secret_post: t('Secret in the body'),
            private_key_jwt: t('Key of its own'),
          }}
          isDisabled={isReadOnly}
        />
        <TextField
          label={t('Redirect addresses, one a line')}
          name="redirect_uris"
          lines={2}
          mono
          value={value.redirect_uris.join('\n')}
          onChange={(text) => set('redirect_uris', text === '' ? [] : lines(text))}
          isDisabled={isReadOnly}
        />
        <TextField
          label={t('Addresses after signing out, one a line')}
          name="post_logout_redirect_uris"
          lines={2}
          mono
          value={value.post_logout_redirect_uris.join('\n')}
          onChange={(text) => set('post_logout_redirect_uris', text === '' ? [] : lines(text))}
          isDisabled={isReadOnly}
        />
      </div>
      <Switch isSelected={value.require_consent} onChange={(on) => set('require_consent', on)} isDisabled={isReadOnly}>
        {t('People are asked whether it may have what it asks for')}
      </Switch>
      <Switch isSelected={value.dpop_bound_access_tokens} onChange={(on) => set('dpop_bound_access_tokens', on)} isDisabled={isReadOnly}>
        {t('Tokens are bound to a key of the caller (DPoP)')}
      </Switch>
    </Section>
  );
}

function WhoMayUse({ draft: { value, set }, isReadOnly }: Props) {
  const { types, ids } = value.allowed_organizations;
  const allow = (next: Client['allowed_organizations']) => set('allowed_organizations', next);
  const some = (list: string[]) => (list.length === 0 ? undefined : list);
  return (
    <Section title={t('Who may use it')} about={t('Nothing chosen: everybody.')}>
      <div className="columns three">
        <ListPicker
          label={t('Types of organizations')}
          source="organization_type"
          values={types ?? []}
          onChange={(next) => allow({ ...value.allowed_organizations, types: some(next) })}
          isDisabled={isReadOnly}
        />
        <ListPicker
          label={t('Organizations')}
          source="organization"
          values={ids ?? []}
          onChange={(next) => allow({ ...value.allowed_organizations, ids: some(next) })}
          isDisabled={isReadOnly}
        />
        <ListPicker
          label={t('Roles that one must hold')}
          name="minimum_roles"
          source="role"
          free
          values={value.minimum_roles}
          onChange={(roles) => set('minimum_roles', roles)}
          isDisabled={isReadOnly}
        />
      </div>
    </Section>
  );
}

function Limits({ draft: { value, set }, isReadOnly }: Props) {
  const { omitted_scope: omitted } = value;
  const kind = typeof omitted === 'string' ? omitted : 'list';
  return (
    <Section title={t('Limits')}>
      <Switch isSelected={value.maximum_roles !== undefined} onChange={(on) => set('maximum_roles', on ? [] : undefined)} isDisabled={isReadOnly}>
        {t('No token through it carries more than these roles')}
      </Switch>
      {value.maximum_roles !== undefined && (
        <ListPicker
          label={t('At most')}
          name="maximum_roles"
          source="role"
          free
          values={value.maximum_roles}
          onChange={(roles) => set('maximum_roles', roles)}
          isDisabled={isReadOnly}
        />
      )}
      <div className="columns three">
        <Select
          label={t('A request without scope stands for')}
          name="omitted_scope"
          value={kind}
          onChange={(next) => set('omitted_scope', next === 'list' ? [] : next)}
          options={{ none: t('no role'), all: t('every role that is held'), list: t('these roles') }}
          isDisabled={isReadOnly}
        />
        <NumberField
          label={t('Access token, seconds')}
          name="access_token_lifetime_seconds"
          value={value.access_token_lifetime_seconds}
          onChange={(seconds) => set('access_token_lifetime_seconds', seconds)}
          placeholder={t('as everywhere')}
          isDisabled={isReadOnly}
        />
        <NumberField
          label={t('Refresh token, seconds')}
          name="refresh_token_lifetime_seconds"
          value={value.refresh_token_lifetime_seconds}
          onChange={(seconds) => set('refresh_token_lifetime_seconds', seconds)}
          placeholder={t('as everywhere')}
          isDisabled={isReadOnly}
        />
        {value.is_anonymous_buyer && (
          <NumberField
            label={t('Token without a person, seconds')}
            name="anonymous_token_lifetime_seconds"
            value={value.anonymous_token_lifetime_seconds}
            onChange={(seconds) => set('anonymous_token_lifetime_seconds', seconds)}
            placeholder={t('as everywhere')}
            isDisabled={isReadOnly}
          />
        )}
      </div>
      {typeof omitted !== 'string' && (
        <ListPicker
          label={t('These roles')}
          source="role"
          free
          values={omitted}
          onChange={(roles) => set('omitted_scope', roles)}
          isDisabled={isReadOnly}
        />
      )}
    </Section>
  );
}
