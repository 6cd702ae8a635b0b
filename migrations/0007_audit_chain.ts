/**
 * @module Audit events become a chain. Events are written by one function, which takes the one row of `audit_chain`
 * before it writes and keeps it until the commit: whoever writes events does it last, so that nobody waits for anything
 * else with that row in hand. Numbers come from that row, not from a sequence, so they have no gaps.
 */
import type { Knex } from 'knex';
import type { AuditEvent } from '../src/domain/audit-event.ts';
import { auditEntry } from '../src/storage/audit-entry.ts';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(TABLES);
  await knex.raw(ORGANIZATION);
  await knex.raw(APPEND);
  await chainEarlierEvents(knex);
  await knex.raw(INDEXES);
}

const TABLES = `
  ALTER TABLE audit_events RENAME TO earlier_audit_events;
  DROP INDEX audit_events_at, audit_events_type, audit_events_target;

  CREATE TABLE audit_events (
    id bigint CONSTRAINT audit_events_key PRIMARY KEY,
    at timestamptz NOT NULL,
    type text NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'client', 'operator', 'system')),
    actor_id text NOT NULL,
    on_behalf_of_kind text CHECK (on_behalf_of_kind IN ('user', 'client', 'operator', 'system')),
    on_behalf_of_id text,
    client_id text,
    target_kind text NOT NULL,
    target_id text NOT NULL,
    -- No foreign key: events stay when an organization goes.
    organization_id text COLLATE "C",
    before jsonb,
    after jsonb,
    request_id text,
    hash text NOT NULL,
    CHECK (at = date_trunc('milliseconds', at)),
    CHECK ((on_behalf_of_kind IS NULL) = (on_behalf_of_id IS NULL))
  );
  CREATE TRIGGER audit_events_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

  CREATE TABLE audit_chain (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    events bigint NOT NULL,
    hash text NOT NULL
  );
  INSERT INTO audit_chain (events, hash) VALUES (0, repeat('0', 64));
  CREATE TRIGGER audit_chain_is_kept BEFORE DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
`;

/** Whose events these are. What is gone belongs where its last event belonged. */
const ORGANIZATION = `
  CREATE FUNCTION audited_organization(of_kind text, of_id text) RETURNS text LANGUAGE plpgsql STABLE AS $$
  DECLARE
    answer text;
  BEGIN
    CASE of_kind
      WHEN 'organization' THEN
        RETURN of_id;
      WHEN 'user' THEN
        SELECT u.organization_id INTO answer FROM users u WHERE u.id = of_id;
      WHEN 'user_group' THEN
        SELECT g.organization_id INTO answer FROM user_groups g WHERE g.id = of_id;
      WHEN 'client' THEN
        SELECT c.organization_id INTO answer FROM clients c WHERE c.client_id = of_id;
      WHEN 'security_profile' THEN
        SELECT p.organization_id INTO answer FROM security_profiles p WHERE p.id = of_id;
      WHEN 'invitation' THEN
        SELECT i.organization_id INTO answer FROM invitations i WHERE i.id = of_id;
      WHEN 'grant' THEN
        SELECT u.organization_id INTO answer FROM grants g JOIN users u ON u.id = g.user_id WHERE g.id = of_id;
        RETURN answer;
      WHEN 'assignment' THEN
        SELECT coalesce(a.organization_id, u.organization_id, g.organization_id, c.organization_id) INTO answer
        FROM assignments a LEFT JOIN users u ON u.id = a.user_id LEFT JOIN user_groups g ON g.id = a.user_group_id
          LEFT JOIN clients c ON c.client_id = a.client_id
        WHERE a.id = of_id;
        RETURN answer;
      WHEN 'impersonation_rule' THEN
        -- The lowest organization that has both sides: whoever may see both may see the rule.
        SELECT (SELECT step FROM unnest(i.path) WITH ORDINALITY AS steps (step, depth) WHERE step = ANY (t.path) ORDER BY depth DESC LIMIT 1) INTO answer
        FROM impersonation_rules r
          LEFT JOIN users iu ON iu.id = r.impersonator_user_id LEFT JOIN user_groups ig ON ig.id = r.impersonator_user_group_id
          LEFT JOIN users tu ON tu.id = r.target_user_id LEFT JOIN user_groups tg ON tg.id = r.target_user_group_id
          JOIN organizations i ON i.id = coalesce(r.impersonator_organization_id, iu.organization_id, ig.organization_id)
          JOIN organizations t ON t.id = coalesce(r.target_organization_id, tu.organization_id, tg.organization_id)
        WHERE r.id = of_id;
        RETURN answer;
      ELSE
        RETURN NULL;
    END CASE;
    IF NOT FOUND THEN
      SELECT e.organization_id INTO answer FROM audit_events e WHERE e.target_kind = of_kind AND e.target_id = of_id ORDER BY e.id DESC LIMIT 1;
    END IF;
    RETURN answer;
  END $$;
`;

