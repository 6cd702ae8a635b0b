/** @module Prometheus metrics. Labels come from closed sets; nothing that a caller can invent becomes a series. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

const FAST = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export type Metrics = ReturnType<typeof openMetrics>;

export function openMetrics(gauges: { readonly hashing: () => { readonly queued: number; readonly running: number } }) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // Among several processes the worst counts: an average would hide the one that is stuck.
  Object.assign(registry.getSingleMetric('nodejs_eventloop_lag_p99_seconds')!, { aggregator: 'max' });
  const registers = [registry];
  new Gauge({ name: 'rolemint_workers', help: 'Processes that answer requests, and gave their metrics.', registers }).set(1);
  const hashQueue = new Gauge({
    name: 'rolemint_hash_queue',
    help: 'Passwords that wait for, or are in, a hashing thread.',
    labelNames: ['state'],
    registers,
    collect() {
      const { queued, running } = gauges.hashing();
      hashQueue.set({ state: 'queued' }, queued);
      hashQueue.set({ state: 'running' }, running);
    },
  });
  return {
    registry,
    tokens: new Counter({
      name: 'rolemint_tokens_total',
      help: 'Answers of the token endpoint by grant type and outcome (issued, or the error).',
      labelNames: ['grant_type', 'outcome'],
      registers,
    }),
    roles: new Counter({
      name: 'rolemint_token_roles_total',
      help: 'Role names in token requests: requested, granted, dropped by verdict.',
      labelNames: ['result'],
      registers,
    }),
    mails: new Counter({
      name: 'rolemint_mails_total',
      help: 'Mails by outcome of a try: sent, retried (it failed and is tried again), failed (given up).',
      labelNames: ['outcome'],
      registers,
    }),
    refusedConnections: new Counter({
      name: 'rolemint_refused_connections_total',
      help: 'Connections that were closed at once: too many altogether (total), or of one address (caller).',
      labelNames: ['limit'],
      registers,
    }),
    strayFailures: new Counter({
      name: 'rolemint_stray_failures_total',
      help: 'Failures that no request was told of, because nothing waited for them; the log has each as stray_failure.',
      registers,
    }),
    requests: new Histogram({
      name: 'rolemint_http_request_seconds',
      help: 'Time to answer, by endpoint and status.',
      labelNames: ['endpoint', 'method', 'status'],
      buckets: FAST,
      registers,
    }),
    pages: new Counter({
      name: 'rolemint_pages_total',
      help: 'Statements for pages of lists, where there is a replica, by who answered: replica, or the primary in its place.',
      labelNames: ['answered_by'],
      registers,
    }),
    store: new Histogram({
      name: 'rolemint_store_seconds',
      help: 'Time of a call to the store, by operation and outcome.',
      labelNames: ['operation', 'outcome'],
      buckets: FAST,
      registers,
    }),
  };
}
