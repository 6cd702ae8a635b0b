/** T-86: whoever can write to the database changes the audit trail behind the server's back. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { linkAfter } from '../../../src/domain/audit-chain.ts';
import type { ChainHead } from '../../../src/domain/audit-event.ts';
import type { Store } from '../../../src/domain/ports.ts';
import { EVERYTHING } from '../../../src/domain/tenancy.ts';
import { verifyAuditChain } from '../../../src/services/audit.ts';
import { sha256 } from '../../../src/storage/audit-entry.ts';
import { openPostgresStore } from '../../../src/storage/postgres/store.ts';
import { auditEvent } from '../../contract/samples.ts';
import { openAdministered, signedIn } from '../../support/administered.ts';
import { listAuditEvents } from '../../support/audit.ts';
import { administer, dropDatabase } from '../../support/postgres.ts';
import { startServer } from '../../support/server.ts';
import { createTestDatabase, describePostgres } from '../../support/stores.ts';

describePostgres('T-86 the audit trail', () => {
  let url: string;
  let store: Store;
  const COUNT = 6;

  beforeEach(async () => {
    url = await createTestDatabase();
    store = await openPostgresStore({ url, migrate: false });
    await store.transaction(async (tx) => {
      for (let number = 1; number <= COUNT; number += 1)
        await tx.audit(auditEvent({ target: { kind: 'user', id: `user-${number}` }, after: { active: true } }));
    });
  });
  afterEach(async () => {
    await store.close();
    await dropDatabase(url);
  });

  /** As the owner of the tables can. */
  const tamper = (statement: string) =>
    administer(
      url,
      `ALTER TABLE audit_events DISABLE TRIGGER USER; ALTER TABLE audit_chain DISABLE TRIGGER USER; ${statement};
       ALTER TABLE audit_events ENABLE TRIGGER USER; ALTER TABLE audit_chain ENABLE TRIGGER USER;`,
    );
  const verify = (noted?: ChainHead) => verifyAuditChain(store.audit, noted);

  it('is unbroken as it was written', async () => {
    expect(await verify()).toEqual({ events: COUNT, hash: expect.stringMatching(/^[0-9a-f]{64}$/), fault: undefined });
    expect((await verify()).hash).toBe((await store.audit.readHead())!.hash);
  });

  describe.each([
    ['UPDATE audit_events SET type = $$x$$'],
    ['DELETE FROM audit_events'],
    ['TRUNCATE audit_events'],
    ['DELETE FROM audit_chain'],
    ['TRUNCATE audit_chain'],
  ])('%s', (statement) => {
    it('is refused by the database itself', async () => {
      await expect(administer(url, statement)).rejects.toMatchObject({ message: 'audit events are never changed' });
      expect(await listAuditEvents(store, { limit: 10 })).toHaveLength(COUNT);
      expect((await verify()).fault).toBeUndefined();
    });
  });

  it.each([
    ['a type', `UPDATE audit_events SET type = 'nothing_happened' WHERE id = 3`],
    ['who did it', `UPDATE audit_events SET actor_id = 'somebody_else' WHERE id = 3`],
    ['on whose behalf', `UPDATE audit_events SET on_behalf_of_kind = 'user', on_behalf_of_id = 'bob' WHERE id = 3`],
    ['through which client', `UPDATE audit_events SET client_id = 'shop' WHERE id = 3`],
    ['when', `UPDATE audit_events SET at = at + interval '1 ms' WHERE id = 3`],
    ['to whom', `UPDATE audit_events SET target_id = 'user-9' WHERE id = 3`],
    ['whose it is', `UPDATE audit_events SET organization_id = 'elsewhere' WHERE id = 3`],
    ['what became of it', `UPDATE audit_events SET after = '{"active": false}' WHERE id = 3`],
    ['what it was before', `UPDATE audit_events SET before = '{}' WHERE id = 3`],
    ['in which request', `UPDATE audit_events SET request_id = 'r' WHERE id = 3`],
    ['its hash', `UPDATE audit_events SET hash = repeat('0', 64) WHERE id = 3`],
    ['its place, with another', 'UPDATE audit_events SET id = -id WHERE id IN (3, 5); UPDATE audit_events SET id = 8 + id WHERE id < 0'],
  ])('tells which event was changed: %s', async (_, statement) => {
    await tamper(statement);
    expect(await verify()).toMatchObject({ events: 2, fault: { kind: 'changed', event: 3 } });
  });

  it('tells at the next event when the hash of the changed one was made anew', async () => {
    const [second, third] = await Promise.all(['2', '3'].map((id) => store.audit.find(id, EVERYTHING)));
    const hash = linkAfter(second!.hash, { ...third!, type: 'nothing_happened' }, sha256);
    await tamper(`UPDATE audit_events SET type = 'nothing_happened', hash = '${hash}' WHERE id = 3`);
    expect(await verify()).toMatchObject({ events: 3, fault: { kind: 'changed', event: 4 } });
  });

  it.each([
    [1, 'DELETE FROM audit_events WHERE id = 1', { kind: 'missing', event: 1 }],
    [3, 'DELETE FROM audit_events WHERE id = 3', { kind: 'missing', event: 3 }],
    [3, 'DELETE FROM audit_events WHERE id = 3; UPDATE audit_events SET id = id - 1 WHERE id > 3', { kind: 'changed', event: 3 }],
    [6, 'DELETE FROM audit_events WHERE id = 6', { kind: 'cut', event: 6 }],
    [4, 'DELETE FROM audit_events WHERE id >= 4', { kind: 'cut', event: 4 }],
    [6, 'DELETE FROM audit_events WHERE id = 6; UPDATE audit_chain SET events = 5', { kind: 'head', event: 5 }],
    [1, 'TRUNCATE audit_events', { kind: 'cut', event: 1 }],
  ])('tells that event %i is missing: %s', async (_number, statement, fault) => {
    await tamper(statement);
    expect((await verify()).fault).toEqual(fault);
  });

  it.each([
    [7, { kind: 'added', event: 7 }],
    [0, { kind: 'added', event: 0 }],
    [-5, { kind: 'added', event: -5 }],
    [900, { kind: 'added', event: 900 }],
  ])('tells of an event that was put in as number %i', async (id, fault) => {
    await tamper(`
      INSERT INTO audit_events (id, at, type, actor_kind, actor_id, target_kind, target_id, hash)
      SELECT ${id}, at, type, actor_kind, actor_id, target_kind, target_id, hash FROM audit_events WHERE id = 6`);
    expect((await verify()).fault).toEqual(fault);
  });

  it('tells when the last link is gone, and writes nothing without it', async () => {
    await tamper('DELETE FROM audit_chain');
    expect((await verify()).fault).toEqual({ kind: 'head', event: 0 });
    await expect(store.transaction((tx) => tx.audit(auditEvent()))).rejects.toMatchObject({ code: 'unavailable' });
    expect(await listAuditEvents(store, { limit: 10 })).toHaveLength(COUNT);
  });

  it('tells it over the management API, too', async () => {
    const server = await startServer({ store });
    try {
      await openAdministered(server.app);
      const root = await signedIn(server, 'root');
      const ask = async () => (await root.get('/audit-events/verification')).body as unknown;
      expect(await ask()).toMatchObject({ unbroken: true, fault: null });
      await tamper(`UPDATE audit_events SET actor_id = 'somebody_else' WHERE id = 3`);
      expect(await ask()).toMatchObject({ unbroken: false, events: 2, fault: { kind: 'changed', event: 3 } });
    } finally {
      await server.close();
    }
  });

  describe('whose end was noted elsewhere', () => {
    it('tells when the chain was made anew as a whole, or ends earlier', async () => {
      const noted = (await store.audit.readHead())!;
      expect((await verify(noted)).fault).toBeUndefined();
      await tamper(`TRUNCATE audit_events; UPDATE audit_chain SET events = 0, hash = repeat('0', 64)`);
      const write = () => store.transaction((tx) => tx.audit(auditEvent({ type: 'nothing_happened' })));
      for (let number = 1; number < COUNT; number += 1) await write();
      expect((await verify()).fault).toBeUndefined();
      expect((await verify(noted)).fault).toEqual({ kind: 'cut', event: COUNT });
      await write();
      expect((await verify()).fault).toBeUndefined();
      expect((await verify(noted)).fault).toEqual({ kind: 'replaced', event: COUNT });
    });

    it('is still good when events came after', async () => {
      const noted = (await store.audit.readHead())!;
      await store.transaction((tx) => tx.audit(auditEvent()));
      expect(await verify(noted)).toMatchObject({ events: COUNT + 1, fault: undefined });
    });
  });
});
