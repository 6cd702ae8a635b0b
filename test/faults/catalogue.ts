/** @module Every fault that the suite makes: its name in tests and results, and in the documentation, in the order of the page. */
export const FAULTS = {
  'postgres-stopped': 'Postgres is stopped for 2 s (fast shutdown)',
  'postgres-crashed': 'Postgres crashes under load (immediate shutdown) and recovers from its log',
  'postgres-refused': 'Connections to Postgres are reset and refused for 2 s',
  'postgres-backend-killed': 'One backend of Postgres is killed; Postgres ends all others and recovers',
  'postgres-backends-terminated': 'All connections are terminated, ten times in 2 s',
  'postgres-connections-exhausted': 'Postgres has no connection left for 2.5 s',
  'postgres-locked': 'Somebody locks what every sign-in and every change needs for 4.5 s',
  'postgres-answers-lost': 'Postgres commits, and no answer of it arrives for 4 s',
  'postgres-answers-cut': 'Connections break in the middle of answers for 3 s',
  'postgres-frozen': 'Postgres hangs for 6 s (SIGSTOP of every process of it)',
  'postgres-partitioned': 'Postgres is cut off for 6 s; what was sent arrives afterwards',
  'postgres-slow': 'Every statement takes 1.2 s longer for 7 s',
  'node-killed': 'Nodes are killed (SIGKILL) at random points and started again, one of four lives',
  'node-stopped': 'One of two nodes is told to stop (SIGTERM)',
  'stray-failure': 'Something fails in a node that nobody waits for',
  'audit-broken': 'The audit trail cannot be written for 2.5 s',
  'event-loop-blocked': 'The event loop of one node stands still for 2 s',
  'small-heap': 'Nodes have a heap of 96 MB',
  'cpu-starved': 'Nodes get 20 ms of every 100 ms for 5 s',
} as const;

export type Fault = keyof typeof FAULTS;
