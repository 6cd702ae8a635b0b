/** @module What a security profile consists of, for a new one and for changes alike. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { usePermissionTypes } from '../../api/catalogue.ts';
import { answered, api, type Schemas } from '../../api/client.ts';
import { Button } from '../../parts/button.tsx';
import type { Draft } from '../../parts/editor.tsx';
import { Checkbox, NumberField, Switch, TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { Loading, Note, ProblemNotice } from '../../parts/notices.tsx';
import { Picker } from '../../parts/picker.tsx';
import { RolePicker } from '../../parts/role-picker.tsx';
import { Tags } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t, tn } from '../../words/words.ts';

export type Profile = Schemas['SecurityProfile'];
type Permission = Profile['permissions'][number];
type Policy = NonNullable<Profile['password_policy']>;
type Errors = Readonly<Record<string, string>>;

export function ProfileFields({ draft, errors, isReadOnly }: { draft: Draft<Profile>; errors: Errors; isReadOnly: boolean }) {
  const { value, set } = draft;
  return (
    <>
      <Section title={t('General')}>
        <div className="columns">
          <TextField label={t('Name')} name="name" value={value.name} onChange={(name) => set('name', name)} isRequired />
          <Picker
            label={t('Owner')}
            name="organization"
            source="organization"
            value={value.organization}
            onChange={(organization) => set('organization', organization)}
            help={t('Empty: the root. An owner’s administrators change the profile.')}
          />
        </div>
        <TextField
          label={t('Description')}
          name="description"
          lines={2}
          value={value.description ?? ''}
          onChange={(description) => set('description', description === '' ? undefined : description)}
        />
      </Section>
      <Section title={t('Roles')} about={t('The words that APIs check. A token carries those of them that were asked for.')}>
        <Switch isSelected={value.full_access} onChange={(on) => set('full_access', on)} isDisabled={isReadOnly}>
          {t('Every role of the catalogue')}
        </Switch>
        {value.full_access && <Note kind="warning">{t('Whoever holds this profile holds every role that there is, later ones as well.')}</Note>}
        <RolePicker
          label={t('Roles')}
          name="roles"
          values={value.roles}
          onChange={(roles) => set('roles', roles)}
          isDisabled={isReadOnly}
          error={errors['roles']}
        />
      </Section>
      <Permissions draft={draft} errors={errors} isReadOnly={isReadOnly} />
      <PasswordPolicy value={value.password_policy} onChange={(policy) => set('password_policy', policy)} isReadOnly={isReadOnly} />
    </>
  );
}

/** Operations on types of things, and beside them the roles that they come to. */
function Permissions({ draft: { value, set }, errors, isReadOnly }: { draft: Draft<Profile>; errors: Errors; isReadOnly: boolean }) {
  const { may } = useSession();
  const { data: types = [] } = usePermissionTypes(may('get', '/api/v1/permission-types'));
  const { permissions } = value;
  const replace = (index: number, entry: Permission | undefined) =>
    set('permissions', permissions.toSpliced(index, 1, ...(entry === undefined ? [] : [entry])));
  if (types.length === 0 && permissions.length === 0) return undefined;
  return (
    <Section
      title={t('Permissions on types')}
      about={t('A type may end in * for all that begin so. The narrowest entry for a type decides alone; one without operations takes all away.')}
      actions={
        !isReadOnly && (
          <Button icon="add" onPress={() => set('permissions', [...permissions, { type: '', operations: [] }])}>
            {t('Add a type')}
          </Button>
        )
      }
    >
      {errors['permissions'] !== undefined && <Note kind="danger">{errors['permissions']}</Note>}
      <div className="split">
        <div className="stack">
          {permissions.length === 0 && <p className="quiet">{t('None')}</p>}
          {permissions.map((entry, index) => (
            // The entries have no names of their own; what stands where is what is edited.
            <PermissionEntry key={index} entry={entry} types={types} isReadOnly={isReadOnly} onChange={(next) => replace(index, next)} />
          ))}
        </div>
        <Resolved profile={value} />
      </div>
    </Section>
  );
}

interface EntryProps {
  readonly entry: Permission;
  readonly types: readonly Schemas['PermissionType'][];
  readonly isReadOnly: boolean;
  readonly onChange: (entry: Permission | undefined) => void;
}

