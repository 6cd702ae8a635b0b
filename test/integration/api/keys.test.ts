import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAdministered, signedIn, type ApiClient } from '../../support/administered.ts';
import { listAuditEvents } from '../../support/audit.ts';
import { startServer, type TestServer } from '../../support/server.ts';

interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly status: string;
}

let server: TestServer;
let deleg: ApiClient;

beforeAll(async () => {
  server = await startServer();
  await openAdministered(server.app);
  deleg = await signedIn(server, 'deleg');
});

afterAll(() => server.close());

const keys = async (): Promise<readonly Key[]> => (await deleg.get('/keys')).body.items as Key[];
const signing = async (): Promise<Key> => (await keys()).find(({ status }) => status === 'current')!;

describe('signing keys', () => {
  it('are listed without key material', async () => {
    const { status, body } = await deleg.get('/keys');
    expect(status).toBe(200);
    expect(body.items.map(({ alg, status: is }: Key) => [alg, is])).toEqual([
      ['ES256', 'current'],
      ['ES256', 'next'],
    ]);
    const members = new Set(body.items.flatMap((key: object) => Object.keys(key)));
    for (const member of members) expect(['kid', 'alg', 'status', 'created_at', 'activated_at', 'removed_at']).toContain(member);
  });

  it('are not changed by a dry run', async () => {
    const before = await keys();
    expect((await deleg.post('/keys/rotate?dry_run=true', {})).body).toEqual({ dry_run: true });
    expect((await deleg.post(`/keys/${(await signing()).kid}/retire?dry_run=true`, undefined)).body).toEqual({ dry_run: true });
    expect(await keys()).toEqual(before);
  });

  it('are rotated', async () => {
    const before = await signing();
    const { status, body } = await deleg.post('/keys/rotate', { alg: 'ES256' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ alg: 'ES256', predecessor: before.kid, outcome: expect.stringMatching(/^(rotated|scheduled)$/) });
    expect(Date.parse(body.signs_from)).not.toBeNaN();
    const [event] = await listAuditEvents(server.app.store, { limit: 100, type: 'signing_key_rotated' });
    expect(event).toMatchObject({ actor: { kind: 'user', id: 'deleg' } });
  });

  it('of an algorithm or id that there is not are not found', async () => {
    expect((await deleg.post('/keys/rotate', { alg: 'EdDSA' })).status).toBe(404);
    expect((await deleg.post('/keys/nothing/retire', undefined)).status).toBe(404);
    expect((await deleg.post('/keys/rotate', { alg: 'none' })).status).toBe(400);
  });

  it('are retired, and their tokens die with them', async () => {
    const { kid } = await signing();
    const { status, body } = await deleg.post(`/keys/${kid}/retire`, undefined);
    expect(status).toBe(200);
    expect(body).toMatchObject({ alg: 'ES256', retired: kid, replacement: expect.any(String) });
    expect((await deleg.get('/keys')).status).toBe(401);
    deleg = await signedIn(server, 'deleg');
    expect((await keys()).map((key) => key.kid)).not.toContain(kid);
  });

  it('do not exist for who administers less than a tree, and are barred from buyers', async () => {
    await server.app.store.transaction((tx) =>
      tx.organizationTypes.put([{ name: 'buyer', parents: ['seller'], barredRoles: ['MarketAdmin'], barredResources: ['clients'] }]),
    );
    const b1admin = await signedIn(server, 'b1admin');
    expect(await b1admin.get('/keys')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await b1admin.post('/keys/rotate', {})).status).toBe(404);
    expect((await b1admin.post(`/keys/${(await signing()).kid}/retire`, undefined)).status).toBe(404);
    const site = await signedIn(server, 'site');
    expect(await site.get('/keys')).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const norole = await signedIn(server, 'norole');
    expect(await norole.get('/keys')).toMatchObject({ status: 403, body: { sufficient_roles: ['SigningKeyAdmin', 'FullAccess'] } });
  });
});
