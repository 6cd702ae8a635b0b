import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { passwordProblems } from '../../../src/domain/password-policy.ts';
import { attemptKey } from '../../../src/services/sign-in.ts';
import { assignment, client, PASSWORD, profile, secret, secretOf, to, user } from '../../support/market.ts';
import { basic, claimsOf, type Answer, type Form } from '../../support/token-client.ts';
import { expectIndistinguishable, expectRefusal, startThreatened, turnableClock, visible, type Threatened } from './endpoint.ts';
import { until } from '../../support/until.ts';
import { listAuditEvents } from '../../support/audit.ts';

const REFUSED = { status: 400, error: 'invalid_grant' };
const HOUR = 3_600_000;

let server: Threatened;
let clock: ReturnType<typeof turnableClock>;
/** Every test has users of its own, so that none locks out those of another. */
let people = 0;

beforeAll(async () => {
  clock = turnableClock();
  server = await startThreatened({
    clock,
    // What is counted for each account is to be seen here, not what is counted for the one address of all tests.
    env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000', ROLEMINT_ATTEMPTS_PER_NAME: '1000000' },
    more: async (tx) => {
      await tx.clients.put([client('picky', { minimumRoles: ['OrderAdmin'] })]);
      await tx.addClientSecret('picky', secret(secretOf('picky')));
    },
  });
});
afterAll(() => server.close());
afterEach(() => void jest.restoreAllMocks());

async function person(given: { readonly organization?: string; readonly username?: string; readonly password?: string } = {}): Promise<string> {
  people += 1;
  const id = `person-${people}`;
  const hash = await server.app.hasher.hash((given.password ?? PASSWORD).normalize('NFKC'));
  await server.app.store.transaction(async (tx) => {
    await tx.users.put([user(id, given.organization ?? 'B1', { username: given.username ?? id })]);
    await tx.setPassword(id, hash, new Date(clock.now()));
  });
  return id;
}

const through = (clientId: string, form: Form) =>
  server.token({ grant_type: 'password', password: PASSWORD, ...form }, basic(clientId, secretOf(clientId)));

async function lock(id: string): Promise<void> {
  for (let failure = 0; failure < 10; failure += 1)
    await server.store.signIn.beginAttempt(attemptKey(id), { allowed: 10, lockSeconds: 60 }, new Date(clock.now()));
}

/** What a person can be refused for, each as a request. */
async function refusals(): Promise<readonly Answer[]> {
  const [victim, locked] = [await person(), await person()];
  await lock(locked);
  return [
    await server.signIn('nobody-of-that-name'),
    await server.signIn(victim, { password: 'Wrong-Horse-7-Battery' }),
    await server.signIn('gone'),
    await server.signIn('gone', { password: 'Wrong-Horse-7-Battery' }),
    await server.signIn(locked),
    await server.signIn(locked, { password: 'Wrong-Horse-7-Battery' }),
    await server.signIn('nopass'),
    await through('b2only', { username: 'b1u' }),
    await through('b2only', { username: 'b1u', password: 'Wrong-Horse-7-Battery' }),
    await through('picky', { username: 'b2u' }),
    await server.signIn('svc'),
    await server.signIn(' b1u'),
    await server.signIn('b1u\0'),
    await server.signIn('x'.repeat(5000)),
    await server.signIn(victim, { password: 'x'.repeat(1025) }),
  ];
}

