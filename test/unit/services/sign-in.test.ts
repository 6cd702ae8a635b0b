import { describe, expect, it, jest } from '@jest/globals';
import { DomainError } from '../../../src/domain/errors.ts';
import type { Subject } from '../../../src/domain/access.ts';
import { attemptKey, SignIn, passwordPolicy } from '../../../src/services/sign-in.ts';
import { assignment, profile, to } from '../../support/market.ts';
import { openHasher, openWorld, START } from './fixtures.ts';

const DAY = 86_400_000;
const welcome = () => undefined;
const refused = (reason: string) => ({ name: 'TokenRefusal', code: 'invalid_grant', message: reason });

describe('signing in', () => {
  it('gives the user for name and password, in whatever case and width the name is typed', async () => {
    const { signIn, credentials, verified, budgetCalls } = await openWorld();
    const { user, passwordExpired } = await signIn.authenticate({ ...credentials, username: '\uff21LICE' }, welcome);
    expect({ id: user.id, passwordExpired, verified }).toEqual({ id: 'alice', passwordExpired: false, verified: ['new:pw'] });
    expect(budgetCalls).toEqual(['take 192.0.2.1 alice', 'give back 192.0.2.1 alice']);
  });

  it.each<[string, object, string, readonly string[]]>([
    ['a wrong password', { password: 'wrong' }, 'wrong password', ['new:pw']],
    ['an unknown name', { username: 'bob' }, 'unknown user', ['decoy']],
    ['an impossible name', { username: ' alice' }, 'not a possible user name or password', []],
    ['an impossible password', { password: 'x'.repeat(1025) }, 'not a possible user name or password', []],
  ])('refuses %s with the same code, and tells the reason to the log alone', async (_what, wrong, reason, expected) => {
    const { signIn, credentials, verified, budgetCalls } = await openWorld();
    await expect(signIn.authenticate({ ...credentials, ...wrong }, welcome)).rejects.toMatchObject(refused(reason));
    expect(verified).toEqual(expected);
    expect(budgetCalls.filter((call) => call.startsWith('give back'))).toEqual([]);
  });

  it('looks at the password before it asks whether the person is welcome, and forgives no failures of who is not', async () => {
    const { signIn, credentials, store, clock, verified } = await openWorld();
    await expect(signIn.authenticate(credentials, () => 'not here')).rejects.toMatchObject(refused('not here'));
    expect(verified).toEqual(['new:pw']);
    expect((await store.signIn.beginAttempt(attemptKey('alice'), { allowed: 10, lockSeconds: 0 }, new Date(clock.now()))).failures).toBe(2);
    let asked: Subject | undefined;
    await expect(
      signIn.authenticate({ ...credentials, password: 'wrong' }, (user) => {
        asked = user;
        return undefined;
      }),
    ).rejects.toMatchObject(refused('wrong password'));
    expect(asked).toBeUndefined();
  });

  it('refuses no sooner than the slowest hash of another system takes, whoever asks (T-13)', async () => {
    const { signIn, credentials, hasher, clock } = await openWorld();
    const waits: number[] = [];
    const wait = jest.spyOn(globalThis, 'setTimeout').mockImplementation(((done: () => void, milliseconds: number) => {
      waits.push(milliseconds);
      queueMicrotask(done);
    }) as typeof setTimeout);
    hasher.slowestForeignMilliseconds = () => 300;
    const verify = hasher.verify;
    hasher.verify = async (hash, password) => {
      clock.advance(hash === 'decoy' ? 20 : 250);
      return verify(hash, password);
    };
    await expect(signIn.authenticate({ ...credentials, username: 'bob' }, welcome)).rejects.toMatchObject(refused('unknown user'));
    await expect(signIn.authenticate({ ...credentials, password: 'wrong' }, welcome)).rejects.toMatchObject(refused('wrong password'));
    await expect(signIn.authenticate(credentials, () => 'not here')).rejects.toMatchObject(refused('not here'));
    await signIn.authenticate(credentials, welcome);
    wait.mockRestore();
    expect(waits).toEqual([280, 50, 50]);
  });

  it('counts from one again after a right password', async () => {
    const { signIn, credentials, store, clock } = await openWorld();
    for (let time = 0; time < 3; time += 1) await signIn.authenticate({ ...credentials, password: 'wrong' }, welcome).catch(() => undefined);
    await signIn.authenticate(credentials, welcome);
    expect((await store.signIn.beginAttempt(attemptKey('alice'), { allowed: 10, lockSeconds: 0 }, new Date(clock.now()))).failures).toBe(1);
  });

  it('does not look at the password of a locked user, at the same cost', async () => {
    const { signIn, credentials, verified } = await openWorld();
    for (let time = 0; time < 10; time += 1) await signIn.authenticate({ ...credentials, password: 'wrong' }, welcome).catch(() => undefined);
    verified.length = 0;
    await expect(signIn.authenticate(credentials, welcome)).rejects.toMatchObject(refused('locked'));
    expect(verified).toEqual(['decoy']);
  });

  it('renews a hash of other parameters, unless somebody changed the password meanwhile', async () => {
    const { signIn, credentials, change, store } = await openWorld();
    await change((tx) => tx.setPassword('alice', 'old:pw', new Date(START)));
    await signIn.authenticate(credentials, welcome);
    expect((await store.signIn.findCredentialOf('alice'))!.passwordHash).toBe('new:pw');
    const { hasher } = openHasher();
    const world = await openWorld();
    await world.change((tx) => tx.setPassword('alice', 'old:pw', new Date(START)));
    const racing = {
      ...hasher,
      hash: async (password: string) => (
        await world.store.transaction((tx) => tx.setPassword('alice', 'new:other', new Date(START))),
        hasher.hash(password)
      ),
    };
    const { budget } = {
      budget: {
        take: async () => undefined,
        giveBack: async () => undefined,
        recordFailure: async () => undefined,
        blockedFor: () => undefined,
        close: async () => undefined,
      },
    };
    await new SignIn({ store: world.store.signIn, access: world.access, hasher: racing, budget, clock: world.clock }).authenticate(
      credentials,
      welcome,
    );
    expect((await world.store.signIn.findCredentialOf('alice'))!.passwordHash).toBe('new:other');
  });

  it('is not even begun when the budget of the address is used up', async () => {
    const world = await openWorld();
    const refusal = new DomainError('too_many_attempts', 'later', { retryAfterSeconds: 7 });
    const budget = {
      take: () => Promise.reject(refusal),
      giveBack: async () => undefined,
      recordFailure: async () => undefined,
      blockedFor: () => undefined,
      close: async () => undefined,
    };
    const signIn = new SignIn({ store: world.store.signIn, access: world.access, hasher: world.hasher, budget, clock: world.clock });
    await expect(signIn.authenticate(world.credentials, welcome)).rejects.toBe(refusal);
    expect(world.verified).toEqual([]);
  });

  it('takes nothing from the budget when there was no time to look at the password', async () => {
    const world = await openWorld();
    const busy = { ...world.hasher, verify: () => Promise.reject(new DomainError('unavailable', 'busy', { retryAfterSeconds: 1 })) };
    const calls: string[] = [];
    const budget = {
      take: async () => void calls.push('take'),
      giveBack: async () => void calls.push('give back'),
      recordFailure: async () => undefined,
      blockedFor: () => undefined,
      close: async () => undefined,
    };
    const signIn = new SignIn({ store: world.store.signIn, access: world.access, hasher: busy, budget, clock: world.clock });
    await expect(signIn.authenticate(world.credentials, welcome)).rejects.toMatchObject({ code: 'unavailable' });
    expect(calls).toEqual(['take', 'give back']);
  });

  it('says when the password is older than the policy allows', async () => {
    const { signIn, credentials, change, clock } = await openWorld();
    await change(async (tx) => {
      await tx.securityProfiles.put([profile('aging', [], { passwordPolicy: { maximumAgeDays: 30 } })]);
      await tx.assignments.put([assignment('aging', to.organization('acme'))]);
    });
    clock.advance(30 * DAY - 1);
    expect((await signIn.authenticate(credentials, welcome)).passwordExpired).toBe(false);
    clock.advance(1);
    expect((await signIn.authenticate(credentials, welcome)).passwordExpired).toBe(true);
  });
});

describe('the password policy of a user', () => {
  it('is the strictest of the profiles that reach her now, through whichever client', async () => {
    const { access, change, clock } = await openWorld();
    await change(async (tx) => {
      await tx.securityProfiles.put([
        profile('p10', [], { passwordPolicy: { minimumLength: 10, allowedFailedAttempts: 5 } }),
        profile('p12', [], { passwordPolicy: { minimumLength: 12 } }),
        profile('p3', [], { passwordPolicy: { allowedFailedAttempts: 3 } }),
        profile('p99', [], { passwordPolicy: { minimumLength: 99 } }),
      ]);
      await tx.assignments.put([
        assignment('p10', to.organization('acme')),
        assignment('p12', to.user('alice'), { client: 'other' }),
        assignment('p3', to.user('alice')),
        assignment('p99', to.user('alice'), { validUntil: new Date(START) }),
      ]);
    });
    await access.refresh(0);
    const { catalogue } = await access.workspace();
    expect(passwordPolicy(catalogue, (await access.subject('user', 'alice'))!, clock.now())).toEqual({ minimumLength: 12, allowedFailedAttempts: 3 });
  });
});