/** Each event comes with the digest of what it says, made where it was made. */
const APPEND = `
  CREATE FUNCTION append_audit_events(given jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
  DECLARE
    head record;
    event record;
    belongs text;
  BEGIN
    SELECT events, hash INTO STRICT head FROM audit_chain FOR UPDATE;
    FOR event IN
      SELECT * FROM jsonb_to_recordset(given) AS e (at timestamptz, type text, actor_kind text, actor_id text, on_behalf_of_kind text,
        on_behalf_of_id text, client_id text, target_kind text, target_id text, organization text, belonging_kind text, belonging_id text,
        before jsonb, after jsonb, request_id text, digest text)
    LOOP
      belongs := coalesce(event.organization, audited_organization(event.belonging_kind, event.belonging_id));
      head.events := head.events + 1;
      head.hash := encode(sha256(convert_to(head.hash || event.digest || coalesce(belongs, ''), 'UTF8')), 'hex');
      INSERT INTO audit_events (id, at, type, actor_kind, actor_id, on_behalf_of_kind, on_behalf_of_id, client_id, target_kind, target_id,
        organization_id, before, after, request_id, hash)
      VALUES (head.events, event.at, event.type, event.actor_kind, event.actor_id, event.on_behalf_of_kind, event.on_behalf_of_id, event.client_id,
        event.target_kind, event.target_id, belongs, event.before, event.after, event.request_id, head.hash);
    END LOOP;
    UPDATE audit_chain SET events = head.events, hash = head.hash;
    RETURN head.events;
  END $$;
`;

const INDEXES = `
  CREATE INDEX audit_events_at ON audit_events (at, id);
  CREATE INDEX audit_events_type ON audit_events (type, at, id);
  CREATE INDEX audit_events_actor ON audit_events (actor_id, at, id);
  CREATE INDEX audit_events_on_behalf_of ON audit_events (on_behalf_of_id, at, id) WHERE on_behalf_of_id IS NOT NULL;
  CREATE INDEX audit_events_target ON audit_events (target_kind, target_id, at, id);
  CREATE INDEX audit_events_organization ON audit_events (organization_id, at, id);
  CREATE INDEX audit_events_request ON audit_events (request_id, at, id) WHERE request_id IS NOT NULL;
  DROP TABLE earlier_audit_events;
`;

const PAGE = 500;

interface EarlierEvent {
  readonly id: string;
  readonly at: Date;
  readonly type: string;
  readonly actor_kind: AuditEvent['actor']['kind'];
  readonly actor_id: string;
  readonly target_kind: string;
  readonly target_id: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly request_id: string | null;
}

/** Events that were kept before there was a chain become its beginning. */
async function chainEarlierEvents(knex: Knex): Promise<void> {
  for (let last = '0', found = PAGE; found === PAGE;) {
    const rows = await knex<EarlierEvent>('earlier_audit_events').where('id', '>', last).orderBy('id').limit(PAGE);
    found = rows.length;
    last = rows.at(-1)?.id ?? last;
    const entries = rows.map((row) =>
      auditEntry({
        type: row.type,
        at: row.at,
        actor: { kind: row.actor_kind, id: row.actor_id },
        target: { kind: row.target_kind, id: row.target_id },
        before: row.before ?? undefined,
        after: row.after ?? undefined,
        requestId: row.request_id ?? undefined,
      }),
    );
    if (found > 0) await knex.raw('SELECT append_audit_events(?::jsonb)', [JSON.stringify(entries)]);
  }
}