function PermissionEntry({ entry, types, isReadOnly, onChange }: EntryProps) {
  const known = [...new Set(types.flatMap(({ operations }) => operations))];
  const operations = [...new Set([...known, ...entry.operations])];
  const toggle = (operation: string, on: boolean) =>
    onChange({ ...entry, operations: on ? [...entry.operations, operation] : entry.operations.filter((other) => other !== operation) });
  return (
    <fieldset className="permission" disabled={isReadOnly}>
      <legend className="hidden">{entry.type === '' ? t('New type') : entry.type}</legend>
      <div className="toolbar">
        <TextField
          label={t('Type')}
          value={entry.type}
          onChange={(type) => onChange({ ...entry, type })}
          mono
          placeholder="data/*"
          isDisabled={isReadOnly}
        />
        {!isReadOnly && <Button kind="quiet" icon="trash" aria-label={t('Remove {id}', { id: entry.type })} onPress={() => onChange(undefined)} />}
      </div>
      <div className="checks inline">
        {operations.map((operation) => (
          <Checkbox
            key={operation}
            isSelected={entry.operations.includes(operation)}
            onChange={(on) => toggle(operation, on)}
            isDisabled={isReadOnly}
          >
            <code>{operation}</code>
          </Checkbox>
        ))}
      </div>
    </fieldset>
  );
}

/** Asked of the server: what wildcards come to is decided in one place. */
function Resolved({ profile }: { profile: Profile }) {
  const permissions = profile.permissions.filter(({ type }) => type !== '');
  const { data, error } = useQuery({
    queryKey: ['resolve', permissions],
    queryFn: () => answered(api.POST('/api/v1/security-profiles/resolve', { body: { permissions } })),
    placeholderData: keepPreviousData,
  });
  const roles = data !== undefined && 'roles' in data ? data.roles : [];
  return (
    <aside className="resolved" aria-label={t('What the entries come to')}>
      <h3>{t('What the entries come to')}</h3>
      {error !== null && <ProblemNotice error={error} />}
      {data === undefined && error === null && <Loading />}
      {data !== undefined && <p className="quiet">{tn(roles.length, '{count} role', '{count} roles')}</p>}
      <Tags names={roles} limit={200} />
    </aside>
  );
}

type PolicyNumber = { [K in keyof Policy]-?: Policy[K] extends number | undefined ? K : never }[keyof Policy];
type PolicyFlag = Exclude<keyof Policy, PolicyNumber>;

function PasswordPolicy({
  value,
  onChange,
  isReadOnly,
}: {
  value: Policy | undefined;
  onChange: (policy: Policy | undefined) => void;
  isReadOnly: boolean;
}) {
  const numbers: Readonly<Record<PolicyNumber, string>> = {
    minimum_length: t('Characters at least'),
    history: t('Passwords that are not used again'),
    maximum_age_days: t('Days until it has to be changed'),
    minimum_age_minutes: t('Minutes before it may be changed again'),
    maximum_repeated_characters: t('Same character in a row at most'),
    allowed_failed_attempts: t('Failures before it is locked'),
    lockout_minutes: t('Minutes that it is locked'),
  };
  const flags: Readonly<Record<PolicyFlag, string>> = {
    uppercase_required: t('A capital letter'),
    lowercase_required: t('A small letter'),
    digit_required: t('A digit'),
    special_required: t('A special character'),
  };
  const policy = value ?? {};
  const set = (name: keyof Policy, next: number | boolean | undefined) => {
    const { [name]: _, ...rest } = policy;
    const becomes = next === undefined || next === false ? rest : { ...rest, [name]: next };
    onChange(Object.keys(becomes).length === 0 ? undefined : becomes);
  };
  return (
    <Section
      title={t('Password policy')}
      about={t('Of several policies that reach somebody, the strictest value of each counts. Empty: this profile says nothing.')}
    >
      <div className="columns four">
        {Object.entries(numbers).map(([name, label]) => (
          <NumberField
            key={name}
            name={`password_policy.${name}`}
            label={label}
            value={policy[name as PolicyNumber]}
            onChange={(next) => set(name as PolicyNumber, next)}
            isDisabled={isReadOnly}
          />
        ))}
      </div>
      <div className="checks inline">
        {Object.entries(flags).map(([name, label]) => (
          <Checkbox
            key={name}
            isSelected={policy[name as PolicyFlag] === true}
            onChange={(on) => set(name as PolicyFlag, on)}
            isDisabled={isReadOnly}
          >
            {label}
          </Checkbox>
        ))}
      </div>
    </Section>
  );
}
