import type { Store } from '../domain/ports.ts';

/** Called after each call to the store with its name, `access.findUser`, and its duration in seconds. */
export type ObserveStore = (operation: string, outcome: 'ok' | 'error', seconds: number) => void;

type AnyFunction = (...parameters: never[]) => unknown;

/** The same store, every call of it measured; what happens inside a transaction counts as one call. */
export function measuredStore(store: Store, observe: ObserveStore): Store {
  return measured(store, '', observe);
}

function measured<T extends object>(target: T, prefix: string, observe: ObserveStore): T {
  const known = new Map<PropertyKey, unknown>();
  return new Proxy(target, {
    get(object, name) {
      if (known.has(name)) return known.get(name);
      const value: unknown = Reflect.get(object, name, object);
      const label = `${prefix}${String(name)}`;
      let wrapped = value;
      if (typeof value === 'function') wrapped = timed((value as AnyFunction).bind(object), label, observe);
      else if (typeof value === 'object' && value !== null) wrapped = measured(value, `${label}.`, observe);
      known.set(name, wrapped);
      return wrapped;
    },
  });
}

function timed(call: AnyFunction, label: string, observe: ObserveStore): AnyFunction {
  return async (...parameters) => {
    const startedAt = process.hrtime.bigint();
    const done = (outcome: 'ok' | 'error') => observe(label, outcome, Number(process.hrtime.bigint() - startedAt) / 1e9);
    try {
      const result = await call(...parameters);
      done('ok');
      return result;
    } catch (error) {
      done('error');
      throw error;
    }
  };
}
