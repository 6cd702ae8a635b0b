/** @module What the feed of revocations tells, from Postgres: by the transactions that wrote it, not by the clock. */
import type { Revocation } from '../../domain/revocation.ts';
import type { RevocationFeedReader, RoleLoss } from '../../domain/revocation-feed.ts';
import { assertKey, batches, isTransactionNumber, toJson } from '../values.ts';
import type { Session, Statement } from './session.ts';

const ADD: Statement = {
  sql: `
    INSERT INTO role_losses AS r (subject_kind, subject_id, client_id, role, not_before, expires_at)
    SELECT l.kind, l.id, l.client, l.role, max(l.not_before), max(l.expires_at)
    FROM jsonb_to_recordset(?::jsonb) AS l (kind text, id text, client text, role text, not_before timestamptz, expires_at timestamptz)
    GROUP BY l.kind, l.id, l.client, l.role
    ON CONFLICT (subject_kind, subject_id, client_id, role) DO UPDATE
      SET not_before = GREATEST(r.not_before, excluded.not_before), expires_at = GREATEST(r.expires_at, excluded.expires_at),
        written_by = excluded.written_by`,
};
/**
 * Every transaction before the snapshot's xmin had ended when it was taken, so all that it wrote is seen; what is asked
 * for next begins there. Numbers of transactions mean something in one database only, on one line of its history: a cursor
 * of a copy, from before a restore or of a primary that was failed over, gets everything. Rows that came with a restore
 * bear numbers of where they were written, which may lie ahead; they are told to whoever gets everything, and not again.
 */
const NEWS: Statement = {
  name: 'revocation_news',
  sql: `
    WITH here AS (
      SELECT pg_current_snapshot() AS now, left(md5(concat_ws(' ', (SELECT system_identifier FROM pg_control_system()),
        (SELECT oid FROM pg_database WHERE datname = current_database()), left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
        (SELECT extract(epoch FROM not_before) FROM revocations WHERE kind = 'everybody'))), 16) AS identity
    ), seen AS (
      SELECT here.identity || '.' || pg_snapshot_xmin(now)::text AS cursor, pg_snapshot_xmax(now) AS ends,
        CASE WHEN q.identity <> here.identity OR q.since > pg_snapshot_xmax(now) THEN '0'::xid8 ELSE q.since END AS since
      FROM here CROSS JOIN (SELECT ?::text AS identity, ?::text::xid8 AS since) q
    )
    SELECT 'cursor' AS kind, cursor AS id, (since = '0'::xid8)::text AS client, NULL AS role,
      NULL::timestamptz AS not_before, NULL::timestamptz AS expires_at
    FROM seen
    UNION ALL
    SELECT kind, id, NULL, NULL, not_before, expires_at FROM revocations
    WHERE written_by >= (SELECT since FROM seen) AND not_before > ?::timestamptz AND expires_at > ?::timestamptz
      AND (written_by < (SELECT ends FROM seen) OR (SELECT since FROM seen) = '0'::xid8)
    UNION ALL
    SELECT subject_kind, subject_id, client_id, role, not_before, expires_at FROM role_losses
    WHERE written_by >= (SELECT since FROM seen) AND expires_at > ?::timestamptz
      AND (written_by < (SELECT ends FROM seen) OR (SELECT since FROM seen) = '0'::xid8)
    ORDER BY 1, 2, 3, 4`,
};

/** Of a cursor: which database, and where in it. */
function partsOf(cursor = ''): readonly [identity: string, number: string] {
  const [, identity, number = ''] = /^([0-9a-f]{16})\.(\d+)$/.exec(cursor) ?? [];
  return identity !== undefined && isTransactionNumber(number) ? [identity, number] : ['', '0'];
}

interface NewsRow {
  readonly kind: Revocation['kind'] | 'cursor' | '';
  readonly id: string;
  readonly client: string | null;
  readonly role: string | null;
  readonly not_before: Date;
  readonly expires_at: Date;
}

export async function addRoleLosses(session: Session, losses: readonly RoleLoss[]): Promise<void> {
  for (const batch of batches(losses)) {
    const rows = batch.map(({ subject, client, role, notBefore, expiresAt }) => {
      assertKey(role, 'a role');
      return { kind: subject?.kind ?? '', id: subject?.id ?? '', client: client ?? '', role, not_before: notBefore, expires_at: expiresAt };
    });
    await session.rows(ADD, [toJson(rows, 'A loss of roles')]);
  }
}

export function postgresRevocationFeed(reading: Session): RevocationFeedReader {
  return {
    news: async ({ since, now, notBeforeAfter }) => {
      const rows = await reading.rows<NewsRow>(NEWS, [...partsOf(since), notBeforeAfter, now, now]);
      const cursor = rows.find(({ kind }) => kind === 'cursor')!;
      const told = rows.filter((row) => row !== cursor);
      return {
        complete: cursor.client === 'true',
        revocations: told.filter(({ role }) => role === null).map(revocationOf),
        roleLosses: told.filter(({ role }) => role !== null).map(lossOf),
        cursor: cursor.id,
      };
    },
  };
}

const revocationOf = ({ kind, id, not_before: notBefore, expires_at: expiresAt }: NewsRow): Revocation => ({
  kind: kind as Revocation['kind'],
  id,
  notBefore,
  expiresAt,
});

const lossOf = ({ kind, id, client, role, not_before: notBefore, expires_at: expiresAt }: NewsRow): RoleLoss => ({
  ...(kind === 'user' || kind === 'client' ? { subject: { kind, id } } : {}),
  ...(client === null || client === '' ? {} : { client }),
  role: role!,
  notBefore,
  expiresAt,
});
