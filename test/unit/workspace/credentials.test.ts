import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../../src/domain/errors.ts';
import { digest } from '../../../src/services/client-authentication.ts';
import { exportWorkspace } from '../../../src/workspace/export.ts';
import { harness, MARKET, type Harness } from './harness.ts';
import { listAuditEvents } from '../../support/audit.ts';

const HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo';
const GENERATED = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA';

const withPassword = (declared: string): string => MARKET.replace('{id: ann, organization: B', `{id: ann, ${declared}, organization: B`);
const withSecret = (secret: string): string =>
  MARKET.replace(
    'assignments:',
    `  - {client_id: desk, grant_types: [client_credentials], token_endpoint_auth_method: client_secret_post, client_secret: ${secret}}\nassignments:`,
  );
const hashOf = async ({ store }: Harness, user: string): Promise<string | undefined> => (await store.signIn.findCredentialOf(user))?.passwordHash;
const secretsOf = async ({ store }: Harness, client: string) => (await store.transaction((tx) => tx.findClientSecrets([client]))).get(client) ?? [];

describe('a password in a file', () => {
  it('is the first password, hashed in its normal form', async () => {
    const market = harness();
    const { rows } = await market.apply(withPassword('password: "Ａlpha-beta-1"'));
    expect(await hashOf(market, 'ann')).toBe(`$fake$${digest('Alpha-beta-1')}`);
    expect(rows.find(({ key }) => key === 'ann')?.fields).toContainEqual({ field: 'password', after: '[redacted]' });
    expect(await hashOf(market, 'bob')).toBeUndefined();
  });

  it('never brings an old password back', async () => {
    const market = harness();
    await market.apply(withPassword('password: first-password-1'));
    await market.store.transaction((tx) => tx.setPassword('ann', '$fake$changed', new Date(market.now)));
    expect((await market.apply(withPassword('password: first-password-1'))).rows).toEqual([]);
    expect((await market.apply(withPassword('password: other-password-2'))).rows).toEqual([]);
    expect(await hashOf(market, 'ann')).toBe('$fake$changed');
    expect(market.hasher.hashed).toBe(1);
  });

  it('is set for somebody who exists without one', async () => {
    const market = harness();
    await market.apply(MARKET);
    const { rows } = await market.apply(withPassword('password: first-password-1'));
    expect(rows).toEqual([{ section: 'users', key: 'ann', action: 'update', fields: [{ field: 'password', after: '[redacted]' }] }]);
    expect((await listAuditEvents(market.store, { limit: 1 }))[0]).toMatchObject({
      type: 'user_updated',
      target: { kind: 'user', id: 'ann' },
      after: { password: '[redacted]' },
    });
  });

  it('may be a hash', async () => {
    const market = harness();
    await market.apply(withPassword(`password_hash: "${HASH}"`));
    expect(await hashOf(market, 'ann')).toBe(HASH);
    expect(market.hasher.hashed).toBe(0);
  });

  it('is not hashed by a plan, nor kept', async () => {
    const market = harness();
    const plan = await market.plan(withPassword('password: first-password-1'));
    expect(market.hasher.hashed).toBe(0);
    expect(JSON.stringify(plan)).not.toContain('first-password');
    expect(await market.store.access.hasUsers()).toBe(false);
  });

  it('is not kept when hashing is refused', async () => {
    const market = harness();
    market.hasher.hash = async () => {
      throw new DomainError('unavailable', 'Too many passwords are being hashed.', { retryAfterSeconds: 1 });
    };
    await expect(market.apply(withPassword('password: first-password-1'))).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Too many passwords are being hashed.',
    });
    expect(await market.store.access.hasUsers()).toBe(false);
  });
});

