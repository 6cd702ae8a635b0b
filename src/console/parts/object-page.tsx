/** @module The page of one object: what it is, in tabs, the first of which changes it. */
import { useQuery, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import type { Versioned } from '../api/client.ts';
import { t } from '../words/words.ts';
import { Button } from './button.tsx';
import { Refusal, useChange, type Outcome, type SendOptions } from './change.tsx';
import { Editor, type Draft } from './editor.tsx';
import { Page, Tabs, type TabOf } from './layout.tsx';
import { Loading, ProblemNotice } from './notices.tsx';
import type { ObjectChanges } from './object-changes.ts';

export type Errors = Readonly<Record<string, string>>;

interface Props<T extends object> extends ObjectChanges {
  readonly queryKey: QueryKey;
  readonly list: readonly [name: string, href: string];
  readonly read: () => Promise<Versioned<T>>;
  readonly titleOf: (object: T) => string;
  readonly tags?: (object: T) => ReactNode;
  /** More buttons. */
  readonly actions?: (object: Versioned<T>) => ReactNode;
  readonly notice?: (object: T) => ReactNode;
  readonly fields: (draft: Draft<T>, errors: Errors, isReadOnly: boolean) => ReactNode;
  readonly tabs?: (object: Versioned<T>) => readonly TabOf[];
}

export function ObjectPage<T extends object>(props: Props<T>) {
  const { queryKey, list, read, titleOf, tags, actions, notice, remove } = props;
  const { data: object, error, refetch } = useQuery({ queryKey, queryFn: read });
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  if (error !== null) {
    return (
      <Page title={list[0]} above={[list]}>
        <ProblemNotice error={error} onRetry={() => void refetch()} />
      </Page>
    );
  }
  if (object === undefined) return <Loading />;
  const title = titleOf(object.data);
  return (
    <Page
      title={title}
      above={[list]}
      tags={tags?.(object.data)}
      actions={
        <>
          {actions?.(object)}
          {remove !== undefined && (
            <DeleteButton title={title} list={list[1]} send={(options) => remove(object.etag, options)} onRefused={setOutcome} />
          )}
        </>
      }
    >
      <Refusal outcome={outcome} />
      {notice?.(object.data)}
      <ObjectTabs {...props} object={object} title={title} />
    </Page>
  );
}

function ObjectTabs<T extends object>({ object, title, queryKey, read, fields, patch, tabs }: Props<T> & { object: Versioned<T>; title: string }) {
  const queries = useQueryClient();
  const isReadOnly = patch === undefined;
  const editor = () => (
    <Editor
      object={object}
      title={t('Change “{name}”', { name: title })}
      isReadOnly={isReadOnly}
      fields={(draft, errors) => fields(draft, errors, isReadOnly)}
      send={(body, etag, options) => patch!(body, etag, options)}
      reload={() => queries.fetchQuery({ queryKey, queryFn: read, staleTime: 0 })}
    />
  );
  const more = tabs?.(object) ?? [];
  if (more.length === 0) return editor();
  return <Tabs label={title} tabs={[{ id: 'definition', name: t('Definition'), content: editor }, ...more]} />;
}

interface DeleteProps {
  readonly title: string;
  readonly list: string;
  readonly send: (options: SendOptions) => Promise<unknown>;
  readonly onRefused: (outcome: Outcome<unknown>) => void;
}

function DeleteButton({ title, list, send, onRefused }: DeleteProps) {
  const ask = useChange();
  const [, navigate] = useLocation();
  const remove = async () => {
    const outcome = await ask({ title: t('Delete “{name}”', { name: title }), button: t('Delete'), danger: true, done: t('Deleted'), send });
    onRefused(outcome);
    if (outcome !== undefined && 'result' in outcome) navigate(list);
  };
  return (
    <Button kind="danger" icon="trash" onPress={() => void remove()}>
      {t('Delete')}
    </Button>
  );
}
