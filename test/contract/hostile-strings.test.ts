import { beforeAll, describe, expect, it } from '@jest/globals';
import { describeEachStore } from '../support/stores.ts';
import {
  assignment,
  at,
  auditEvent,
  client,
  clientSecret,
  expectRefusal,
  fresh,
  grant,
  NOW,
  organization,
  partyUser,
  putMarket,
  securityProfile,
  user,
  type Market,
} from './samples.ts';
import { listAuditEvents } from '../support/audit.ts';

const UNSTORABLE: readonly [string, string][] = [
  ['NUL', 'a\0b'],
  ['half of a surrogate pair', 'a\uD800b'],
  ['the other half', '\uDC00'],
];

const STORABLE: readonly [string, string][] = [
  ['quotes and comments', `'; DROP TABLE users; --"' /* */ $1 $$ ? ?? :name ::text`],
  ['backslashes', '\\ \\\\ \\u0000 \\ud800 \\x00 \\'],
  ['braces and commas of an array', '{a,"b",NULL,\\"}'],
  ['the word NULL', 'NULL'],
  ['emoji and right-to-left marks', '👩‍👩‍👧 \u202Eabc\uFFFD\uFEFF'],
  ['control characters', '\u0001\t\r\n\u001B[31m\u007F'],
  ['64 KB', 'x'.repeat(65_536)],
  ['nothing', ''],
  ['names of an object’s own', '__proto__'],
];

