import { AggregatorRegistry } from 'prom-client';
import type { Member } from './member.ts';
import type { Metric } from './messages.ts';

/** A worker that takes longer to give its metrics is left out. */
const ANSWER_MS = 1000;
/** What only ever grows, and must not shrink because a process is gone. */
const LASTING = new Set(['counter', 'histogram']);

const lasting = (metrics: readonly Metric[]): Metric[] => metrics.filter((metric) => LASTING.has((metric as { type: string }).type));
const added = (all: readonly (readonly Metric[])[]) => AggregatorRegistry.aggregate([...all]);

/**
 * The metrics of all workers as one, each added up as it says itself (`aggregator`). Counts of workers that have ended,
 * or do not answer, stay in the sums: a sum that falls would look to Prometheus like a restart of everything.
 */
export class GatheredMetrics {
  /** What each worker said last. */
  readonly #last = new Map<Member, readonly Metric[]>();
  readonly #awaited = new Map<Member, () => void>();
  #departed: readonly Metric[] = [];
  #departing = Promise.resolve();
  #gathering: Promise<string> | undefined;

  /** A worker gives its metrics. */
  take(member: Member, metrics: readonly Metric[]): void {
    this.#last.set(member, metrics);
    this.#awaited.get(member)?.();
  }

  /** A worker has ended. */
  async leave(member: Member): Promise<void> {
    this.#awaited.get(member)?.();
    const last = this.#last.get(member);
    if (last === undefined) return;
    this.#last.delete(member);
    // Two that leave at the same time are both added.
    this.#departing = this.#depart(this.#departing, lasting(last));
    await this.#departing;
  }

  /** The sums in the text format of Prometheus; who asks at the same time gets the same. */
  exposition(members: readonly Member[]): Promise<string> {
    this.#gathering ??= this.#gather(members).finally(() => {
      this.#gathering = undefined;
    });
    return this.#gathering;
  }

  async #depart(before: Promise<void>, metrics: readonly Metric[]): Promise<void> {
    await before;
    this.#departed = await added([this.#departed, metrics]).getMetricsAsJSON();
  }

  async #gather(members: readonly Member[]): Promise<string> {
    const silent = new Set(members);
    let giveUp: NodeJS.Timeout | undefined;
    const all = Promise.all(
      members.map(async (member) => {
        await new Promise<void>((resolve) => {
          this.#awaited.set(member, resolve);
          member.send({ kind: 'measure' });
        });
        silent.delete(member);
      }),
    );
    await Promise.race([all, new Promise((resolve) => (giveUp = setTimeout(resolve, ANSWER_MS)))]);
    clearTimeout(giveUp);
    for (const member of members) this.#awaited.delete(member);
    await this.#departing;
    const present = [...this.#last].map(([member, metrics]) => (silent.has(member) ? lasting(metrics) : metrics));
    return added([...present, this.#departed]).metrics();
  }
}
