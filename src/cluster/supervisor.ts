/**
 * @module Several processes that answer requests on one port. This one takes the connections and hands each to a worker
 * that is free; it replaces workers that die, renews all of them one after the other, and stops them.
 */
import cluster from 'node:cluster';
import path from 'node:path';
import { RateLimiterClusterMaster } from 'rate-limiter-flexible';
import type { Logger } from '../telemetry/logger.ts';
import { GatheredMetrics } from './gathered-metrics.ts';
import type { Member } from './member.ts';
import type { FromWorker } from './messages.ts';
import { Post } from './post.ts';

export interface SupervisorOptions {
  readonly workers: number;
  readonly log: Logger;
}

/** Longer than a worker takes by itself for what is under way. */
const DRAIN_MS = 12_000;

/** The workers of this process, which can have one supervisor. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #posts = new Set<Post>();
  readonly #answering = new Set<Member>();
  readonly #metrics = new GatheredMetrics();
  #stopping = false;
  #renewing: Promise<void> | undefined;
  #renewOnceMore = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    cluster.setupPrimary({ exec: path.join(import.meta.dirname, `worker${path.extname(import.meta.filename)}`), args: [] });
    // Without Redis, failed attempts are counted here for all workers.
    void new RateLimiterClusterMaster();
  }

  /**
   * Starts all workers, and resolves when each of them answers.
   * @throws `unavailable` when one cannot start, with its reason
   */
  async start(): Promise<{ readonly port: number }> {
    const posts = Array.from({ length: this.#options.workers }, () => this.#open());
    const [first] = await Promise.all(posts.map(({ ready }) => ready));
    return first!;
  }

  /**
   * Replaces every worker, one after the other; a new one answers before an old one drains. When a new one cannot start,
   * the old ones stay. Asked for while it is going on, it is done once more.
   */
  renew(): Promise<void> {
    this.#renewOnceMore = true;
    this.#renewing ??= this.#renewWhileAsked().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** Drains all workers. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#posts].map((post) => this.#close(post)));
  }

  async #renewWhileAsked(): Promise<void> {
    const { log } = this.#options;
    while (this.#renewOnceMore && !this.#stopping) {
      this.#renewOnceMore = false;
      log.info({ event: 'renewal_begun' });
      try {
        await this.#renewAll();
        log.info({ event: 'renewal_done' });
      } catch (err) {
        if (!this.#stopping) log.error({ event: 'renewal_failed', err });
      }
    }
  }

  async #renewAll(): Promise<void> {
    const before = [...this.#posts];
    for (const old of before) {
      if (this.#stopping) return;
      const successor = this.#open();
      try {
        await successor.ready;
      } catch (error) {
        await this.#close(successor);
        throw error;
      }
      await this.#close(old);
    }
  }

  #open(): Post {
    const post = new Post({
      log: this.#options.log,
      drainMs: DRAIN_MS,
      onReady: (member) => void this.#answering.add(member),
      onMessage: (member, message) => void this.#heard(member, message),
      onEnded: (member) => {
        this.#answering.delete(member);
        void this.#metrics.leave(member);
      },
    });
    this.#posts.add(post);
    return post;
  }

  async #close(post: Post): Promise<void> {
    await post.retire();
    this.#posts.delete(post);
  }

  async #heard(member: Member, message: FromWorker): Promise<void> {
    if (message.kind === 'snapshot') this.#metrics.take(member, message.metrics);
    if (message.kind !== 'gather') return;
    const text = await this.#metrics.exposition([...this.#answering]);
    member.send({ kind: 'gathered', question: message.question, text });
  }
}
