import { useCallback, useEffect, useState } from 'react';
import { useSearchParams } from 'wouter';

const SETTLED_MS = 250;

/** A part of the address that says what a page shows; empty: it is not there. */
export function useFilter(name: string): [value: string, set: (value: string) => void] {
  const [query, setQuery] = useSearchParams();
  const set = useCallback(
    (value: string) =>
      setQuery(
        (before) => {
          const next = new URLSearchParams(before);
          if (value === '') next.delete(name);
          else next.set(name, value);
          return next;
        },
        { replace: true },
      ),
    [name, setQuery],
  );
  return [query.get(name) ?? '', set];
}

/** The same for a text that somebody is typing: the address follows once the keys rest. */
export function useTypedFilter(name: string): { readonly text: string; readonly setText: (text: string) => void; readonly value: string } {
  const [value, set] = useFilter(name);
  const [text, setText] = useState(value);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => set(text), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [text, value, set]);
  return { text, setText, value };
}
