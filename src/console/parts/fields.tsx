/** @module Fields of forms. The name of each is that of the member it stands for, so that a refusal finds its field. */
import type { ReactNode } from 'react';
import {
  Button as Pressable,
  Checkbox as CheckboxInput,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  NumberField as Numbers,
  Popover,
  SearchField as Search,
  Select as Choice,
  SelectValue,
  Switch as Toggle,
  Text,
  TextArea,
  TextField as Texts,
} from 'react-aria-components';
import { t } from '../words/words.ts';
import { Icon } from './icon.tsx';

interface FieldProps {
  readonly label: string;
  readonly name?: string;
  readonly help?: ReactNode;
  readonly isRequired?: boolean;
  readonly isDisabled?: boolean;
}

const Help = ({ children }: { children: ReactNode }) => (
  <Text slot="description" className="help">
    {children}
  </Text>
);

interface TextFieldProps extends FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly lines?: number;
  readonly type?: 'text' | 'email' | 'password' | 'datetime-local';
  readonly placeholder?: string;
  readonly autoComplete?: string;
  readonly mono?: boolean;
}

export function TextField({ label, help, lines, placeholder, mono = false, autoComplete = 'off', ...props }: TextFieldProps) {
  const className = mono ? 'input mono' : 'input';
  return (
    <Texts {...props} autoComplete={autoComplete} className="field">
      <Label>{label}</Label>
      {lines === undefined ? (
        <Input className={className} placeholder={placeholder} spellCheck="false" />
      ) : (
        <TextArea className={className} rows={lines} placeholder={placeholder} spellCheck="false" />
      )}
      {help !== undefined && <Help>{help}</Help>}
      <FieldError className="error" />
    </Texts>
  );
}

interface NumberFieldProps extends FieldProps {
  readonly value: number | undefined;
  readonly onChange: (value: number | undefined) => void;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly placeholder?: string;
}

/** A number, or nothing. */
export function NumberField({ label, help, value, onChange, minimum = 0, maximum, placeholder, ...props }: NumberFieldProps) {
  return (
    <Numbers
      {...props}
      className="field"
      value={value ?? Number.NaN}
      onChange={(next) => onChange(Number.isNaN(next) ? undefined : next)}
      minValue={minimum}
      maxValue={maximum}
      formatOptions={{ useGrouping: false, maximumFractionDigits: 0 }}
    >
      <Label>{label}</Label>
      <Input className="input" placeholder={placeholder} />
      {help !== undefined && <Help>{help}</Help>}
      <FieldError className="error" />
    </Numbers>
  );
}

interface SelectProps<K extends string> extends FieldProps {
  readonly value: K | undefined;
  readonly onChange: (value: K) => void;
  readonly options: Readonly<Record<K, string>>;
  readonly placeholder?: string;
}

export function Select<K extends string>({ label, help, value, onChange, options, placeholder, ...props }: SelectProps<K>) {
  return (
    <Choice {...props} className="field" value={value ?? null} onChange={(key) => onChange(key as K)} placeholder={placeholder ?? t('Choose')}>
      <Label>{label}</Label>
      <Pressable className="input select">
        <SelectValue />
        <Icon name="down" />
      </Pressable>
      {help !== undefined && <Help>{help}</Help>}
      <FieldError className="error" />
      <Popover className="popover">
        <ListBox className="options">
          {Object.entries<string>(options).map(([key, name]) => (
            <ListBoxItem key={key} id={key} className="option" textValue={name}>
              {name}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </Choice>
  );
}

interface SwitchProps {
  readonly children: ReactNode;
  readonly isSelected: boolean;
  readonly onChange: (on: boolean) => void;
  readonly isDisabled?: boolean;
}

export function Switch({ children, ...props }: SwitchProps) {
  return (
    <Toggle {...props} className="switch">
      <span className="track" aria-hidden="true" />
      <span>{children}</span>
    </Toggle>
  );
}

interface CheckboxProps extends SwitchProps {
  readonly isIndeterminate?: boolean;
}

export function Checkbox({ children, ...props }: CheckboxProps) {
  return (
    <CheckboxInput {...props} className="checkbox">
      <span className="box">
        <Icon name="check" />
      </span>
      <span>{children}</span>
    </CheckboxInput>
  );
}

interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly autoFocus?: boolean;
}

export function SearchField({ label, value, onChange, autoFocus = false }: SearchFieldProps) {
  return (
    <Search aria-label={label} value={value} onChange={onChange} autoFocus={autoFocus} className="search">
      <Icon name="search" />
      <Input className="input" placeholder={label} />
      <Pressable className="button quiet bare" aria-label={t('Clear')}>
        <Icon name="close" />
      </Pressable>
    </Search>
  );
}
