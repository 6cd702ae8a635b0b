/** @module A store that fails the way stores promise to, when a test says so. */
import { DomainError } from '../../src/domain/errors.ts';

export interface Failures {
  /** Calls by name, `grants.rotate`, that fail now; `*`: all. */
  readonly down: Set<string>;
  /** What they fail with. */
  failure: () => Error;
}

export const unavailable = (): Error => new DomainError('unavailable', 'The store does not answer.', { retryAfterSeconds: 1 });

export const noFailures = (): Failures => ({ down: new Set(), failure: unavailable });

/** The same store, whose calls fail while {@link Failures} has them. It can be closed always. */
export function failing<T extends object>(target: T, failures: Failures, path = ''): T {
  return new Proxy(target, {
    get(object, name) {
      const value = Reflect.get(object, name) as unknown;
      const here = `${path}${String(name)}`;
      if (typeof value === 'object' && value !== null) return failing(value, failures, `${here}.`);
      if (typeof value !== 'function' || here === 'close') return value;
      return (...given: unknown[]) => {
        if (failures.down.has('*') || failures.down.has(here)) return Promise.reject(failures.failure());
        return Reflect.apply(value, object, given) as unknown;
      };
    },
  });
}
