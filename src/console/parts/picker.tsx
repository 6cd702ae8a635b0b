/** @module Choosing an object of the server by typing part of its name: the server searches, not the browser. */
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { Button as Pressable, ComboBox, FieldError, Input, Label, ListBox, ListBoxItem, Popover, Text } from 'react-aria-components';
import { answered, api } from '../api/client.ts';
import type { ApiPath } from '../session/roles.ts';
import { useSession } from '../session/session.tsx';
import { t } from '../words/words.ts';
import { Icon } from './icon.tsx';
import { Tag } from './tags.tsx';

interface Found {
  readonly id: string;
  readonly name: string;
  readonly about?: string | undefined;
}

const LIMIT = 20;

interface SourceOf {
  readonly path: ApiPath;
  readonly find: (search: string) => Promise<readonly Found[]>;
}

/** What can be looked for, where it is read, and how. */
export const SOURCES = {
  user: {
    path: '/api/v1/users',
    find: async (search: string) => {
      const { items } = await answered(api.GET('/api/v1/users', query(search)));
      return items.map(({ id, username, organization }): Found => ({ id, name: username, about: organization }));
    },
  },
  user_group: {
    path: '/api/v1/user-groups',
    find: async (search: string) => {
      const { items } = await answered(api.GET('/api/v1/user-groups', query(search)));
      return items.map(({ id, name, organization }): Found => ({ id, name, about: organization }));
    },
  },
  organization: {
    path: '/api/v1/organizations',
    find: async (search: string) => {
      const { items } = await answered(api.GET('/api/v1/organizations', query(search)));
      return items.map(({ id, name, type }): Found => ({ id, name, about: type }));
    },
  },
  client: {
    path: '/api/v1/clients',
    find: async (search: string) => {
      const { items } = await answered(api.GET('/api/v1/clients', query(search)));
      return items.map(({ client_id: id, client_name: name, organization }): Found => ({ id, name, about: organization }));
    },
  },
  security_profile: {
    path: '/api/v1/security-profiles',
    find: async (search: string) => {
      const { items } = await answered(api.GET('/api/v1/security-profiles', query(search)));
      return items.map(({ id, name, organization }): Found => ({ id, name, about: organization }));
    },
  },
  resource_server: {
    path: '/api/v1/resource-servers',
    find: async (search: string) => {
      const { items } = await answered(api.GET('/api/v1/resource-servers', query(search)));
      return items.map(({ audience: id, name }): Found => ({ id, name }));
    },
  },
  role: {
    path: '/api/v1/roles',
    find: async (search: string) => {
      const { items } = await answered(api.GET('/api/v1/roles', query(search)));
      return items.map(({ name: id, category }): Found => ({ id, name: id, about: category }));
    },
  },
  organization_type: {
    path: '/api/v1/organization-types',
    find: async (search: string) => {
      const { items } = await answered(api.GET('/api/v1/organization-types', query(search)));
      return items.map(({ name: id }): Found => ({ id, name: id }));
    },
  },
} as const satisfies Readonly<Record<string, SourceOf>>;

export type Source = keyof typeof SOURCES;

const query = (search: string) => ({ params: { query: { limit: LIMIT, ...(search === '' ? {} : { search }) } } });

interface PickerProps {
  readonly label: string;
  readonly name?: string;
  readonly source: Source;
  readonly value: string | undefined;
  readonly onChange: (id: string | undefined) => void;
  readonly help?: string;
  readonly isRequired?: boolean;
  readonly isDisabled?: boolean;
  /** Names that the server does not list may be given, too: always so where this session may not read the list. */
  readonly free?: boolean;
}

/** One object, by its id. */
export function Picker({ label, source, value, onChange, help, free: wanted = false, ...props }: PickerProps) {
  const { may } = useSession();
  const { path, find } = SOURCES[source];
  const readable = may('get', path);
  const free = wanted || !readable;
  const [text, setText] = useState(value ?? '');
  const [chosen, setChosen] = useState(value);
  // A value that was set from outside is shown; what is being typed stays.
  if (value !== chosen) {
    setChosen(value);
    setText(value ?? '');
  }
  const search = useDeferredValue(text === value ? '' : text);
  const { data: found = [], isFetching } = useQuery({ queryKey: ['pick', source, search], queryFn: () => find(search), enabled: readable });
  const take = (id: string | undefined) => {
    setChosen(id);
    setText(id ?? '');
    onChange(id);
  };
  return (
    <ComboBox
      {...props}
      className="field"
      items={found}
      inputValue={text}
      onInputChange={(next) => {
        setText(next);
        if (next === '' && value !== undefined) take(undefined);
      }}
      value={value ?? null}
      onChange={(key) => key !== null && take(String(key))}
      onBlur={() => (free && text !== '' ? take(text) : setText(value ?? ''))}
      allowsCustomValue={free}
      allowsEmptyCollection
      menuTrigger="focus"
    >
      <Label>{label}</Label>
      <div className="combo">
        <Input className="input" spellCheck="false" />
        <Pressable className="button quiet bare">
          <Icon name="down" />
        </Pressable>
      </div>
      {help !== undefined && (
        <Text slot="description" className="help">
          {help}
        </Text>
      )}
      <FieldError className="error" />
      <Popover className="popover">
        <ListBox<Found> className="options" renderEmptyState={() => <p className="none">{isFetching ? t('Searching …') : t('Nothing found')}</p>}>
          {({ id, name, about }) => (
            <ListBoxItem id={id} textValue={id} className="option">
              <span>{name}</span>
              <span className="quiet">{[name === id ? undefined : id, about].filter((part) => part !== undefined).join(' · ')}</span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}

interface ListPickerProps extends Omit<PickerProps, 'value' | 'onChange'> {
  readonly values: readonly string[];
  readonly onChange: (ids: string[]) => void;
}

/** Several objects. */
export function ListPicker({ values, onChange, label, isDisabled = false, ...props }: ListPickerProps) {
  return (
    <div className="list-picker">
      <Picker
        {...props}
        key={values.join(' ')}
        label={label}
        isDisabled={isDisabled}
        value={undefined}
        onChange={(id) => id !== undefined && !values.includes(id) && onChange([...values, id])}
      />
      <ul className="tags" aria-label={label}>
        {values.map((id) => (
          <li key={id}>
            <Tag>
              <code>{id}</code>
              {!isDisabled && (
                <Pressable className="remove" aria-label={t('Remove {id}', { id })} onPress={() => onChange(values.filter((other) => other !== id))}>
                  <Icon name="close" />
                </Pressable>
              )}
            </Tag>
          </li>
        ))}
      </ul>
    </div>
  );
}
