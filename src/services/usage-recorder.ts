/**
 * @module Counts what issued tokens asked for and got, in memory, and adds it to the store every few seconds. Issuing
 * never waits for it and never fails by it; what a process counted and could not add before it died is lost.
 */
import type { Clock } from '../domain/ports.ts';
import { ROLE_NAME } from '../domain/role.ts';
import {
  dayOf,
  endOfDay,
  OTHER_NAMES,
  profileUse,
  startOfDay,
  UNKNOWN_NAMES_COUNTED,
  type Day,
  type UsageCount,
  type UsageKind,
  type UsageStore,
} from '../domain/usage.ts';
import type { TokenIssued } from './token-request.ts';

const EVERY_MS = 10_000;
/** Counts in one statement. */
const BATCH = 2000;
/** Distinct counts that wait at most, about 20 MB; while the store is down they grow in number, not in rows. */
const MOST_WAITING = 100_000;
/** Unknown names that are remembered for a day at most, of all clients together. */
const MOST_UNKNOWN = 10_000;

export interface UsageRecorderOptions {
  readonly usage: UsageStore;
  readonly clock: Clock;
  /** Adding failed, and is tried again with what comes next. */
  readonly onError: (error: unknown) => void;
  /** So many counts found no place since this was last said. */
  readonly onLost: (counts: number) => void;
}

interface Tally {
  granted: number;
  dropped: number;
}

type ClientTally = Readonly<Record<UsageKind, Map<string, Tally>>>;

export class UsageRecorder {
  readonly #options: UsageRecorderOptions;
  readonly #waiting = new Map<Day, Map<string, ClientTally>>();
  #size = 0;
  #lost = 0;
  #today = { day: '', from: Infinity, until: -Infinity };
  /** Unknown names of today by client, also those that were added to the store already. */
  readonly #unknown = new Map<string, Set<string>>();
  #unknownCount = 0;
  #begun = false;
  #flushing: Promise<void> | undefined;

  constructor(options: UsageRecorderOptions) {
    this.#options = options;
  }

  record({ clientId, catalogue, held, negotiation }: Pick<TokenIssued, 'clientId' | 'catalogue' | 'held' | 'negotiation'>): void {
    const tally = this.#tallyOf(this.#dayNow(), clientId);
    if (tally === undefined) return;
    this.#count(tally.client, '', true);
    for (const name of negotiation.granted) this.#count(tally.role, name, true);
    for (const { name, verdict } of negotiation.dropped) {
      this.#count(tally.role, verdict === 'unknown' ? this.#unknownName(clientId, name) : name, false);
    }
    profileUse(catalogue, held, negotiation, (profile, granted) => this.#count(tally.security_profile, profile, granted));
  }

  /**
   * Adds everything that was counted before this call to the store.
   * @throws `unavailable`; what could not be added waits for the next time
   */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /**
   * Begins to add what is counted at intervals; never keeps the process alive.
   * @returns stops it after adding what is left
   */
  start(): () => Promise<void> {
    const flush = () => this.flush().catch(this.#options.onError);
    const timer = setInterval(() => void flush(), EVERY_MS);
    timer.unref();
    void flush();
    return async () => {
      clearInterval(timer);
      await this.#flushing?.catch(() => undefined);
      await flush();
    };
  }

  async #flush(): Promise<void> {
    const { usage, onLost } = this.#options;
    if (this.#lost > 0) {
      onLost(this.#lost);
      this.#lost = 0;
    }
    if (!this.#begun) {
      await usage.begin(this.#dayNow());
      this.#begun = true;
    }
    for (let left = this.#size; left > 0; left -= BATCH) {
      const counts = this.#take();
      try {
        await usage.add(counts);
      } catch (error) {
        this.#putBack(counts);
        throw error;
      }
    }
  }

  #dayNow(): Day {
    const now = this.#options.clock.now();
    if (now < this.#today.from || now >= this.#today.until) {
      const day = dayOf(now);
      this.#today = { day, from: startOfDay(day), until: endOfDay(day) };
      this.#unknown.clear();
      this.#unknownCount = 0;
    }
    return this.#today.day;
  }

  /** The name itself while there are few, so that nobody fills the table with inventions. */
  #unknownName(client: string, name: string): string {
    let names = this.#unknown.get(client);
    if (names?.has(name) === true) return name;
    if ((names?.size ?? 0) >= UNKNOWN_NAMES_COUNTED || this.#unknownCount >= MOST_UNKNOWN || !ROLE_NAME.test(name)) return OTHER_NAMES;
    if (names === undefined) {
      names = new Set();
      this.#unknown.set(client, names);
    }
    names.add(name);
    this.#unknownCount += 1;
    return name;
  }

  /** @returns undefined when there is no place for one more */
  #tallyOf(day: Day, client: string): ClientTally | undefined {
    const known = this.#waiting.get(day)?.get(client);
    if (known !== undefined) return known;
    if (this.#isFull()) return undefined;
    const tally: ClientTally = { client: new Map(), role: new Map(), security_profile: new Map() };
    const clients = this.#waiting.get(day) ?? new Map<string, ClientTally>();
    this.#waiting.set(day, clients.set(client, tally));
    return tally;
  }

  #isFull(): boolean {
    if (this.#size < MOST_WAITING) return false;
    this.#lost += 1;
    return true;
  }

  #count(tallies: Map<string, Tally>, name: string, granted: boolean): void {
    const tally = this.#tally(tallies, name);
    if (tally === undefined) return;
    if (granted) tally.granted += 1;
    else tally.dropped += 1;
  }

  /** @returns undefined when there is no place for one more */
  #tally(tallies: Map<string, Tally>, name: string): Tally | undefined {
    let tally = tallies.get(name);
    if (tally !== undefined) return tally;
    if (this.#isFull()) return undefined;
    tally = { granted: 0, dropped: 0 };
    tallies.set(name, tally);
    this.#size += 1;
    return tally;
  }

  /** Takes at most {@link BATCH} of what waits. */
  #take(): UsageCount[] {
    const counts: UsageCount[] = [];
    for (const [day, clients] of this.#waiting) {
      for (const [client, tallies] of clients) {
        for (const kind of KINDS) {
          for (const [name, tally] of tallies[kind]) {
            if (counts.length === BATCH) return counts;
            counts.push({ day, client, kind, name, ...tally });
            tallies[kind].delete(name);
            this.#size -= 1;
          }
        }
        clients.delete(client);
      }
      this.#waiting.delete(day);
    }
    return counts;
  }

  #putBack(counts: readonly UsageCount[]): void {
    for (const { day, client, kind, name, granted, dropped } of counts) {
      const tallies = this.#tallyOf(day, client);
      const tally = tallies && this.#tally(tallies[kind], name);
      if (tally === undefined) continue;
      tally.granted += granted;
      tally.dropped += dropped;
    }
  }
}

const KINDS: readonly UsageKind[] = ['client', 'role', 'security_profile'];
