/** @module The page on which an object is made. */
import { useState, type ReactNode } from 'react';
import { Form } from 'react-aria-components';
import { useLocation } from 'wouter';
import { useUnsaved } from '../session/unsaved.ts';
import { t } from '../words/words.ts';
import { Button } from './button.tsx';
import { errorsOf, Refusal, useChange, type Outcome, type SendOptions } from './change.tsx';
import type { Draft } from './editor.tsx';
import { TextField } from './fields.tsx';
import { Page } from './layout.tsx';
import type { Errors } from './object-page.tsx';

interface Props<T extends object, R> {
  readonly title: string;
  readonly list: readonly [name: string, href: string];
  readonly initial: T;
  readonly fields: (draft: Draft<T>, errors: Errors) => ReactNode;
  readonly isComplete: (value: T) => boolean;
  readonly send: (value: T, options: SendOptions) => Promise<R>;
  /** Where to go once it is there; undefined: it stays, and {@link made} says what to show. */
  readonly hrefOf?: (made: R) => string;
  readonly onMade?: (made: R) => void;
}

export function Creator<T extends object, R>({ title, list, initial, fields, isComplete, send, hrefOf, onMade }: Props<T, R>) {
  const [value, setValue] = useUnsaved(initial, (edited) => JSON.stringify(edited) !== JSON.stringify(initial));
  const [outcome, setOutcome] = useState<Outcome<R>>();
  const [, navigate] = useLocation();
  const ask = useChange();
  const errors = errorsOf(outcome);
  const create = async () => {
    const ended = await ask({ title, button: t('Create'), done: t('Created'), send: (options) => send(value, options) });
    setOutcome(ended);
    if (ended === undefined || 'error' in ended) return;
    onMade?.(ended.result);
    if (hrefOf !== undefined) navigate(hrefOf(ended.result));
  };
  return (
    <Page title={title} above={[list]}>
      <Form
        className="form"
        validationErrors={{ ...errors }}
        validationBehavior="aria"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        {fields({ value, set: (name, next) => setValue((before) => ({ ...before, [name]: next })) }, errors)}
        <Refusal outcome={outcome} />
        <div className="save-bar dirty">
          <Button onPress={() => navigate(list[1])}>{t('Cancel')}</Button>
          <Button kind="primary" type="submit" isDisabled={!isComplete(value)}>
            {t('Create …')}
          </Button>
        </div>
      </Form>
    </Page>
  );
}

/** The id of something new: chosen, or left to the server. */
export function IdField({ value, onChange }: { value: string | undefined; onChange: (id: string | undefined) => void }) {
  return (
    <TextField
      label={t('Id')}
      name="id"
      mono
      value={value ?? ''}
      onChange={(id) => onChange(id === '' ? undefined : id)}
      help={t('Never changes. Left empty, one is made.')}
    />
  );
}
