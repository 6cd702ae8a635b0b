/**
 * @module What somebody was editing when the session ended: kept in this tab while that person signs in again, and given
 * back once, to that person and that page.
 */
import { useEffect, useState } from 'react';
import { useSession } from './session.tsx';

const KEPT = 'rolemint.unsaved';

interface Kept {
  readonly subject: string;
  readonly page: string;
  readonly state: unknown;
}

const forms = new Set<() => Kept | undefined>();

const here = (): string => location.pathname + location.search;

/** Keeps what the forms of this page hold: to be called before the page is left for signing in. */
export function keepUnsaved(): void {
  const [kept] = [...forms].flatMap((form) => form() ?? []);
  if (kept !== undefined) sessionStorage.setItem(KEPT, JSON.stringify(kept));
}

/** What was kept of this page, for who asks alone; whatever it was, nobody is given it a second time. */
function takeUnsaved(subject: string): unknown {
  const text = sessionStorage.getItem(KEPT);
  if (text === null) return undefined;
  const kept = JSON.parse(text) as Kept;
  if (kept.page !== here()) return undefined;
  sessionStorage.removeItem(KEPT);
  return kept.subject === subject ? kept.state : undefined;
}

/**
 * State of a form that outlives signing in again.
 * @param initial where nothing was kept
 * @param isUnsaved what is worth keeping
 */
export function useUnsaved<S>(initial: S, isUnsaved: (state: S) => boolean): [S, (next: S | ((before: S) => S)) => void] {
  const { id } = useSession().me.subject;
  const [state, setState] = useState<S>(() => (takeUnsaved(id) as S | undefined) ?? initial);
  useEffect(() => {
    const form = () => (isUnsaved(state) ? { subject: id, page: here(), state } : undefined);
    forms.add(form);
    return () => void forms.delete(form);
  });
  return [state, setState];
}
