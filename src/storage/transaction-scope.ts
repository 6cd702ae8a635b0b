/**
 * @module Whoever works inside a transaction reads and writes through it. Going around it would read what is not yet
 * true, and on a store with one connection wait for itself; every store refuses it at once instead.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { DomainError } from '../domain/errors.ts';

export interface TransactionScope {
  /** Runs the work of a transaction; whatever it calls counts as inside. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** @throws `internal` when called from inside a transaction of this store */
  assertOutside(): void;
}

export function transactionScope(): TransactionScope {
  const inside = new AsyncLocalStorage<{ open: boolean }>();
  let running = 0;
  return {
    async run(work) {
      // What the work leaves behind, a timer perhaps, is outside again once the work is done.
      const transaction = { open: true };
      running += 1;
      try {
        return await inside.run(transaction, work);
      } finally {
        transaction.open = false;
        running -= 1;
        // On Node 20 following the context slows down every promise of the process; between changes nobody needs it.
        if (running === 0) inside.disable();
      }
    },
    assertOutside() {
      if (inside.getStore()?.open === true)
        throw new DomainError('internal', 'Inside a transaction the store itself was used instead of the transaction.');
    },
  };
}

/** Wraps the methods of a part of a transaction. */
export type Guard = <T extends object>(part: T) => T;

export interface TransactionSteps<Tx, T> {
  readonly scope: TransactionScope;
  readonly work: (tx: Tx) => Promise<T>;
  readonly open: (guard: Guard) => Tx;
  /** Last checks, then commit or rollback. */
  readonly finish: () => Promise<void>;
}

/**
 * Runs the work of one transaction. A refusal inside spoils the whole transaction, as it does in Postgres: even when
 * the work catches it, nothing is committed and the refusal comes out in the end. After the end nothing gets through.
 */
export async function runTransaction<Tx, T>({ scope, work, open, finish }: TransactionSteps<Tx, T>): Promise<T> {
  const state: { over: boolean; failure?: { readonly error: unknown } } = { over: false };
  const guard: Guard = (part) => guarded(part, state);
  try {
    const result = await scope.run(() => work(open(guard)));
    if (state.failure !== undefined) throw state.failure.error;
    await finish();
    return result;
  } finally {
    state.over = true;
  }
}

type Method = (...values: readonly unknown[]) => Promise<unknown>;

function guarded<T extends object>(part: T, state: { over: boolean; failure?: { readonly error: unknown } }): T {
  const methods = Object.entries(part).map(([name, method]): [string, Method] => [
    name,
    async (...values) => {
      if (state.over) throw new DomainError('internal', 'A transaction was used after its end.');
      if (state.failure !== undefined) throw state.failure.error;
      try {
        return await (method as Method)(...values);
      } catch (error) {
        state.failure ??= { error };
        throw error;
      }
    },
  ]);
  return Object.fromEntries(methods) as T;
}