describe('T-12 whoever cannot sign in', () => {
  test('learns nothing about why: all bytes and headers are the same', async () => {
    const answers = await refusals();
    for (const answer of answers) expectRefusal(answer, REFUSED);
    expectIndistinguishable(answers);
    expect((await server.signIn('b1u')).status).toBe(200);
  });

  test('a disabled organization, or one above, is no different', async () => {
    const [orphan, unknown] = [await person({ organization: 'B2' }), await server.signIn('nobody-of-that-name')];
    const organizations = await server.store.transaction(async (tx) => await tx.organizations.findMany(['B2', 'S']));
    for (const id of ['B2', 'S']) {
      const found = organizations.get(id)!;
      await server.app.store.transaction((tx) => tx.organizations.put([{ ...found, active: false }]));
      const refused = await server.signIn(orphan);
      await server.app.store.transaction((tx) => tx.organizations.put([found]));
      expectIndistinguishable([unknown, refused]);
    }
    expect((await server.signIn(orphan)).status).toBe(200);
  });

  test('the log knows why, and holds no password', async () => {
    await refusals();
    const reasons = server.log.lines.filter((line) => line['event'] === 'token_refused').map((line) => line['reason']);
    expect(reasons).toEqual(expect.arrayContaining(['unknown user', 'wrong password', 'locked', 'the organization may not use this client']));
    expect(server.log.text()).not.toMatch(/Horse|-secret|\$argon2/);
  });

  test('missing parameters are invalid_request whoever they belong to', async () => {
    const known = await server.signIn('b1u', { password: undefined });
    expectRefusal(known, { status: 400, error: 'invalid_request' });
    expectIndistinguishable([known, await server.signIn('nobody-of-that-name', { password: undefined })]);
    expectRefusal(await server.signIn('b1u', { username: '' }), { status: 400, error: 'invalid_request' });
    expectRefusal(await server.signIn('b1u', { password: '' }), { status: 400, error: 'invalid_request' });
  });
});

describe('T-13 the work', () => {
  const parameters = (hash: string) => hash.split('$').slice(0, 4).join('$');

  test.each([
    ['an unknown user', async () => server.signIn('nobody-of-that-name')],
    ['a wrong password', async () => server.signIn(await person(), { password: 'wrong' })],
    ['a disabled user', () => server.signIn('gone')],
    ['a user without a password', () => server.signIn('nopass')],
    ['a user of another organization', () => through('b2only', { username: 'b1u' })],
    ['a user who lacks a minimum role', () => through('picky', { username: 'b2u' })],
    [
      'a locked user',
      async () => {
        const locked = await person();
        await lock(locked);
        return server.signIn(locked);
      },
    ],
  ])('%s costs one verification with the parameters of every other', async (_who, ask) => {
    const { hasher } = server.app;
    const verify = jest.spyOn(hasher, 'verify');
    const hash = jest.spyOn(hasher, 'hash');
    const before = hash.mock.calls.length;
    expectRefusal(await ask(), REFUSED);
    expect(verify.mock.calls.map(([stored]) => parameters(stored))).toEqual([parameters(hasher.decoy)]);
    expect(hash.mock.calls.slice(before).filter(([password]) => password !== PASSWORD)).toEqual([]);
  });

  test('a hash of other parameters is replaced at the next sign-in, and only by the right password', async () => {
    const id = await person();
    const { hasher, store } = server.app;
    jest.spyOn(hasher, 'needsRehash').mockReturnValue(true);
    const before = (await store.signIn.findCredentialOf(id))!.passwordHash;
    await server.signIn(id, { password: 'wrong' });
    expect((await store.signIn.findCredentialOf(id))!.passwordHash).toBe(before);
    expect((await server.signIn(id)).status).toBe(200);
    expect((await store.signIn.findCredentialOf(id))!.passwordHash).not.toBe(before);
    expect((await server.signIn(id)).status).toBe(200);
  });
});

