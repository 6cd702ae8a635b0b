/** @module Roles by category, to tick; what nobody defined but is named is shown, too. */
import { useMemo, useState } from 'react';
import { useRoles } from '../api/catalogue.ts';
import type { Schemas } from '../api/client.ts';
import { useSession } from '../session/session.tsx';
import { t, tn } from '../words/words.ts';
import { Checkbox, SearchField, Switch } from './fields.tsx';
import { Loading, Note } from './notices.tsx';
import { ListPicker } from './picker.tsx';

type Category = Schemas['Role']['category'];

const CATEGORIES: readonly Category[] = ['reader', 'admin', 'shopper', 'me', 'override', 'custom', 'other', 'full_access'];

export function categoryName(category: Category): string {
  const names: Readonly<Record<Category, string>> = {
    reader: t('Reading'),
    admin: t('Administration'),
    shopper: t('Shopping'),
    me: t('One’s own data'),
    override: t('Overrides'),
    custom: t('Of your own'),
    other: t('Other'),
    full_access: t('Full access'),
  };
  return names[category];
}

interface Props {
  readonly label: string;
  readonly name: string;
  readonly values: readonly string[];
  readonly onChange: (roles: string[]) => void;
  readonly isDisabled?: boolean;
  readonly error?: string | undefined;
}

export function RolePicker(props: Props) {
  const { may } = useSession();
  const readable = may('get', '/api/v1/roles');
  const { data: roles } = useRoles(readable);
  // Whoever may not read the catalogue still sees, adds and removes names.
  if (!readable) return <NamedRoles {...props} />;
  if (roles === undefined) return <Loading />;
  return <Categories {...props} roles={roles} />;
}

function NamedRoles({ label, name, values, onChange, isDisabled = false }: Props) {
  return <ListPicker label={label} name={name} source="role" values={values} onChange={onChange} isDisabled={isDisabled} free />;
}

function Categories({ label, values, onChange, isDisabled = false, error, roles }: Props & { roles: readonly Schemas['Role'][] }) {
  const [search, setSearch] = useState('');
  const [onlyChosen, setOnlyChosen] = useState(false);
  const chosen = useMemo(() => new Set(values), [values]);
  const known = useMemo(() => new Set(roles.map(({ name }) => name)), [roles]);
  const unknown = values.filter((name) => !known.has(name));
  const wanted = search.trim().toLowerCase();
  const shown = roles.filter(
    ({ name, description = '' }) =>
      (!onlyChosen || chosen.has(name)) && (name.toLowerCase().includes(wanted) || description.toLowerCase().includes(wanted)),
  );
  const toggle = (name: string, on: boolean) => onChange(on ? [...values, name].toSorted() : values.filter((other) => other !== name));
  return (
    <div className="role-picker" role="group" aria-label={label}>
      <div className="toolbar">
        <SearchField label={t('Find a role')} value={search} onChange={setSearch} />
        <Switch isSelected={onlyChosen} onChange={setOnlyChosen}>
          {tn(values.length, 'Only the one that is ticked', 'Only the {count} that are ticked')}
        </Switch>
      </div>
      {error !== undefined && <Note kind="danger">{error}</Note>}
      {CATEGORIES.map((category) => {
        const its = shown.filter((role) => role.category === category);
        if (its.length === 0) return undefined;
        return (
          <fieldset key={category} disabled={isDisabled}>
            <legend>
              {categoryName(category)} <span className="quiet">{its.filter(({ name }) => chosen.has(name)).length || ''}</span>
            </legend>
            {category === 'full_access' && (
              <Note kind="warning">{t('This one role suffices for every call of an API that accepts it. Give it rarely, and for a time.')}</Note>
            )}
            <div className="checks">
              {its.map(({ name, description }) => (
                <Checkbox key={name} isSelected={chosen.has(name)} onChange={(on) => toggle(name, on)} isDisabled={isDisabled}>
                  <code>{name}</code>
                  {description !== undefined && <span className="quiet">{description}</span>}
                </Checkbox>
              ))}
            </div>
          </fieldset>
        );
      })}
      {unknown.length > 0 && (
        <fieldset disabled={isDisabled}>
          <legend>{t('Not defined')}</legend>
          <Note>{t('Nobody defined these: no token carries them.')}</Note>
          <div className="checks">
            {unknown.map((name) => (
              <Checkbox key={name} isSelected onChange={() => toggle(name, false)} isDisabled={isDisabled}>
                <code>{name}</code>
              </Checkbox>
            ))}
          </div>
        </fieldset>
      )}
      {shown.length === 0 && unknown.length === 0 && <p className="quiet">{t('Nothing found')}</p>}
    </div>
  );
}
