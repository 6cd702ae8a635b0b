/** @module Changing an object that others may change, too: only what was edited is sent, for the version that was read. */
import { useMemo, useRef, useState, type ReactNode } from 'react';
import { Form } from 'react-aria-components';
import type { Versioned } from '../api/client.ts';
import { Problem } from '../api/problem.ts';
import { useUnsaved } from '../session/unsaved.ts';
import { t } from '../words/words.ts';
import { Button } from './button.tsx';
import { errorsOf, Refusal, useChange, type Outcome, type SendOptions } from './change.tsx';
import { Dialog } from './dialog.tsx';
import { PlainTable } from './layout.tsx';
import { Note } from './notices.tsx';

export interface Draft<T> {
  readonly value: T;
  readonly set: <K extends keyof T>(name: K, value: T[K]) => void;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const membersOf = (...objects: readonly object[]): readonly string[] => [...new Set(objects.flatMap((object) => Object.keys(object)))];
const member = (object: object, name: string): unknown => (object as Readonly<Record<string, unknown>>)[name];

/** RFC 7396: members that differ; what was removed is null. */
function mergePatch(before: object, after: object): Record<string, unknown> {
  const changed = membersOf(before, after).filter((name) => !same(member(before, name), member(after, name)));
  return Object.fromEntries(changed.map((name) => [name, member(after, name) ?? null]));
}

/** What was read, and what became of it. */
interface Edited<T extends object> {
  readonly base: Versioned<T>;
  readonly value: T;
}

const patchOf = ({ base, value }: Edited<object>): Record<string, unknown> => mergePatch(base.data, value);

interface EditorProps<T extends object> {
  readonly object: Versioned<T>;
  readonly title: string;
  readonly fields: (draft: Draft<T>, errors: Readonly<Record<string, string>>) => ReactNode;
  /** Sends a merge patch for a version. */
  readonly send: (patch: Record<string, unknown>, etag: string | undefined, options: SendOptions) => Promise<unknown>;
  /** Reads the object as it is now. */
  readonly reload: () => Promise<Versioned<T>>;
  readonly isReadOnly: boolean;
}

/** A form for an object, with its buttons, its refusals and its conflicts. */
export function Editor<T extends object>({ object, title, fields, send, reload, isReadOnly }: EditorProps<T>) {
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const [conflict, setConflict] = useState<Versioned<T>>();
  const ask = useChange();
  const status = useRef<HTMLSpanElement>(null);
  const [{ base, value }, setEdited] = useUnsaved<Edited<T>>(
    { base: object, value: object.data },
    (edited) => Object.keys(patchOf(edited)).length > 0,
  );
  const patch = useMemo(() => patchOf({ base, value }), [base, value]);
  const dirty = Object.keys(patch).length > 0;
  // What others changed while nothing is edited here comes in by itself.
  if (object !== base && !dirty && object.etag !== base.etag) {
    setEdited({ base: object, value: object.data });
  }
  const adopt = (current: Versioned<T>) => {
    setEdited({ base: current, value: current.data });
    setOutcome(undefined);
    // The button that was pressed is not to be pressed again: it would lose the focus to nowhere.
    status.current?.focus();
  };
  const save = async (etag: string | undefined) => {
    const ended = await ask({
      title,
      button: t('Save'),
      done: t('Saved'),
      send: (options) => send(patch, etag, options),
    });
    if (ended === undefined) return;
    if ('error' in ended && ended.error instanceof Problem && ended.error.code === 'stale_version') return setConflict(await reload());
    setOutcome(ended);
    if ('result' in ended) adopt(await reload());
  };
  const draft: Draft<T> = { value, set: (name, next) => setEdited((before) => ({ ...before, value: { ...before.value, [name]: next } })) };
  const errors = errorsOf(outcome);
  return (
    <Form
      className="form"
      validationErrors={{ ...errors }}
      validationBehavior="aria"
      onSubmit={(event) => {
        event.preventDefault();
        if (dirty) void save(base.etag);
      }}
    >
      <fieldset disabled={isReadOnly} className="bare">
        {fields(draft, errors)}
      </fieldset>
      <Refusal outcome={outcome} />
      {!isReadOnly && (
        <div className={dirty ? 'save-bar dirty' : 'save-bar'}>
          <span ref={status} className="quiet" role="status" tabIndex={-1}>
            {dirty ? t('Not saved yet: {names}', { names: Object.keys(patch).join(', ') }) : t('No changes')}
          </span>
          <Button isDisabled={!dirty} onPress={() => adopt(base)}>
            {t('Discard')}
          </Button>
          <Button kind="primary" type="submit" isDisabled={!dirty}>
            {t('Save …')}
          </Button>
        </div>
      )}
      {conflict !== undefined && (
        <ConflictDialog
          base={base.data}
          theirs={conflict.data}
          patch={patch}
          onClose={() => setConflict(undefined)}
          onReload={() => {
            adopt(conflict);
            setConflict(undefined);
          }}
          onMerge={() => {
            setEdited({ base: conflict, value: { ...conflict.data, ...patch } });
            setConflict(undefined);
            setOutcome(undefined);
          }}
        />
      )}
    </Form>
  );
}

interface ConflictProps {
  readonly base: object;
  readonly theirs: object;
  readonly patch: Readonly<Record<string, unknown>>;
  readonly onClose: () => void;
  readonly onReload: () => void;
  readonly onMerge: () => void;
}

/** Somebody else saved first: what they changed, and what of it is changed here, too. */
function ConflictDialog({ base, theirs, patch, onClose, onReload, onMerge }: ConflictProps) {
  const changed = Object.keys(mergePatch(base, theirs));
  const buttons = (
    <>
      <Button onPress={onReload}>{t('Take theirs, discard mine')}</Button>
      <Button kind="primary" onPress={onMerge}>
        {t('Put mine on top of theirs')}
      </Button>
    </>
  );
  return (
    <Dialog title={t('Somebody else changed this meanwhile')} onClose={onClose} wide buttons={buttons}>
      <div className="stack">
        <Note kind="warning">{t('Nothing was saved. Fields that only one of you changed can be joined; where both did, yours would stand.')}</Note>
        <PlainTable
          label={t('What changed')}
          columns={[t('Field'), t('When you opened it'), t('Now'), t('Yours')]}
          items={membersOf(Object.fromEntries(changed.map((name) => [name, true])), patch)}
          keyOf={(name) => name}
          row={(name) => [
            <code key="name">{name}</code>,
            <code key="before">{shown(member(base, name))}</code>,
            <code key="theirs">{changed.includes(name) ? shown(member(theirs, name)) : t('the same')}</code>,
            <code key="mine">{name in patch ? shown(patch[name]) : t('not changed')}</code>,
          ]}
        />
      </div>
    </Dialog>
  );
}

const shown = (value: unknown): string => (value === undefined || value === null ? '—' : JSON.stringify(value));
