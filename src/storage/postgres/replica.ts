/**
 * @module Pages from a streaming replica, as long as it is known to be no more than a moment behind.
 *
 * The clocks of the machines are not compared. Now and then the primary is asked how far its log reaches: a mark. A
 * replica that has replayed a mark holds all that was committed before it was taken. Of the marks that are young enough,
 * and were taken after whatever this process changed, it must have replayed the oldest; and it must have the version of
 * the workspace that was last heard of, so that who may see what is judged by the same state as whether to answer at all.
 * Whatever else comes of asking it, the primary answers.
 */
import type { Knex } from 'knex';
import { DomainError } from '../../domain/errors.ts';
import { translate } from './errors.ts';
import { transactionSession, type Session, type Statement } from './session.ts';

export interface ReplicaOptions {
  /** What was committed longer ago than this is on every page. */
  readonly maximumLagMilliseconds: number;
  /** The replica could not be asked; it is left alone for some seconds. */
  readonly onFault?: ((error: unknown) => void) | undefined;
  readonly onAnswer?: ((by: 'replica' | 'primary') => void) | undefined;
}

export interface Replica {
  /** For pages; outside of transactions. */
  readonly showing: Session;
  /** A version of the workspace that no page may be older than. */
  heardOf(version: number): void;
  /** This process changed something that its next page must show. */
  changed(): void;
}

interface Mark {
  readonly lsn: string;
  /** Before it was taken. */
  readonly at: number;
  readonly changes: number;
}

/** How long a replica that failed is left alone. */
const REST_MS = 5000;

/** At the head of a page of the log no record has ended yet: there the replica stops at the end of the page before. */
const MARK: Statement = {
  name: 'mark',
  sql: `
    SELECT (lsn - CASE WHEN into_page <= 40 THEN into_page ELSE 0 END)::text AS lsn
    FROM (SELECT pg_current_wal_insert_lsn() AS lsn) w,
      LATERAL (SELECT pg_wal_lsn_diff(w.lsn, '0/0') % current_setting('wal_block_size')::int AS into_page) p`,
};
/** One that was promoted is a replica no more, and may never have got what the primary went on to commit. */
const HAS_CAUGHT_UP: Statement = {
  name: 'has_caught_up',
  sql: `
    SELECT (pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= ?::pg_lsn AND (SELECT version FROM workspace_state) >= ?::bigint) IS TRUE
      AS caught_up`,
};

interface Places {
  /** Connections to the replica. */
  readonly knex: Knex;
  /** On the primary. */
  readonly reading: Session;
  readonly now: () => Date;
  readonly assertOutside: () => void;
}

export function replicaOf({ knex, reading, now, assertOutside }: Places, { maximumLagMilliseconds, onFault, onAnswer }: ReplicaOptions): Replica {
  let version = 0;
  let changes = 0;
  let marks: readonly Mark[] = [];
  let taking: Promise<void> | undefined;
  let restsUntil = -Infinity;
  const age = ({ at }: Mark) => now().getTime() - at;
  const isGood = (mark: Mark) => mark.changes === changes && age(mark) >= 0 && age(mark) <= maximumLagMilliseconds;

  async function take(): Promise<void> {
    const begun = { at: now().getTime(), changes };
    const [row] = await reading.rows<{ readonly lsn: string }>(MARK);
    marks = [...marks.slice(-2), { ...begun, lsn: row!.lsn }];
  }

  /** undefined: something was changed while it was asked for. */
  async function required(): Promise<Mark | undefined> {
    const newest = marks.at(-1);
    // A younger one is at hand before the older ones are too old: by then the replica has it.
    if (newest === undefined || !isGood(newest) || age(newest) * 2 >= maximumLagMilliseconds) {
      taking ??= take().finally(() => (taking = undefined));
      await taking;
    }
    return marks.find(isGood);
  }

  /** The check and the page on one connection, which a pooler or a balancer could lead to different replicas otherwise. */
  async function ask<Row>(mark: Mark, read: (session: Session) => Promise<readonly Row[]>): Promise<readonly Row[] | undefined> {
    return knex.transaction(
      async (trx) => {
        const session = transactionSession(trx);
        const [row] = await session.rows<{ readonly caught_up: boolean }>(HAS_CAUGHT_UP, [mark.lsn, version]);
        return row!.caught_up ? read(session) : undefined;
      },
      { readOnly: true },
    );
  }

  async function fromReplica<Row>(read: (session: Session) => Promise<readonly Row[]>): Promise<readonly Row[] | undefined> {
    if (now().getTime() < restsUntil) return undefined;
    const mark = await required();
    if (mark === undefined) return undefined;
    try {
      return await ask(mark, read);
    } catch (error) {
      const known = translate(error, false);
      if (known.code !== 'unavailable') throw known;
      restsUntil = now().getTime() + REST_MS;
      onFault?.(error instanceof DomainError ? (error.cause ?? error) : error);
      return undefined;
    }
  }

  async function show<Row>(read: (session: Session) => Promise<readonly Row[]>): Promise<readonly Row[]> {
    assertOutside();
    const rows = await fromReplica(read);
    onAnswer?.(rows === undefined ? 'primary' : 'replica');
    return rows ?? read(reading);
  }

  return {
    showing: {
      rows: (statement, values) => show((session) => session.rows(statement, values)),
      select: (build) => show((session) => session.select(build)),
    },
    heardOf: (heard) => void (version = Math.max(version, heard)),
    changed: () => void (changes += 1),
  };
}
