import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AUDIENCE, resourceServer, secretOf } from '../../support/market.ts';
import { ISSUER } from '../../support/server.ts';
import { basic, claimsOf, post, type Answer } from '../../support/token-client.ts';
import { expectRefusal, startThreatened, turnableClock, visible, type Threatened } from './endpoint.ts';
import { listAuditEvents } from '../../support/audit.ts';

let server: Threatened;
let garbage: unknown;
const clock = turnableClock();

beforeAll(async () => {
  server = await startThreatened({ clock, env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000' } });
  garbage = visible(await server.introspect('garbage'));
});
afterAll(() => server.close());

interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

const tokensOf = ({ status, body }: Answer): Tokens => {
  expect(status).toBe(200);
  return { access: String(body['access_token']), refresh: String(body['refresh_token']) };
};

const signIn = async (audience?: string, username = 'b1u') => tokensOf(await server.signIn(username, { scope: 'Shopper A', resource: audience }));
const refresh = (token: string, through = server) =>
  through.token({ grant_type: 'refresh_token', client_id: 'pw', client_secret: secretOf('pw'), refresh_token: token });
const isActive = async (token: string, by?: string, through = server) => {
  const answer = await through.introspect(token, by);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return answer.body['active'];
};

describe('T-34 callers who may not ask', () => {
  const path = '/oauth/introspect';

  test('nobody, a public client, a wrong secret', async () => {
    const { access, refresh: refreshToken } = await signIn(AUDIENCE.seller);
    for (const token of [access, refreshToken, 'garbage']) {
      expectRefusal(await post(server.url + path, { token }), { status: 400, error: 'invalid_request' });
      expectRefusal(await post(server.url + path, { token, client_id: 'spa' }), { status: 401, error: 'invalid_client' });
      expectRefusal(await post(server.url + path, { token, client_id: 'rsS' }), { status: 401, error: 'invalid_client' });
      expectRefusal(await post(server.url + path, { token }, basic('rsS', 'wrong')), { status: 401, error: 'invalid_client' });
      expectRefusal(await post(server.url + path, { token }, { authorization: `Bearer ${access}` }), { status: 400, error: 'invalid_request' });
    }
  });

  test('GET, and a token in the query', async () => {
    const { access } = await signIn(AUDIENCE.seller);
    const got = await fetch(`${server.url}${path}?token=${access}`, { headers: basic('rsS', secretOf('rsS')) });
    expect({ status: got.status, allow: got.headers.get('allow') }).toEqual({ status: 405, allow: 'POST, OPTIONS' });
    expectRefusal(await post(`${server.url}${path}?token=${access}`, {}, basic('rsS', secretOf('rsS'))), { status: 400, error: 'invalid_request' });
  });

  test('a request without a token, at either endpoint', async () => {
    for (const [endpoint, by] of [
      ['/oauth/introspect', 'rsS'],
      ['/oauth/revoke', 'pw'],
    ] as const) {
      expectRefusal(await post(server.url + endpoint, {}, basic(by, secretOf(by))), { status: 400, error: 'invalid_request' });
      expectRefusal(await post(server.url + endpoint, { token: '' }, basic(by, secretOf(by))), { status: 400, error: 'invalid_request' });
    }
  });
});

describe('T-35 and T-36 tokens of others', () => {
  test('a client that serves no API sees its own tokens only', async () => {
    const { access, refresh: refreshToken } = await signIn(AUDIENCE.seller);
    for (const token of [access, refreshToken]) {
      expect(visible(await server.introspect(token, 'web'))).toEqual(garbage);
      expect(await isActive(token, 'pw')).toBe(true);
    }
  });

  test('an API sees access tokens that are meant for it, and no other', async () => {
    for (const [audience, by, active] of [
      [AUDIENCE.seller, 'rsS', true],
      [AUDIENCE.seller, 'rsB1', false],
      [AUDIENCE.b1, 'rsB1', true],
      [AUDIENCE.b1, 'rsS', false],
      [undefined, 'rsS', false],
      [undefined, 'rsB1', false],
    ] as const) {
      const { access, refresh: refreshToken } = await signIn(audience);
      expect(await isActive(access, by)).toBe(active);
      if (!active) expect(visible(await server.introspect(access, by))).toEqual(garbage);
      expect(visible(await server.introspect(refreshToken, by))).toEqual(garbage);
      const ofClient = String((await server.credentials({ resource: audience, scope: 'A' })).body['access_token']);
      expect(await isActive(ofClient, by)).toBe(active);
    }
  });

  test('an API that is no longer served by the client is out of its sight at once', async () => {
    const { access } = await signIn(AUDIENCE.b1);
    expect(await isActive(access, 'rsB1')).toBe(true);
    await server.app.store.transaction((tx) => tx.resourceServers.put([resourceServer(AUDIENCE.b1, { roles: ['A', 'Shopper'] })]));
    expect(visible(await server.introspect(access, 'rsB1'))).toEqual(garbage);
    await server.app.store.transaction((tx) => tx.resourceServers.put([resourceServer(AUDIENCE.b1, { clients: ['rsB1'], roles: ['A', 'Shopper'] })]));
    expect(await isActive(access, 'rsB1')).toBe(true);
  });

  test('a token for the management API itself is seen by its client only, unless a resource server is declared for the issuer', async () => {
    const { access } = await signIn();
    expect(claimsOf(access)['aud']).toBe(ISSUER);
    expect(await isActive(access, 'rsS')).toBe(false);
    await server.app.store.transaction((tx) => tx.resourceServers.put([resourceServer(ISSUER, { clients: ['rsS'] })]));
    expect(await isActive(access, 'rsS')).toBe(true);
    await server.app.store.transaction((tx) => tx.resourceServers.remove([ISSUER]));
    expect(await isActive(access, 'rsS')).toBe(false);
  });

  test('Accept does not bring another form of the answer', async () => {
    const { access } = await signIn(AUDIENCE.seller);
    for (const token of [access, 'garbage']) {
      const answer = await post(
        `${server.url}/oauth/introspect`,
        { token },
        { ...basic('rsS', secretOf('rsS')), accept: 'application/token-introspection+jwt' },
      );
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    }
  });
});

describe('T-38 hints', () => {
  test('change no answer, right, wrong or unheard of', async () => {
    const { access, refresh: refreshToken } = await signIn(AUDIENCE.seller);
    for (const token of [access, refreshToken, 'garbage']) {
      const plain = await server.introspect(token, 'pw');
      for (const hint of ['access_token', 'refresh_token', 'nonsense', '__proto__', '', 'x'.repeat(1000)]) {
        expect(visible(await server.introspect(token, 'pw', { token_type_hint: hint }))).toEqual(visible(plain));
      }
    }
  });

  test('do not keep a token from being revoked', async () => {
    for (const hint of ['refresh_token', 'access_token', 'nonsense']) {
      const { access, refresh: refreshToken } = await signIn(AUDIENCE.seller);
      expect((await server.revoke(access, 'pw', { token_type_hint: hint })).status).toBe(200);
      expect([await isActive(access), await isActive(refreshToken, 'pw')]).toEqual([false, true]);
      expect((await server.revoke(refreshToken, 'pw', { token_type_hint: hint })).status).toBe(200);
      expect(await isActive(refreshToken, 'pw')).toBe(false);
    }
  });

  test.each(['token', 'token_type_hint'])('%s twice is invalid_request', async (name) => {
    for (const [path, by] of [
      ['/oauth/introspect', 'rsS'],
      ['/oauth/revoke', 'pw'],
    ] as const) {
      const response = await fetch(server.url + path, {
        method: 'POST',
        headers: basic(by, secretOf(by)),
        body: new URLSearchParams([
          ['token', 'x'],
          [name, 'x'],
          [name, 'x'],
        ]),
      });
      expect({ status: response.status, body: await response.json() }).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    }
  });
});

describe('T-39 and T-42 revoked is revoked', () => {
  test('at once, here and on another node, whatever a cache is asked to do', async () => {
    const other = await startThreatened({ store: server.store, clock, furnish: false, env: { ROLEMINT_KEYS_DIR: server.app.config.keysDir } });
    try {
      const { access, refresh: refreshToken } = await signIn(AUDIENCE.seller);
      for (const node of [server, other])
        expect([await isActive(access, 'rsS', node), await isActive(refreshToken, 'pw', node)]).toEqual([true, true]);
      expect((await server.revoke(access)).status).toBe(200);
      for (const node of [server, other])
        expect([await isActive(access, 'rsS', node), await isActive(refreshToken, 'pw', node)]).toEqual([false, true]);
      expect((await other.revoke(refreshToken)).status).toBe(200);
      for (const node of [server, other]) {
        expect(await isActive(refreshToken, 'pw', node)).toBe(false);
        expectRefusal(await refresh(refreshToken, node), { status: 400, error: 'invalid_grant' });
        const cached = await post(
          `${node.url}/oauth/introspect`,
          { token: access },
          { ...basic('rsS', secretOf('rsS')), 'cache-control': 'only-if-cached, max-stale', 'if-none-match': '*' },
        );
        expect({ status: cached.status, text: cached.text }).toEqual({ status: 200, text: '{"active":false}' });
        expect(cached.headers.get('etag')).toBeNull();
      }
    } finally {
      await other.close();
    }
  });
});

describe('T-40 what can be revoked', () => {
  test.each(['web', 'rsS', 'svc'])('not what belongs to another client: %s is told nothing and changes nothing', async (by) => {
    const { access, refresh: refreshToken } = await signIn(AUDIENCE.seller);
    const unknown = await server.revoke('garbage', by);
    for (const token of [access, refreshToken]) expect(visible(await server.revoke(token, by))).toEqual(visible(unknown));
    expect([await isActive(access), await isActive(refreshToken, 'pw')]).toEqual([true, true]);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  test("a public client may revoke its own, and nobody else's", async () => {
    const form = { grant_type: 'password', client_id: 'spa', username: 'b1u', password: 'Correct-Horse-7-Battery', resource: AUDIENCE.seller };
    const own = tokensOf(await server.token(form));
    const foreign = await signIn(AUDIENCE.seller);
    for (const token of [own.access, own.refresh, foreign.access, foreign.refresh])
      expect((await post(`${server.url}/oauth/revoke`, { client_id: 'spa', token })).status).toBe(200);
    expect([await isActive(own.access), await isActive(foreign.access)]).toEqual([false, true]);
    expectRefusal(await server.token({ grant_type: 'refresh_token', client_id: 'spa', refresh_token: own.refresh }), {
      status: 400,
      error: 'invalid_grant',
    });
  });

  test('unknown, broken, expired and revoked tokens are 200 with nothing in it, every time', async () => {
    const { access } = await signIn(AUDIENCE.seller);
    const answers = [];
    for (const token of ['garbage', 'a.b.c', access, access, '\0', 'é', 'x'.repeat(50_000), 'null', '{"token":1}', `${access} `, `${access}.`])
      answers.push(await server.revoke(token));
    for (const answer of answers) expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: '' });
    for (const answer of answers) expect(visible(answer)).toEqual(visible(answers[0]!));
    expect(answers[0]!.headers.get('cache-control')).toBe('no-store');
  });

  test('an access token goes alone; a refresh token takes its family and all their access tokens along', async () => {
    const first = await signIn(AUDIENCE.seller);
    const second = tokensOf(await refresh(first.refresh));
    const third = tokensOf(await refresh(second.refresh));
    const bystander = await signIn(AUDIENCE.seller);
    await server.revoke(first.access);
    expect([await isActive(first.access), await isActive(second.access), await isActive(third.access)]).toEqual([false, true, true]);
    // A refresh token that was used up still names its family.
    await server.revoke(first.refresh);
    for (const { access } of [first, second, third]) expect(await isActive(access)).toBe(false);
    expect(await isActive(third.refresh, 'pw')).toBe(false);
    expectRefusal(await refresh(third.refresh), { status: 400, error: 'invalid_grant' });
    expect([await isActive(bystander.access), await isActive(bystander.refresh, 'pw')]).toEqual([true, true]);
  });

  test('a client credentials token too', async () => {
    const token = String((await server.credentials({ resource: AUDIENCE.seller, scope: 'A' })).body['access_token']);
    expect(await isActive(token)).toBe(true);
    expect((await server.revoke(token, 'svc')).status).toBe(200);
    expect(await isActive(token)).toBe(false);
    await server.stillWorks();
  });

  test('a revocation is an audit event; one that changed nothing is none', async () => {
    const { access, refresh: refreshToken } = await signIn(AUDIENCE.seller);
    const count = async () => (await listAuditEvents(server.store, { limit: 10_000 })).filter(({ type }) => type.endsWith('_revoked')).length;
    const before = await count();
    await server.revoke(access);
    await server.revoke(access);
    await server.revoke(refreshToken);
    await server.revoke(refreshToken, 'web');
    await server.revoke('garbage');
    expect(await count()).toBe(before + 2);
  });

  test('the forged copy of a good token revokes nothing', async () => {
    const { access } = await signIn(AUDIENCE.seller);
    const [header, , signature] = access.split('.');
    const forged = `${header}.${Buffer.from(JSON.stringify({ ...claimsOf(access), client_id: 'web' })).toString('base64url')}.${signature}`;
    await server.revoke(forged, 'web');
    expect(await isActive(access)).toBe(true);
  });
});

test('T-41 a revoked token is never active again: not in its last second, not after it, not after the reaper', async () => {
  const { access, refresh: refreshToken } = await signIn(AUDIENCE.seller);
  const { exp } = claimsOf(access) as { exp: number };
  await server.revoke(access);
  for (const at of [exp * 1000 - 1000, exp * 1000 - 1, exp * 1000, exp * 1000 + 1, exp * 1000 + 60_000]) {
    clock.advance(at - clock.now());
    await server.store.reap(new Date(clock.now()), 1000);
    expect(await isActive(access)).toBe(false);
  }
  expect(await isActive(refreshToken, 'pw')).toBe(true);
  await server.revoke(refreshToken);
  const family = tokensOf(await server.signIn('b1u', { resource: AUDIENCE.seller }));
  for (let day = 0; day < 32; day += 1) {
    clock.advance(24 * 3_600_000);
    await server.store.reap(new Date(clock.now()), 1000);
    expect(await isActive(refreshToken, 'pw')).toBe(false);
    expectRefusal(await refresh(refreshToken), { status: 400, error: 'invalid_grant' });
  }
  expectRefusal(await refresh(family.refresh), { status: 400, error: 'invalid_grant' });
});

describe('T-43 races', () => {
  test('fifty refreshes of one token and a revocation leave nothing alive', async () => {
    const first = await signIn(AUDIENCE.seller);
    const [revoked, ...answers] = await Promise.all([server.revoke(first.refresh), ...Array.from({ length: 50 }, () => refresh(first.refresh))]);
    expect(revoked.status).toBe(200);
    const minted = answers.filter(({ status }) => status === 200);
    expect(minted.length).toBeLessThanOrEqual(1);
    for (const answer of answers) if (answer.status !== 200) expectRefusal(answer, { status: 400, error: 'invalid_grant' });
    for (const answer of [first, ...minted.map(tokensOf)])
      expect([await isActive(answer.access), await isActive(answer.refresh, 'pw')]).toEqual([false, false]);
    expectRefusal(await refresh(first.refresh), { status: 400, error: 'invalid_grant' });
  });

  test('refreshes in a row, on two nodes, with a revocation in between: what starts later fails', async () => {
    const other = await startThreatened({ store: server.store, clock, furnish: false, env: { ROLEMINT_KEYS_DIR: server.app.config.keysDir } });
    try {
      for (let round = 0; round < 5; round += 1) {
        let newest = await signIn(AUDIENCE.seller);
        const minted: Tokens[] = [newest];
        const family = newest.refresh;
        const chain = (async () => {
          for (let step = 0; step < 20; step += 1) {
            const answer = await refresh(newest.refresh, step % 2 === 0 ? server : other);
            if (answer.status !== 200) return expectRefusal(answer, { status: 400, error: 'invalid_grant' });
            newest = tokensOf(answer);
            minted.push(newest);
          }
        })();
        await other.revoke(family);
        await chain;
        for (const { access, refresh: refreshToken } of minted) {
          expect(await isActive(access, 'rsS', round % 2 === 0 ? server : other)).toBe(false);
          expectRefusal(await refresh(refreshToken, other), { status: 400, error: 'invalid_grant' });
        }
      }
    } finally {
      await other.close();
    }
  });

  test('T-44 twenty refreshes of one token at the same time: one gets an answer at most, and the family dies', async () => {
    const first = await signIn(AUDIENCE.seller);
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(first.refresh)));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) expectRefusal(answer, { status: 400, error: 'invalid_grant' });
    for (const { access, refresh: refreshToken } of [first, tokensOf(won[0]!)])
      expect([await isActive(access), await isActive(refreshToken, 'pw')]).toEqual([false, false]);
    const events = await listAuditEvents(server.store, { limit: 100, type: 'refresh_token_reuse_detected' });
    expect(events.length).toBeGreaterThan(0);
  });

  test("T-45 a used-up token of another client's hands kills nothing", async () => {
    const first = await signIn(AUDIENCE.seller);
    const second = tokensOf(await refresh(first.refresh));
    for (const token of [first.refresh, second.refresh]) {
      const thief = await server.token({ grant_type: 'refresh_token', refresh_token: token }, basic('web', secretOf('web')));
      expectRefusal(thief, { status: 400, error: 'invalid_grant' });
    }
    expect((await refresh(second.refresh)).status).toBe(200);
  });
});
