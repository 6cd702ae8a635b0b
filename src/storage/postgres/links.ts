/** @module Links that can be used once, in Postgres. */
import type { KeptLink, LinkPurpose, LinkStore, LinkTable } from '../../domain/one-time-link.ts';
import { assertKey, isStorable, toJson } from '../values.ts';
import type { Database, Session, Statement } from './session.ts';

const FIND: Statement = {
  sql: 'SELECT hash, purpose, coalesce(user_id, invitation_id)::text AS target, expires_at FROM one_time_links WHERE hash = ?',
};
/** One statement for each kind of target, because ON CONFLICT names one constraint. */
const PUT_FOR_USER: Statement = {
  sql: `
    INSERT INTO one_time_links (hash, purpose, user_id, expires_at) VALUES (?, ?, ?, ?)
    ON CONFLICT ON CONSTRAINT one_time_links_user DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at`,
};
const PUT_FOR_INVITATION: Statement = {
  sql: `
    INSERT INTO one_time_links (hash, purpose, invitation_id, expires_at) VALUES (?, ?, ?, ?)
    ON CONFLICT ON CONSTRAINT one_time_links_invitation DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at`,
};
const REMOVE: Statement = { sql: 'DELETE FROM one_time_links WHERE purpose = ANY (?::text[]) AND (user_id = ? OR invitation_id = ?)' };

const REMOVE_ALL: Statement = { sql: 'DELETE FROM one_time_links' };

interface LinkRow {
  readonly hash: string;
  readonly purpose: LinkPurpose;
  readonly target: string;
  readonly expires_at: Date;
}

function linkStore(reading: Session, writing: Session): LinkStore {
  return {
    find: async (hash) => {
      const [row] = isStorable(hash) ? await reading.rows<LinkRow>(FIND, [hash]) : [];
      return row && { purpose: row.purpose, target: row.target, hash: row.hash, expiresAt: row.expires_at };
    },
    put: async (link: KeptLink) => {
      assertKey(link.hash, 'a one-time link');
      toJson(link, 'A one-time link');
      const statement = link.purpose === 'invitation' ? PUT_FOR_INVITATION : PUT_FOR_USER;
      await writing.rows(statement, [link.hash, link.purpose, link.target, link.expiresAt]);
    },
  };
}

export const postgresLinks = ({ reading, writing }: Database): LinkStore => linkStore(reading, writing);

export function postgresLinkTable(session: Session): LinkTable {
  return {
    ...linkStore(session, session),
    remove: async (purposes, target) => {
      if (isStorable(target)) await session.rows(REMOVE, [purposes, target, target]);
    },
    removeAll: async () => void (await session.rows(REMOVE_ALL)),
  };
}