test('the hash of another system signs its user in, and is replaced by one of ours', async () => {
  const id = await person();
  const { store } = server.app;
  const foreign = '$2y$06$wnn48RqzG8LgeaGJAYdKn.Mce.6AAyPDmcRsfirlnGwtJg0RaUZ5q';
  await store.transaction((tx) => tx.setPassword(id, foreign, new Date()));
  const password = 'correct horse battery staple';
  expectRefusal(await server.signIn(id, { password: `${password}!` }), REFUSED);
  expect((await store.signIn.findCredentialOf(id))!.passwordHash).toBe(foreign);
  expect((await server.signIn(id, { password })).status).toBe(200);
  expect((await store.signIn.findCredentialOf(id))!.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect((await server.signIn(id, { password })).status).toBe(200);
});

test('T-14 refreshing tells as little about a person as signing in', async () => {
  const id = await person();
  const first = await server.signIn(id);
  await server.app.store.transaction((tx) => tx.users.put([user(id, 'B1', { active: false })]));
  const refresh = (token: unknown) =>
    server.token({ grant_type: 'refresh_token', client_id: 'pw', client_secret: secretOf('pw'), refresh_token: String(token) });
  const answers = [
    await refresh(first.body['refresh_token']),
    await refresh('of-nobody'),
    await refresh('x'.repeat(40_000)),
    await refresh('a.b.c'),
    await refresh('\0'),
  ];
  for (const answer of answers) expectRefusal(answer, REFUSED);
  expectIndistinguishable(answers);
  expectIndistinguishable([answers[0]!, await server.signIn(id)]);
});

describe('T-15 people and clients', () => {
  test('never share an id, whichever comes first', async () => {
    const taken = expect.objectContaining({ code: 'already_exists' });
    const { store } = server.app;
    await expect(store.transaction((tx) => tx.users.put([user('svc', 'B1', { username: 'other' })]))).rejects.toEqual(taken);
    await expect(store.transaction((tx) => tx.clients.put([client('root')]))).rejects.toEqual(taken);
    await expect(
      store.transaction(async (tx) => {
        await tx.users.put([user('both', 'B1')]);
        await tx.clients.put([client('both')]);
      }),
    ).rejects.toEqual(taken);
    await server.stillWorks();
  });

  test('a user named like a client is told apart by sub and client_id', async () => {
    const id = await person({ username: 'svc', organization: 'B1' });
    const ofUser = claimsOf((await server.signIn('svc')).body['access_token']);
    const ofClient = claimsOf((await server.credentials()).body['access_token']);
    expect({ sub: ofUser['sub'], client: ofUser['client_id'], username: ofUser['username'] }).toEqual({ sub: id, client: 'pw', username: 'svc' });
    expect({ sub: ofClient['sub'], client: ofClient['client_id'], username: ofClient['username'] }).toEqual({
      sub: 'svc',
      client: 'svc',
      username: undefined,
    });
    await server.app.store.transaction((tx) => tx.users.remove([id]));
  });
});

describe('T-16 lock-out', () => {
  test('after many failures the victim can sign in again within an hour, from anywhere', async () => {
    const id = await person();
    for (let failure = 0; failure < 99; failure += 1) {
      await server.store.signIn.beginAttempt(attemptKey(id), { allowed: 10, lockSeconds: 0 }, new Date(clock.now()));
      clock.advance(1);
    }
    expectRefusal(await server.signIn(id), REFUSED);
    clock.advance(HOUR);
    expect((await server.signIn(id)).status).toBe(200);
    // And the count starts anew.
    expectRefusal(await server.signIn(id, { password: 'wrong' }), REFUSED);
    expect((await server.signIn(id)).status).toBe(200);
  });

  test('ten failures lock for a while; guesses during the lock are not even looked at and do not prolong it', async () => {
    const id = await person();
    for (let failure = 0; failure < 10; failure += 1) expectRefusal(await server.signIn(id, { password: 'wrong' }), REFUSED);
    const verify = jest.spyOn(server.app.hasher, 'verify');
    for (let guess = 0; guess < 5; guess += 1) expectRefusal(await server.signIn(id), REFUSED);
    expect(new Set(verify.mock.calls.map(([stored]) => stored))).toEqual(new Set([server.app.hasher.decoy]));
    clock.advance(31_000);
    expect((await server.signIn(id)).status).toBe(200);
  });

  test('a lock-out and its end by an administrator are audit events', async () => {
    const id = await person();
    for (let failure = 0; failure < 10; failure += 1) await server.signIn(id, { password: 'wrong' });
    const unlocked = {
      type: 'user_unlocked',
      at: new Date(clock.now()),
      actor: { kind: 'operator' as const, id: 'op' },
      target: { kind: 'user', id },
    };
    await server.store.signIn.unlock(attemptKey(id), unlocked);
    expect((await server.signIn(id)).status).toBe(200);
    const events = (await listAuditEvents(server.store, { limit: 1000 })).filter(({ target }) => target.id === id).map(({ type }) => type);
    expect(events).toEqual(['user_unlocked', 'user_locked_out']);
  });

  test('the strictest policy that reaches a person decides, lock-out time included', async () => {
    const id = await person();
    await server.app.store.transaction(async (tx) => {
      await tx.securityProfiles.put([profile('strict', [], { passwordPolicy: { allowedFailedAttempts: 3, lockoutMinutes: 30 } })]);
      await tx.assignments.put([assignment('strict', to.user(id))]);
    });
    for (let failure = 0; failure < 3; failure += 1) await server.signIn(id, { password: 'wrong' });
    expectRefusal(await server.signIn(id), REFUSED);
    clock.advance(29 * 60_000);
    expectRefusal(await server.signIn(id), REFUSED);
    clock.advance(61_000);
    expect((await server.signIn(id)).status).toBe(200);
  });
});

describe('T-18 guessing in parallel', () => {
  test('executes no more real comparisons than failures are allowed, and refuses the rest', async () => {
    const id = await person();
    const verify = jest.spyOn(server.app.hasher, 'verify');
    const answers = await Promise.all(Array.from({ length: 200 }, () => server.signIn(id, { password: 'wrong' })));
    for (const answer of answers) {
      // Too many attempts; or a database that cannot let so many wait for one person.
      const isLater = answer.status === 429 || answer.status === 503;
      expectRefusal(answer, isLater ? { status: answer.status, error: 'temporarily_unavailable' } : REFUSED);
      if (isLater) expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    const compared = verify.mock.calls.filter(([stored]) => stored !== server.app.hasher.decoy).length;
    expect(compared).toBeGreaterThan(0);
    expect(compared).toBeLessThanOrEqual(10);
    // What was answered with "later" may still wait for its hash.
    await until(async () => server.app.hasher.stats().queued + server.app.hasher.stats().running === 0);
    expectRefusal(await server.signIn(id), REFUSED);
    clock.advance(31_000);
    expect((await server.signIn(id)).status).toBe(200);
  });

  test('right passwords in parallel all get in', async () => {
    const id = await person();
    // More than may fail.
    const answers = await Promise.all(Array.from({ length: 12 }, () => server.signIn(id)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    expect(new Set(answers.map(({ body }) => body['refresh_token'])).size).toBe(12);
  });
});

describe('T-19 long passwords', () => {
  test('count to the last byte', async () => {
    const long = 'aB3-'.repeat(25);
    const id = await person({ password: long });
    for (const wrong of [long.slice(0, 72), long.slice(0, 73), `${long.slice(0, 99)}x`, `${long}x`])
      expectRefusal(await server.signIn(id, { password: wrong }), REFUSED);
    expect((await server.signIn(id, { password: long })).status).toBe(200);
  });

  test('of 1,024 characters work, also when each takes four bytes', async () => {
    const id = await person({ password: '\u{1f40e}'.repeat(1024) });
    expect((await server.signIn(id, { password: '\u{1f40e}'.repeat(1024) })).status).toBe(200);
    expectRefusal(await server.signIn(id, { password: '\u{1f40e}'.repeat(1023) }), REFUSED);
  });

  test('of more are refused without any hashing', async () => {
    const id = await person();
    const verify = jest.spyOn(server.app.hasher, 'verify');
    for (const password of ['x'.repeat(1025), '\u{1f40e}'.repeat(1025), 'x'.repeat(50_000)])
      expectRefusal(await server.signIn(id, { password }), REFUSED);
    expect(verify).not.toHaveBeenCalled();
    for (const length of [1_000_000, 10_000_000])
      expectRefusal(await server.signIn(id, { password: 'x'.repeat(length) }), { status: 400, error: 'invalid_request' });
    expect(verify).not.toHaveBeenCalled();
    expect((await server.signIn(id)).status).toBe(200);
  });
});

describe('T-21 Unicode', () => {
  test.each([
    ['\ufb01sh-Market-7', 'fish-Market-7'],
    ['\u00c5ngstr\u00f6m-7-Units', 'A\u030angstro\u0308m-7-Units'],
    ['\u212aelvin-7-Degrees', 'Kelvin-7-Degrees'],
  ])('the password %s is the password %s', async (typed, set) => {
    const id = await person({ password: set });
    expect((await server.signIn(id, { password: typed })).status).toBe(200);
    expectRefusal(await server.signIn(id, { password: set.toLowerCase() }), REFUSED);
  });

  test('passwords that only look alike differ', async () => {
    const id = await person({ password: 'Stra\u00dfe-\u0130-7-\u{1f468}\u200d\u{1f469}' });
    for (const password of [
      'Strasse-\u0130-7-\u{1f468}\u200d\u{1f469}',
      'Stra\u00dfe-I-7-\u{1f468}\u200d\u{1f469}',
      'Stra\u00dfe-\u0130-7-\u{1f468}\u{1f469}',
      '\u202eStra\u00dfe-\u0130-7-\u{1f468}\u200d\u{1f469}',
    ]) {
      expectRefusal(await server.signIn(id, { password }), REFUSED);
    }
    expect((await server.signIn(id, { password: 'Stra\u00dfe-\u0130-7-\u{1f468}\u200d\u{1f469}' })).status).toBe(200);
  });

  test('a user name is found in any case and width', async () => {
    const id = await person({ username: '\ufb01ona-K\u00e5re' });
    for (const username of ['fiona-k\u00e5re', 'FIONA-K\u00c5RE', '\uff26iona-\u212aa\u030are']) {
      expect(claimsOf((await server.signIn(username)).body['access_token'])['sub']).toBe(id);
    }
    for (const username of ['fiona-kare', 'fiona\u200d-k\u00e5re', 'fiona-k\u00e5re\u202e']) expectRefusal(await server.signIn(username), REFUSED);
  });

  test('bytes that are no UTF-8 are nobody and no password', async () => {
    const id = await person({ password: '\ufffd-Seven-Batteries' });
    const verify = jest.spyOn(server.app.hasher, 'verify');
    const headers = { ...basic('web', secretOf('web')), 'content-type': 'application/x-www-form-urlencoded' };
    for (const body of [
      `username=${id}&password=%ff-Seven-Batteries`,
      'username=%ff&password=x',
      `username=${id}&password=%c0%80`,
      `username=${id}%00&password=x`,
    ]) {
      const response = await fetch(`${server.url}/oauth/token`, { method: 'POST', headers, body: `grant_type=password&${body}` });
      expect({ status: response.status, body: await response.json() }).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    }
    expect(verify).not.toHaveBeenCalled();
  });
});

describe('T-22 names', () => {
  test.each(['B1U', '\uff42\uff11\uff55', 'b\u00b9u'])('nobody else can be called %s', async (username) => {
    const before = await server.signIn('b1u');
    await expect(server.app.store.transaction((tx) => tx.users.put([user('impostor', 'B2', { username })]))).rejects.toEqual(
      expect.objectContaining({ code: 'already_exists' }),
    );
    expect(before.status).toBe(200);
    expect(claimsOf((await server.signIn(username)).body['access_token'])['sub']).toBe('b1u');
  });

  test('a new name does not shake off a lock, and the old name is nobody', async () => {
    const id = await person();
    for (let failure = 0; failure < 10; failure += 1) await server.signIn(id, { password: 'wrong' });
    await server.app.store.transaction((tx) => tx.users.put([user(id, 'B1', { username: `${id}-renamed` })]));
    const locked = await server.signIn(`${id}-renamed`);
    expectRefusal(locked, REFUSED);
    expect(visible(await server.signIn(id))).toEqual(visible(locked));
    clock.advance(31_000);
    expectRefusal(await server.signIn(id), REFUSED);
    expect((await server.signIn(`${id}-renamed`)).status).toBe(200);
  });

  test('guesses at a name are counted before anybody has it', async () => {
    await server.signIn('Nobody-Yet', { password: 'wrong' });
    await server.signIn('NOBODY-YET', { password: 'wrong' });
    const third = await server.store.signIn.beginAttempt('name:nobody-yet', { allowed: 10, lockSeconds: 0 }, new Date(clock.now()));
    expect(third).toMatchObject({ counted: true, failures: 3 });
  });
});

describe('T-23 choosing a password', () => {
  const POLICY = { minimumLength: 15 };
  test.each([
    ['fourteen-chars', 'must have at least 15 characters'],
    ['correcthorsebatterystaple', 'is one of the most common passwords'],
    ['Alice Of Acme And Sons', 'must not be a name of yours or of your organization'],
    ['ALICE.OF.WONDERLAND', 'must not be a name of yours or of your organization'],
    [' '.repeat(20), 'must not consist of spaces'],
    ['\u3000'.repeat(20), 'must not consist of spaces'],
    ['x'.repeat(1025), 'must have 1 to 1024 characters'],
    ['', 'must have 1 to 1024 characters'],
  ])('%j is refused because it %s', (password, problem) => {
    expect(passwordProblems(password, POLICY, ['alice.of.wonderland', 'Alice of Acme and Sons'])).toContain(problem);
  });

  test.each([
    'a sentence without any digit in it',
    'x'.repeat(5) + ' many words make a password that is longer than sixty-four characters',
    '\u{1f40e}'.repeat(15),
  ])('%j will do', (password) => {
    expect(passwordProblems(password, POLICY, ['alice'])).toEqual([]);
  });
});