describe('a client secret in a file', () => {
  it('is kept as a digest when it was generated, else as argon2id', async () => {
    const market = harness();
    await market.apply(withSecret(GENERATED));
    expect(await secretsOf(market, 'desk')).toEqual([
      { id: expect.stringMatching(/^ws-/), algorithm: 'sha256', hash: digest(GENERATED), createdAt: new Date(market.now) },
    ]);
    const other = harness();
    await other.apply(withSecret('s3cret'));
    expect(await secretsOf(other, 'desk')).toMatchObject([{ algorithm: 'argon2id', hash: `$fake$${digest('s3cret')}` }]);
  });

  it.each(['s3cret', GENERATED])('is added once: %s', async (secret) => {
    const market = harness();
    await market.apply(withSecret(secret));
    expect((await market.apply(withSecret(secret))).rows).toEqual([]);
    expect(await secretsOf(market, 'desk')).toHaveLength(1);
  });

  it('replaces the one that an earlier file gave, at once, and no other', async () => {
    const market = harness();
    await market.apply(withSecret('s3cret'));
    await market.store.transaction((tx) =>
      tx.addClientSecret('desk', { id: 'made-by-hand', algorithm: 'sha256', hash: digest('by hand'), createdAt: new Date(market.now) }),
    );
    market.now += 1000;
    const { rows } = await market.apply(withSecret('n3w-secret'));
    expect(rows).toEqual([
      { section: 'clients', key: 'desk', action: 'update', fields: [{ field: 'client_secret', before: '[redacted]', after: '[redacted]' }] },
    ]);
    const unexpired = (await market.store.findClient('desk', new Date(market.now)))?.secrets;
    expect(unexpired?.map(({ hash }) => hash).sort()).toEqual([`$fake$${digest('n3w-secret')}`, digest('by hand')].sort());
  });

  it('is left alone when it is one of the client already, however it came there', async () => {
    const market = harness();
    await market.apply(withSecret('s3cret'));
    await market.store.transaction((tx) =>
      tx.addClientSecret('desk', { id: 'made-by-hand', algorithm: 'sha256', hash: digest('by hand'), createdAt: new Date(market.now) }),
    );
    expect((await market.apply(withSecret('"by hand"'))).rows).toEqual([]);
    expect((await market.store.findClient('desk', new Date(market.now)))?.secrets).toHaveLength(2);
  });

  it('comes back when it has expired', async () => {
    const market = harness();
    await market.apply(withSecret('s3cret'));
    await market.apply(withSecret('other'));
    market.now += 1000;
    expect((await market.apply(withSecret('s3cret'))).rows).toHaveLength(1);
    expect((await market.store.findClient('desk', new Date(market.now)))?.secrets.map(({ hash }) => hash)).toEqual([`$fake$${digest('s3cret')}`]);
  });

  it('expires when the client turns public, unless somebody gave it another', async () => {
    const market = harness();
    await market.apply(withSecret('s3cret'));
    const publicly = 'rolemint: 1\nclients: [{client_id: desk, grant_types: [password], token_endpoint_auth_method: none}]\n';
    await market.store.transaction((tx) =>
      tx.addClientSecret('desk', { id: 'by-hand', algorithm: 'sha256', hash: 'x', createdAt: new Date(market.now) }),
    );
    expect((await market.refusal(publicly))[0]?.message).toContain('cannot become none while the client has a secret');
    await market.store.transaction((tx) => tx.expireClientSecret('desk', 'by-hand', new Date(market.now)));
    await market.apply(publicly);
    expect((await market.store.findClient('desk', new Date(market.now)))?.secrets).toEqual([]);
  });

  it('need not be repeated once the client has one', async () => {
    const market = harness();
    await market.apply(withSecret('s3cret'));
    expect((await market.apply('rolemint: 1\nclients: [{client_id: desk, client_name: Desk}]\n')).rows).toHaveLength(1);
  });

  it('and no password appears in plans, audit events and exports', async () => {
    const market = harness();
    const text = withSecret('s3cret-s3cret').replace('{id: ann,', '{id: ann, password: ann-secret-pw,');
    const told = [
      JSON.stringify(await market.plan(text)),
      JSON.stringify(await market.apply(text)),
      JSON.stringify(await listAuditEvents(market.store, { limit: 1000 })),
      await exportWorkspace(market.store),
      await exportWorkspace(market.store, { format: 'json' }),
    ].join('\n');
    expect(told).not.toMatch(/s3cret-s3cret|ann-secret-pw|\$fake\$/);
  });
});
