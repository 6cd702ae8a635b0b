/**
 * @module How anything is changed: it is rehearsed first, what it would mean is shown, and only then it is done. A refusal
 * comes back to the form that asked, with the field it is about; a conflict says what somebody else changed meanwhile.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, useState, type ReactNode } from 'react';
import type { BlastRadius } from '../api/client.ts';
import { Problem } from '../api/problem.ts';
import { t } from '../words/words.ts';
import { BlastRadiusView } from './blast-radius.tsx';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Checkbox } from './fields.tsx';
import { Loading, Note, ProblemNotice } from './notices.tsx';
import { useToast } from './toast.tsx';

export interface SendOptions {
  readonly dryRun: boolean;
  /** Said when the server asks for it: that somebody is to get full access without an end. */
  readonly confirm?: 'full_access';
}

export interface Change<T> {
  readonly title: string;
  /** What the button that does it says. */
  readonly button: string;
  readonly danger?: boolean;
  /** More to know before it is done. */
  readonly about?: ReactNode;
  readonly send: (options: SendOptions) => Promise<T>;
  readonly done: string;
}

/** How it ended; undefined: it was not done, and nothing is wrong. */
export type Outcome<T> = { readonly result: T } | { readonly error: unknown } | undefined;

type Ask = <T>(change: Change<T>) => Promise<Outcome<T>>;

interface Asked {
  readonly id: number;
  readonly change: Change<unknown>;
  readonly settle: (outcome: Outcome<unknown>) => void;
}

const Context = createContext<Ask | undefined>(undefined);

export function ChangeProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Asked>();
  const [ask] = useState(() => asking(setAsked));
  return (
    <Context value={ask}>
      {children}
      {asked !== undefined && <ChangeDialog key={asked.id} {...asked} />}
    </Context>
  );
}

function asking(show: (asked: Asked | undefined) => void): Ask {
  let count = 0;
  return (change) =>
    new Promise((resolve) => {
      count += 1;
      const settle: Asked['settle'] = (outcome) => {
        show(undefined);
        resolve(outcome as Outcome<never>);
      };
      show({ id: count, change, settle });
    });
}

export function useChange(): Ask {
  return use(Context)!;
}

function ChangeDialog({ id, change, settle }: Asked) {
  const [confirm, setConfirm] = useState<'full_access'>();
  const [sending, setSending] = useState(false);
  const queries = useQueryClient();
  const toast = useToast();
  const { data: rehearsed, error } = useQuery({
    queryKey: ['rehearsal', id, confirm],
    queryFn: async () => (await change.send({ dryRun: true, confirm })) ?? 'nothing to tell',
    retry: false,
    gcTime: 0,
    staleTime: Infinity,
  });
  const needsWord = confirm === undefined && asksForConfirmation(error);
  useEffect(() => {
    if (error !== null && !needsWord) settle({ error });
  }, [error, needsWord, settle]);
  const radius = radiusOf(rehearsed);
  const send = async () => {
    setSending(true);
    try {
      const result = await change.send({ dryRun: false, confirm });
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'rehearsal' });
      toast(change.done);
      settle({ result });
    } catch (refused) {
      settle({ error: refused });
    }
  };
  const buttons = (
    <>
      <Button onPress={() => settle(undefined)}>{t('Cancel')}</Button>
      <Button kind={change.danger === true ? 'danger' : 'primary'} isDisabled={rehearsed === undefined || sending} onPress={() => void send()}>
        {change.button}
      </Button>
    </>
  );
  return (
    <Dialog title={change.title} onClose={() => settle(undefined)} wide={radius !== undefined && radius.subjects.total > 0} buttons={buttons}>
      <div className="stack">
        {change.about}
        {rehearsed === undefined && error === null && <Loading label={t('Looking at what it would mean …')} />}
        {radius !== undefined && <BlastRadiusView radius={radius} />}
        {needsWord && <FullAccessConfirmation message={error.message} onConfirm={() => setConfirm('full_access')} />}
        {sending && <Loading label={t('Saving …')} />}
      </div>
    </Dialog>
  );
}

function FullAccessConfirmation({ message, onConfirm }: { message: string; onConfirm: () => void }) {
  return (
    <Note kind="warning">
      <p>{message}</p>
      <Checkbox isSelected={false} onChange={onConfirm}>
        {t('Yes: give full access without an end')}
      </Checkbox>
    </Note>
  );
}

function asksForConfirmation(error: unknown): error is Problem {
  return error instanceof Problem && error.body.pointer === '/confirm';
}

/** Some changes concern nobody's roles: their rehearsal only says that they would be let through. */
function radiusOf(answer: unknown): BlastRadius | undefined {
  return typeof answer === 'object' && answer !== null && 'subjects' in answer ? (answer as BlastRadius) : undefined;
}

/** The refusal that a form got, beside its buttons; fields show their own part of it. */
export function Refusal({ outcome }: { outcome: Outcome<unknown> }) {
  return outcome !== undefined && 'error' in outcome ? <ProblemNotice error={outcome.error} /> : undefined;
}

/** What a form is told of a refusal. */
export function errorsOf(outcome: Outcome<unknown>): Readonly<Record<string, string>> {
  return outcome !== undefined && 'error' in outcome && outcome.error instanceof Problem ? outcome.error.byField : {};
}
