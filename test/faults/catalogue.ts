/** @module Every fault that the suite makes: its name in tests, results and the documentation, in the order of the page. */
export const FAULTS = {
  'postgres-stopped': 'Postgres is stopped for 2 s (fast shutdown)',
  'postgres-crashed': 'Postgres crashes under load (immediate shutdown) and recovers from its log',
  'postgres-frozen': 'Postgres hangs for 5 s (SIGSTOP of every process of it)',
} as const;

export type Fault = keyof typeof FAULTS;
