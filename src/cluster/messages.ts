/** @module What the processes of one node say to each other. Both ends are ours and of one version; nothing of a caller decides what is done. */

/** How often a worker says that it is alive. */
export const ALIVE_MS = 1000;

/** One metric as prom-client gives it for aggregation. */
export type Metric = object;

export type FromWorker =
  | { readonly kind: 'ready'; readonly port: number }
  /** It cannot start, and says why. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** Its event loop turns. */
  | { readonly kind: 'alive' }
  /** Its metrics, because they were asked for or because it ends. */
  | { readonly kind: 'snapshot'; readonly metrics: readonly Metric[] }
  /** It wants the metrics of all. */
  | { readonly kind: 'gather'; readonly question: number };

export type FromPrimary =
  /** Finish what is under way, and end. */
  | { readonly kind: 'drain' }
  /** Send your metrics. */
  | { readonly kind: 'measure' }
  /** The metrics of all. */
  | { readonly kind: 'gathered'; readonly question: number; readonly text: string };

/** Libraries use the same channel. */
const isOf = (kinds: readonly string[], message: unknown): boolean =>
  typeof message === 'object' && message !== null && kinds.includes(String((message as { kind?: unknown }).kind));

export const isFromWorker = (message: unknown): message is FromWorker => isOf(['ready', 'failed', 'alive', 'snapshot', 'gather'], message);
export const isFromPrimary = (message: unknown): message is FromPrimary => isOf(['drain', 'measure', 'gathered'], message);