describeEachStore('hostile strings', (suite) => {
  let market: Market;
  beforeAll(async () => {
    market = await putMarket(suite.store);
  });

  describe.each(STORABLE)('%s', (_, text) => {
    it('comes back as it was, in every kind of field', async () => {
      const person = user({ organization: market.site, email: text });
      const profile = securityProfile({ name: text, roles: [text, 'x'], permissions: [{ type: text, operations: [text] }] });
      const program = client({ clientName: text, redirectUris: [text], jwks: { keys: [{ kid: text, [text]: 1 }] }, omittedScope: [text] });
      const given = assignment(profile.id, partyUser(person.id), { reason: text, assignedBy: text });
      const event = auditEvent({ type: fresh('event'), before: { [text]: text }, after: text });
      const token = fresh('token');
      await suite.store.transaction(async (tx) => {
        await tx.users.put([person]);
        await tx.securityProfiles.put([profile]);
        await tx.clients.put([program]);
        await tx.assignments.put([given]);
        await tx.settings.set('text', text);
        await tx.audit(event);
        expect((await tx.users.findMany([person.id])).get(person.id)).toEqual(person);
        expect(await tx.settings.get('text')).toBe(text);
      });
      await suite.store.grants.create(grant(person.id, program.clientId, { requestedScope: [text], audience: text }), token);
      expect((await suite.store.grants.findRefreshToken(token))?.grant).toMatchObject({ requestedScope: [text], audience: text });
      expect((await suite.store.access.loadDefinitions()).securityProfiles).toContainEqual(profile);
      expect((await suite.store.findClient(program.clientId, NOW))?.client).toEqual(program);
      expect((await suite.store.access.findUser(person.id))?.reaches).toMatchObject([{ reason: text, assignedBy: text }]);
      expect(await listAuditEvents(suite.store, { limit: 1, type: event.type })).toEqual([event]);
    });

    it('is looked for and not found', async () => {
      const { store } = suite;
      expect(await store.access.findUser(text)).toBeUndefined();
      expect(await store.access.findClient(text)).toBeUndefined();
      expect(await store.findClient(text, NOW)).toBeUndefined();
      expect(await store.signIn.findCredential(text)).toBeUndefined();
      expect(await store.grants.findRefreshToken(text)).toBeUndefined();
      expect(await store.grants.rotate(text, fresh('token'), at(1))).toBe(false);
      expect(await store.access.usersReachedBy([partyUser(text)], 5)).toEqual([]);
      expect(await store.revocations.isRevoked({ jti: text, grantId: text, userId: text, clientId: text, issuedAt: at(0) })).toBe(false);
      await store.transaction(async (tx) => {
        expect((await tx.users.findMany([text])).size).toBe(0);
        await tx.users.remove([text]);
      });
    });
  });

  describe.each(UNSTORABLE)('%s', (_, text) => {
    it('is refused in everything that is written', async () => {
      const refused = (work: Parameters<typeof suite.store.transaction>[0]) =>
        expectRefusal(suite.store.transaction(work), 'invalid_input', 'contains NUL or invalid Unicode.');
      await refused((tx) => tx.users.put([user({ organization: market.site, email: text })]));
      await refused((tx) => tx.roles.put([{ name: text, category: 'other' }]));
      await refused((tx) => tx.organizations.put([organization({ name: text })]));
      await refused((tx) => tx.securityProfiles.put([securityProfile({ roles: [text] })]));
      await refused((tx) => tx.clients.put([client({ jwks: { keys: [{ [text]: 1 }] } })]));
      await refused((tx) => tx.addClientSecret(market.client, clientSecret({ hash: text })));
      await refused((tx) => tx.setPassword(market.user, text, at(0)));
      await refused((tx) => tx.settings.set('text', text));
      await refused((tx) => tx.revoke({ kind: 'token', id: text, notBefore: at(0), expiresAt: at(1) }));
      await expectRefusal(suite.store.grants.create(grant(market.user, market.client, { audience: text }), fresh('token')), 'invalid_input');
      await expectRefusal(suite.store.replays.useOnce(text, at(1)), 'invalid_input');
      await expectRefusal(suite.store.signIn.beginAttempt(text, { allowed: 1, lockSeconds: 1 }, at(0)), 'invalid_input');
    });

    it('is looked for and not found', async () => {
      const { store } = suite;
      expect(await store.access.findUser(text)).toBeUndefined();
      expect(await store.access.findClient(text)).toBeUndefined();
      expect(await store.findClient(text, NOW)).toBeUndefined();
      expect(await store.signIn.findCredential(text)).toBeUndefined();
      expect(await store.signIn.replaceHash(market.user, text, 'x')).toBe(false);
      expect(await store.grants.findRefreshToken(text)).toBeUndefined();
      expect(await store.grants.rotate(text, fresh('token'), at(1))).toBe(false);
      expect(await store.access.usersReachedBy([partyUser(text)], 5)).toEqual([]);
      expect(await store.access.assignmentsOf({ securityProfile: text }, 5)).toEqual([]);
      expect(await listAuditEvents(store, { limit: 5, type: text })).toEqual([]);
      expect(await store.revocations.isRevoked({ jti: text, grantId: text, userId: text, clientId: text, issuedAt: at(0) })).toBe(false);
      await store.signIn.clearAttempts(text);
      await store.transaction(async (tx) => {
        expect((await tx.users.findMany([text, market.user])).size).toBe(1);
        expect((await tx.users.list({ after: text, limit: 1000 })).length).toBeGreaterThanOrEqual(0);
        await tx.users.remove([text]);
        expect(await tx.settings.get(text)).toBeUndefined();
        expect((await tx.findPasswordOwners([text])).size).toBe(0);
      });
    });

    it('never keeps an audit event from being written', async () => {
      const type = fresh('event');
      await suite.store.transaction((tx) =>
        tx.audit(auditEvent({ type, target: { kind: 'user', id: text }, before: { [text]: text }, requestId: text })),
      );
      const seen = text.replaceAll(/\0|\p{Cs}/gu, '\uFFFD');
      expect(await listAuditEvents(suite.store, { limit: 1, type })).toEqual([
        auditEvent({ type, target: { kind: 'user', id: seen }, before: { [seen]: seen }, requestId: seen }),
      ]);
    });
  });

  it('a date that cannot be kept is refused', async () => {
    const put = (validUntil: Date) =>
      suite.store.transaction((tx) => tx.assignments.put([assignment(market.profile, partyUser(market.user), { validUntil })]));
    for (const date of [new Date(Number.NaN), new Date(8.64e15), new Date(-8.64e15)]) {
      await expectRefusal(put(date), 'invalid_input', 'contains a date outside of the years 1 to 9999.');
    }
  });
});
