/** Remembers for its short life which proof was used, so that it is used once. */

/** Where used proofs are remembered; several processes of one API share one, in Redis or a database. */
export interface ReplayMemory {
  /**
   * True for exactly one caller per id until it expires.
   * @param expiresAt seconds since 1970
   */
  useOnce(id: string, expiresAt: number): boolean | Promise<boolean>;
}

export interface LocalReplaysOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Ids that are remembered at most. Default: 100,000. */
  readonly limit?: number;
}

/**
 * Remembers used ids in this process. When there are more than the limit, those that end first are forgotten, and nothing
 * that would end as early is let through any more: under a flood the time shrinks in which a proof is good, but none is
 * good twice.
 */
export function localReplays({ now, limit = 100_000 }: LocalReplaysOptions): ReplayMemory {
  /** Ids by the second in which they end. */
  const ending = new Map<number, Set<string>>();
  let size = 0;
  let forgottenUpTo = -Infinity;

  function forget(second: number): void {
    size -= ending.get(second)?.size ?? 0;
    ending.delete(second);
  }

  return {
    useOnce: (id, expiresAt) => {
      const second = Math.ceil(expiresAt);
      for (const other of ending.keys()) if (other * 1000 < now()) forget(other);
      if (second <= forgottenUpTo) return false;
      const known = ending.get(second);
      if (known?.has(id) === true) return false;
      if (known === undefined) ending.set(second, new Set([id]));
      else known.add(id);
      size += 1;
      if (size > limit) {
        const first = Math.min(...ending.keys());
        forget(first);
        forgottenUpTo = Math.max(forgottenUpTo, first);
        if (first === second) return false;
      }
      return true;
    },
  };
}
