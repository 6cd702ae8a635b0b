import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateKeyPair, SignJWT } from 'jose';
import { AUDIENCE, client, secretOf, to, user } from '../../support/market.ts';
import { ISSUER } from '../../support/server.ts';
import { claimsOf, type Answer } from '../../support/token-client.ts';
import { expectRefusal, turnableClock, visible } from './endpoint.ts';
import { ACCESS_TOKEN, rule, startDesk, SUPPORT, TOKEN_EXCHANGE, type Desk } from './impersonation.ts';
import { listAuditEvents } from '../../support/audit.ts';

let server: Desk;
const clock = turnableClock();

beforeAll(async () => {
  server = await startDesk({ clock, env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000' } });
});
afterAll(() => server.close());

const minted = (answer: Answer): string => {
  expect({ status: answer.status, error: answer.body['error_description'] }).toEqual({ status: 200, error: undefined });
  return String(answer.body['access_token']);
};
const change: Desk['app']['store']['transaction'] = (work) => server.app.store.transaction(work);
const started = async () => (await listAuditEvents(server.store, { limit: 1000, type: 'impersonation_started' })).length;

/** Nothing is told and nothing is kept of a refusal. */
async function expectNothing(ask: () => Promise<Answer>, expected: { readonly status: number; readonly error: string }): Promise<Answer> {
  const before = await started();
  const answer = await ask();
  expectRefusal(answer, expected);
  expect(answer.body['refresh_token']).toBeUndefined();
  expect(await started()).toBe(before);
  return answer;
}

const CONFIG_ERROR = { status: 400, error: 'invalid_grant' };
async function expectConfigError(ask: () => Promise<Answer>): Promise<Answer> {
  const answer = await expectNothing(ask, CONFIG_ERROR);
  expect(answer.body).toEqual({ error: 'invalid_grant', error_description: 'grant request is invalid', error_code: 'Impersonation.ConfigError' });
  return answer;
}

describe('acting as somebody else', () => {
  test("gives the rule's roles that were asked for, in the name of the target, and says who acts", async () => {
    const answer = await server.exchange(await server.actorToken(), { scope: 'Shopper MarketAdmin Impersonation A Bogus' });
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'Shopper',
      issued_token_type: ACCESS_TOKEN,
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(claimsOf(minted(answer))).toMatchObject({
      iss: ISSUER,
      aud: ISSUER,
      sub: 'b1u',
      username: 'b1u',
      client_id: 'imp',
      act: { sub: 'deleg' },
      org_id: 'B1',
      org_path: ['S', 'B1'],
      org_ids: ['B1', 'B2'],
      roles: ['Shopper'],
      scope: 'Shopper',
    });
  });

  test('is for the API that is asked for, by location or by name, and carries only roles that it knows', async () => {
    for (const form of [{ resource: AUDIENCE.b1 }, { audience: AUDIENCE.b1 }, { resource: AUDIENCE.b1, audience: AUDIENCE.b1 }]) {
      expect(claimsOf(minted(await server.exchange(await server.actorToken(), form)))).toMatchObject({ aud: AUDIENCE.b1, roles: ['Shopper'] });
    }
  });

  test('without a scope gives what the client says, and an empty scope is a success', async () => {
    const actor = await server.actorToken();
    expect(await server.exchange(actor, { scope: undefined })).toMatchObject({ status: 200, body: { scope: '' } });
    expect(await server.exchange(actor, { scope: 'FullAccess' })).toMatchObject({ status: 200, body: { scope: '' } });
    await change((tx) => tx.clients.put([client('web2', { grantTypes: [TOKEN_EXCHANGE, 'client_credentials'], omittedScope: 'all' })]));
    await change((tx) => tx.impersonationRules.put([rule('through-web2', { client: 'web2' })]));
    const form = { client_id: 'web2', client_secret: secretOf('web2'), scope: undefined };
    expect(await server.exchange(actor, form)).toMatchObject({ status: 200, body: { scope: 'OrderReader Shopper' } });
    await change((tx) => tx.impersonationRules.remove(['through-web2']));
  });
});

describe('T-57 what is no subject token', () => {
  const REJECTED = { status: 400, error: 'invalid_request' };

  test('none: the client never takes its place', async () => {
    for (const client_id of ['imp', 'web2']) {
      for (const subject_token of [undefined, '']) {
        const form = { client_id, client_secret: secretOf(client_id), subject_token };
        const answer = await expectNothing(() => server.exchange(undefined, form), REJECTED);
        expect(answer.body['error_description']).toBe("missing required parameter(s) 'subject_token'");
      }
    }
  });

  test('one that is foreign, forged, expired, opaque, an ID token or a refresh token', async () => {
    const actor = await server.actorToken();
    const { privateKey } = await generateKeyPair('ES256');
    const forge = (claims: Record<string, unknown>, typ: string) =>
      new SignJWT({ ...claimsOf(actor), ...claims }).setProtectedHeader({ alg: 'ES256', typ }).sign(privateKey);
    const { refresh_token: refreshToken } = (await server.signIn('deleg', { scope: 'Impersonation' })).body;
    const answers = [];
    for (const token of [
      await forge({ iss: 'https://evil.example.com' }, 'at+jwt'),
      await forge({}, 'at+jwt'),
      await forge({}, 'JWT'),
      String(refreshToken),
      'garbage',
      'a.b.c',
      `${actor}x`,
      `Bearer ${actor}`,
    ]) {
      answers.push(visible(await expectNothing(() => server.exchange(token), REJECTED)));
    }
    clock.advance(601_000);
    answers.push(visible(await expectNothing(() => server.exchange(actor), REJECTED)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  test('one that was revoked, whose user or client is disabled', async () => {
    const revoked = await server.actorToken();
    expect((await server.revoke(revoked)).status).toBe(200);
    await expectNothing(() => server.exchange(revoked), REJECTED);
    const actor = await server.actorToken();
    await change((tx) => tx.users.put([user('deleg', 'S', { active: false })]));
    await expectNothing(() => server.exchange(actor), REJECTED);
    await change((tx) => tx.users.put([user('deleg', 'S')]));
    const pw = (await server.app.store.findClient('pw', new Date(clock.now())))!.client;
    await change((tx) => tx.clients.put([{ ...pw, active: false }]));
    await expectNothing(() => server.exchange(actor), REJECTED);
    await change((tx) => tx.clients.put([pw]));
    minted(await server.exchange(actor));
  });

  test('one that is meant for an API, or behind which no person stands', async () => {
    const forApi = await server.actorToken('deleg', { resource: AUDIENCE.seller });
    const ofClient = String((await server.credentials({ scope: 'Impersonation' })).body['access_token']);
    expect(claimsOf(ofClient)['roles']).toEqual(['Impersonation']);
    for (const token of [forApi, ofClient]) await expectNothing(() => server.exchange(token), REJECTED);
  });

  test.each([
    ['an actor token', { actor_token: 'x', actor_token_type: ACCESS_TOKEN }],
    ['the type of an actor token', { actor_token_type: ACCESS_TOKEN }],
    ['no type', { subject_token_type: undefined }],
    ['the type of an ID token', { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }],
    ['a wish for a refresh token', { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }],
    ['nobody to act as', { requested_subject: undefined }],
  ])('with %s', async (_what, form) => {
    const actor = await server.actorToken();
    await expectNothing(() => server.exchange(actor, form), REJECTED);
  });

  test('and the client must be allowed to exchange tokens', async () => {
    const actor = await server.actorToken();
    const form = { client_id: 'pw', client_secret: secretOf('pw') };
    await expectNothing(() => server.exchange(actor, form), { status: 400, error: 'unauthorized_client' });
    await expectNothing(() => server.exchange(actor, { client_secret: 'wrong' }), { status: 401, error: 'invalid_client' });
  });
});

describe('T-58 whom one may act as', () => {
  test('the role must be in the token', async () => {
    for (const [username, scope] of [
      ['deleg', 'A'],
      ['deleg', ''],
      ['peer', 'Impersonation A'],
    ] as const) {
      const token = await server.actorToken(username, { scope: scope === '' ? undefined : scope });
      const answer = await expectNothing(() => server.exchange(token), { status: 403, error: 'insufficient_scope' });
      expect(answer.body).toEqual({ error: 'insufficient_scope', error_description: 'the subject token must carry the role Impersonation' });
    }
  });

  test('the role must still be held; FullAccess suffices', async () => {
    const actor = await server.actorToken();
    await change((tx) => tx.assignments.remove([SUPPORT.id]));
    await expectNothing(() => server.exchange(actor), { status: 403, error: 'insufficient_scope' });
    await change((tx) => tx.assignments.put([SUPPORT]));
    minted(await server.exchange(actor));
    await change((tx) => tx.impersonationRules.put([rule('root-b1', { impersonator: to.user('root') })]));
    const root = await server.actorToken('root', { scope: 'FullAccess' });
    expect(claimsOf(minted(await server.exchange(root)))).toMatchObject({ sub: 'b1u', act: { sub: 'root' }, roles: ['OrderReader', 'Shopper'] });
    await change((tx) => tx.impersonationRules.remove(['root-b1']));
  });

  test('the role is the one that the workspace names', async () => {
    const actor = await server.actorToken();
    await change((tx) => tx.settings.set('impersonation_role', 'B'));
    const answer = await expectNothing(() => server.exchange(actor), { status: 403, error: 'insufficient_scope' });
    expect(answer.body['error_description']).toBe('the subject token must carry the role B');
    await change((tx) => tx.settings.set('impersonation_role', 'A'));
    minted(await server.exchange(actor));
    await change((tx) => tx.settings.set('impersonation_role', 'Impersonation'));
  });

  test('nobody that no rule names, that is disabled, oneself, a client, or unknown: one answer', async () => {
    const actor = await server.actorToken();
    const answers = [];
    for (const requested_subject of ['peer', 'gone', 'deleg', 'svc', 'nobody', 'B1', "b1u' OR 1=1--", '\0', 'x'.repeat(20_000)]) {
      answers.push(await expectConfigError(() => server.exchange(actor, { requested_subject })));
    }
    // B2 is named by a rule, but the client does not let its people in.
    answers.push(await expectConfigError(() => server.exchange(actor, { requested_subject: 'b2u' })));
    for (const answer of answers) expect(visible(answer)).toEqual(visible(answers[0]!));
  });

  test('nobody on behalf of others: a buyer with the role finds no rule', async () => {
    const buyer = await server.actorToken('b1admin');
    for (const requested_subject of ['b2u', 'b1u', 'root']) await expectConfigError(() => server.exchange(buyer, { requested_subject }));
  });

  test('root without anything that root holds', async () => {
    const token = minted(await server.exchange(await server.actorToken(), { requested_subject: 'root', scope: 'FullAccess Shopper A MarketAdmin' }));
    expect(claimsOf(token)).toMatchObject({ sub: 'root', roles: ['MarketAdmin', 'Shopper'] });
  });

  test('nobody whom the client would not let in for lack of a role', async () => {
    const imp = (await server.app.store.findClient('imp', new Date(clock.now())))!.client;
    await change((tx) => tx.clients.put([{ ...imp, minimumRoles: ['MarketAdmin'] }]));
    const actor = await server.actorToken();
    await expectConfigError(() => server.exchange(actor));
    await change((tx) => tx.clients.put([imp]));
  });
});

describe('T-59 what becomes of it', () => {
  test('no chain, no refresh token, and no longer than the actor, the rule and a quarter of an hour', async () => {
    const actor = await server.actorToken();
    const token = minted(await server.exchange(actor, { scope: 'Shopper' }));
    await expectNothing(() => server.exchange(token, { requested_subject: 'b1admin' }), { status: 400, error: 'invalid_request' });
    clock.advance(400_000);
    expect((await server.exchange(actor)).body['expires_in']).toBe(200);
    expect((await server.exchange(await server.actorToken('desker'))).body['expires_in']).toBe(60);
    // The rule's limit holds for a token without roles as well.
    expect((await server.exchange(await server.actorToken('desker'), { scope: undefined })).body).toMatchObject({ scope: '', expires_in: 60 });
    const imp = (await server.app.store.findClient('imp', new Date(clock.now())))!.client;
    const pw = (await server.app.store.findClient('pw', new Date(clock.now())))!.client;
    await change((tx) =>
      tx.clients.put([
        { ...imp, accessTokenLifetimeSeconds: 3600 },
        { ...pw, accessTokenLifetimeSeconds: 3600 },
      ]),
    );
    expect((await server.exchange(await server.actorToken())).body['expires_in']).toBe(900);
    expect((await server.exchange(await server.actorToken(), { scope: undefined })).body['expires_in']).toBe(900);
    await change((tx) => tx.clients.put([imp, pw]));
  });

  test('it ends with a membership that the rule rests on', async () => {
    await change((tx) => tx.users.put([user('desker', 'S', { memberships: [{ userGroup: 'desk', validUntil: new Date(clock.now() + 30_000) }] })]));
    const actor = await server.actorToken('desker');
    expect((await server.exchange(actor)).body['expires_in']).toBeLessThanOrEqual(30);
    await change((tx) => tx.users.put([user('desker', 'S', { memberships: [{ userGroup: 'desk' }] })]));
  });

  const forSeller = async () => minted(await server.exchange(await server.actorToken(), { resource: AUDIENCE.seller }));
  const seen = async (token: string) => (await server.introspect(token)).body;

  test('it is alive for the API that it is for, with who acts', async () => {
    expect(await seen(await forSeller())).toMatchObject({ active: true, sub: 'b1u', act: { sub: 'deleg' }, roles: ['OrderReader', 'Shopper'] });
  });

  type Cause = readonly [string, (tx: Parameters<Parameters<typeof change>[0]>[0]) => Promise<unknown>];
  const imp = () =>
    client('imp', {
      grantTypes: [TOKEN_EXCHANGE],
      allowedOrganizations: { ids: ['B1', 'S'] },
      maximumRoles: ['Shopper', 'OrderReader', 'A', 'MarketAdmin'],
    });

  test.each<[...Cause, Cause[1]]>([
    ['the actor is disabled', (tx) => tx.users.put([user('deleg', 'S', { active: false })]), (tx) => tx.users.put([user('deleg', 'S')])],
    ['the target is disabled', (tx) => tx.users.put([user('b1u', 'B1', { active: false })]), (tx) => tx.users.put([user('b1u', 'B1')])],
    ['the actor loses the role', (tx) => tx.assignments.remove([SUPPORT.id]), (tx) => tx.assignments.put([SUPPORT])],
    ['another role is needed', (tx) => tx.settings.set('impersonation_role', 'B'), (tx) => tx.settings.set('impersonation_role', 'Impersonation')],
    ['the rule is gone', (tx) => tx.impersonationRules.remove(['deleg-b1']), (tx) => tx.impersonationRules.put([rule('deleg-b1')])],
    [
      'the rule is for another client',
      (tx) => tx.impersonationRules.put([rule('deleg-b1', { client: 'web2' })]),
      (tx) => tx.impersonationRules.put([rule('deleg-b1')]),
    ],
    ['the target moves out of the rule', (tx) => tx.users.put([user('b1u', 'B2')]), (tx) => tx.users.put([user('b1u', 'B1')])],
    ['the client is disabled', (tx) => tx.clients.put([{ ...imp(), active: false }]), (tx) => tx.clients.put([imp()])],
  ])('it is dead when %s', async (_what, end, undo) => {
    const token = await forSeller();
    await change(end);
    expect(await seen(token)).toEqual({ active: false });
    await change(undo);
    expect(await seen(token)).toMatchObject({ active: true });
  });

  test('it is dead when somebody who was removed comes back under the same id, and no rule with it', async () => {
    const [token, actor] = [await forSeller(), await server.actorToken()];
    await change((tx) => tx.users.remove(['b1u']));
    await change((tx) => tx.users.put([user('b1u', 'B1')]));
    expect(await seen(token)).toMatchObject({ active: true });
    await change((tx) => tx.impersonationRules.put([rule('deleg-b1', { target: to.user('b1u') })]));
    expect(await seen(token)).toMatchObject({ active: true });
    await change((tx) => tx.users.remove(['b1u']));
    await change((tx) => tx.users.put([user('b1u', 'B1')]));
    expect(await seen(token)).toEqual({ active: false });
    await expectConfigError(() => server.exchange(actor));
    await change((tx) => tx.impersonationRules.put([rule('deleg-b1')]));
  });

  test('it keeps only what the rules still give', async () => {
    const token = await forSeller();
    const [helping] = (await change((tx) => tx.securityProfiles.findMany(['helping']))).values();
    await change((tx) => tx.securityProfiles.put([{ ...helping!, roles: ['Shopper', 'A'] }]));
    expect(await seen(token)).toMatchObject({ active: true, roles: ['Shopper'], scope: 'Shopper' });
    await change((tx) => tx.securityProfiles.put([helping!]));
  });

  test.each(['deleg', 'b1u'])('it is dead when the tokens of %s are revoked', async (id) => {
    const token = await forSeller();
    await server.app.services.revocation.revokeAll('user', id, { actor: { kind: 'operator', id: 'test' } });
    expect(await seen(token)).toEqual({ active: false });
    clock.advance(1);
    expect(await seen(await forSeller())).toMatchObject({ active: true });
  });

  test('it is dead when the sign-in of the actor ends, or when it is revoked itself', async () => {
    const signedIn = (await server.signIn('deleg', { scope: 'Impersonation' })).body;
    const token = minted(await server.exchange(String(signedIn['access_token']), { resource: AUDIENCE.seller }));
    const alone = minted(await server.exchange(String(signedIn['access_token']), { resource: AUDIENCE.seller }));
    expect((await server.revoke(alone, 'imp')).status).toBe(200);
    expect([(await seen(alone))['active'], (await seen(token))['active']]).toEqual([false, true]);
    expect((await server.revoke(String(signedIn['refresh_token']))).status).toBe(200);
    expect(await seen(token)).toEqual({ active: false });
  });
});

describe('T-60 the stronger client', () => {
  test('no rule names it; an audience that it may not have is none', async () => {
    const actor = await server.actorToken();
    await expectConfigError(() => server.exchange(actor, { client_id: 'web2', client_secret: secretOf('web2') }));
    for (const form of [{ resource: 'https://unknown.example.com' }, { audience: 'web' }, { resource: AUDIENCE.b1, audience: AUDIENCE.seller }]) {
      await expectNothing(() => server.exchange(actor, form), { status: 400, error: 'invalid_target' });
    }
  });

  test('the scope is bound to the rule, whatever the subject token carries', async () => {
    const root = await server.actorToken('root', { scope: 'FullAccess A B Impersonation' });
    await expectConfigError(() => server.exchange(root));
    const answer = await server.exchange(await server.actorToken(), { scope: 'A B FullAccess Impersonation OrderAdmin Shopper' });
    expect(answer.body['scope']).toBe('Shopper');
  });

  test('both are in the audit, written before the token leaves, and in the log', async () => {
    const answer = await server.exchange(await server.actorToken(), { scope: 'Shopper' });
    const claims = claimsOf(minted(answer));
    const [event] = await listAuditEvents(server.store, { limit: 1, type: 'impersonation_started' });
    expect(event).toEqual({
      type: 'impersonation_started',
      at: new Date(clock.now()),
      actor: { kind: 'user', id: 'deleg' },
      onBehalfOf: { kind: 'user', id: 'b1u' },
      clientId: 'imp',
      target: { kind: 'user', id: 'b1u' },
      after: {
        rules: ['deleg-b1'],
        client_id: 'imp',
        jti: claims['jti'],
        roles: ['Shopper'],
        expires_at: new Date(Number(claims['exp']) * 1000).toISOString(),
      },
      requestId: answer.headers.get('x-request-id'),
    });
    expect(server.log.lines.find((line) => line['jti'] === claims['jti'])).toMatchObject({
      event: 'token_issued',
      sub: 'b1u',
      act: 'deleg',
      client_id: 'imp',
    });
    const refused = await server.exchange(await server.actorToken(), { requested_subject: 'peer' });
    expect(
      server.log.lines.find((line) => line['request_id'] === refused.headers.get('x-request-id') && line['event'] === 'token_refused'),
    ).toMatchObject({
      reason: 'deleg cannot act as peer: no rule allows it through imp',
    });
  });
});
