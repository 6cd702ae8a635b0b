import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { planFirstKeys, planRetirement, planRotation } from '../../src/domain/key-rotation.ts';
import type { SigningAlgorithm } from '../../src/domain/resource-server.ts';
import {
  assertKeyRing,
  currentKey,
  describeKeys,
  JWKS_MAX_AGE_SECONDS,
  keyStatus,
  keyTimes,
  LONGEST_ACCESS_TOKEN_SECONDS,
  PUBLISHED_BEFORE_USE_SECONDS,
  publishedKeys,
  publicJwk,
  withoutDeadKeys,
  type FreshKey,
  type KeyRing,
} from '../../src/domain/signing-key.ts';

const START = Date.UTC(2026, 0, 1);
const SECOND = 1000;
const EMPTY: KeyRing = { keys: [] };

let made = 0;
function freshKey(alg: SigningAlgorithm): FreshKey {
  made += 1;
  const rsa = { n: 'n'.repeat(342), e: 'AQAB', d: 'SECRET', p: 'SECRET', q: 'SECRET', dp: 'SECRET', dq: 'SECRET', qi: 'SECRET' };
  const jwk = {
    ES256: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'SECRET' },
    EdDSA: { kty: 'OKP', crv: 'Ed25519', x: 'x', d: 'SECRET' },
    RS256: { kty: 'RSA', ...rsa },
    PS256: { kty: 'RSA', ...rsa },
  };
  return { kid: `${alg}-${made}`, alg, privateJwk: jwk[alg] };
}
const moment = (now: number, alg: SigningAlgorithm = 'ES256') => ({ now, fresh: [freshKey(alg), freshKey(alg)] });
const first = (alg: SigningAlgorithm = 'ES256', now = START) => planFirstKeys(EMPTY, alg, moment(now, alg)).ring;
const statuses = (ring: KeyRing, now: number) => describeKeys(ring, now).map(({ status }) => status);
const kids = (ring: KeyRing, now: number) => publishedKeys(ring, now).map(({ kid }) => kid);

describe('the first keys of an algorithm', () => {
  it('are one that signs at once and one that waits', () => {
    const ring = first();
    expect(statuses(ring, START)).toEqual(['current', 'next']);
    expect(kids(ring, START)).toHaveLength(2);
  });

  it('are made once', () => {
    const ring = first();
    const again = planFirstKeys(ring, 'ES256', moment(START + SECOND));
    expect(again.ring).toBe(ring);
    expect(again.created).toEqual([]);
  });

  it('of another algorithm leave the ones there are alone', () => {
    const ring = first();
    const both = planFirstKeys(ring, 'RS256', moment(START + SECOND, 'RS256'));
    expect(both.ring.keys.slice(0, 2)).toEqual(ring.keys);
    expect(currentKey(both.ring, 'RS256', START + SECOND)?.alg).toBe('RS256');
    expect(currentKey(both.ring, 'ES256', START + SECOND)).toBe(ring.keys[0]);
  });

  it('are there for a node whose clock lags', () => {
    const ring = first();
    expect(currentKey(ring, 'ES256', START - 5 * SECOND)).toBe(ring.keys[0]);
  });
});

describe('a rotation', () => {
  const afterMaxAge = START + PUBLISHED_BEFORE_USE_SECONDS * SECOND;

  it('promotes at once a key that was published for longer than JWKS may be kept, and makes a new next', () => {
    const ring = first();
    const rotation = planRotation(ring, 'ES256', moment(afterMaxAge));
    expect(rotation.predecessor).toBe(ring.keys[0]);
    expect(rotation.successor.kid).toBe(ring.keys[1]?.kid);
    expect(rotation.successor.activatesAt).toBe(afterMaxAge);
    expect(rotation.created).toHaveLength(1);
    expect(statuses(rotation.ring, afterMaxAge)).toEqual(['retired', 'current', 'next']);
  });

  it('of a fresh key waits until it was published for long enough, and takes place by the clock alone', () => {
    const ring = first();
    const rotation = planRotation(ring, 'ES256', moment(START + 10 * SECOND));
    expect(rotation.successor.activatesAt).toBe(afterMaxAge);
    expect(afterMaxAge - START).toBeGreaterThanOrEqual(JWKS_MAX_AGE_SECONDS * SECOND);
    expect(statuses(rotation.ring, START + 10 * SECOND)).toEqual(['current', 'next', 'next']);
    expect(statuses(rotation.ring, afterMaxAge - 1)).toEqual(['current', 'next', 'next']);
    expect(statuses(rotation.ring, afterMaxAge)).toEqual(['retired', 'current', 'next']);
  });

  it('changes nothing while another is pending', () => {
    const pending = planRotation(first(), 'ES256', moment(START));
    const again = planRotation(pending.ring, 'ES256', moment(START + SECOND));
    expect(again.ring).toBe(pending.ring);
    expect(again.successor).toEqual(pending.successor);
    expect(again.created).toEqual([]);
  });

  it('keeps the old key in JWKS until the last token that it signed is dead, then drops it', () => {
    const { ring, predecessor } = planRotation(first(), 'ES256', moment(afterMaxAge));
    const dead = afterMaxAge + (LONGEST_ACCESS_TOKEN_SECONDS + 60) * SECOND;
    expect(kids(ring, dead - 1)).toContain(predecessor.kid);
    expect(describeKeys(ring, dead - 1)[0]?.removedAt).toEqual(new Date(dead));
    expect(kids(ring, dead)).not.toContain(predecessor.kid);
    expect(withoutDeadKeys(ring, dead - 1)).toBe(ring);
    expect(withoutDeadKeys(ring, dead).keys.map(({ kid }) => kid)).not.toContain(predecessor.kid);
    expect(planRotation(ring, 'ES256', moment(dead)).ring.keys.map(({ kid }) => kid)).not.toContain(predecessor.kid);
  });

  it('never orders a successor before a key that a node with a faster clock activated', () => {
    const fast = first('ES256', START + 400 * SECOND);
    const ring = { keys: fast.keys.map((key) => ({ ...key, createdAt: START })) };
    const { successor, predecessor } = planRotation(ring, 'ES256', moment(START + 399 * SECOND));
    expect(successor.activatesAt).toBeGreaterThan(predecessor.activatesAt!);
  });

  it('of an algorithm without keys is refused', () => {
    expect(() => planRotation(first(), 'PS256', moment(START, 'PS256'))).toThrow(
      expect.objectContaining({ code: 'not_found', message: 'There is no signing key for PS256.' }),
    );
  });
});

describe('a retirement in an emergency', () => {
  it('of the current key takes it out of JWKS at once and lets the next sign at once, fresh as it may be', () => {
    const ring = first();
    const { retired, replacement, ring: after, created } = planRetirement(ring, ring.keys[0]!.kid, moment(START + SECOND));
    expect(retired).toBe(ring.keys[0]);
    expect(replacement?.kid).toBe(ring.keys[1]?.kid);
    expect(kids(after, START + SECOND)).not.toContain(retired.kid);
    expect(currentKey(after, 'ES256', START + SECOND)?.kid).toBe(replacement?.kid);
    expect(created).toHaveLength(1);
    expect(statuses(after, START + SECOND)).toEqual(['current', 'next']);
  });

  it('of the current key prefers the key that a pending rotation has chosen', () => {
    const { ring, successor } = planRotation(first(), 'ES256', moment(START));
    const { replacement, ring: after } = planRetirement(ring, ring.keys[0]!.kid, moment(START + SECOND));
    expect(replacement?.kid).toBe(successor.kid);
    expect(statuses(after, START + SECOND)).toEqual(['current', 'next']);
  });

  it('of a next key withdraws it, with the rotation that was pending, and leaves the current one alone', () => {
    const { ring, successor } = planRotation(first(), 'ES256', moment(START));
    const { replacement, ring: after } = planRetirement(ring, successor.kid, moment(START + SECOND));
    expect(replacement).toBeUndefined();
    expect(statuses(after, START + 1000 * SECOND)).toEqual(['current', 'next']);
  });

  it('of an old key takes it out of JWKS and nothing else', () => {
    const now = START + 400 * SECOND;
    const { ring, predecessor, successor } = planRotation(first(), 'ES256', moment(now));
    const after = planRetirement(ring, predecessor.kid, moment(now + SECOND));
    expect(after.created).toEqual([]);
    expect(statuses(after.ring, now + SECOND)).toEqual(['current', 'next']);
    expect(currentKey(after.ring, 'ES256', now + SECOND)?.kid).toBe(successor.kid);
  });

  it('of a key that nobody knows, or that is dead already, is refused', () => {
    const { ring, predecessor } = planRotation(first(), 'ES256', moment(START + 400 * SECOND));
    for (const kid of ['nobody', predecessor.kid]) {
      expect(() => planRetirement(ring, kid, moment(START + 90_000 * SECOND))).toThrow(expect.objectContaining({ code: 'not_found' }));
    }
  });
});

describe('T-77 what is published', () => {
  it.each(['ES256', 'EdDSA', 'RS256', 'PS256'] as const)('of %s keys is public members only, also when the key has more', (alg) => {
    const key = freshKey(alg);
    const shown = publicJwk({
      ...key,
      privateJwk: { ...key.privateJwk, oth: 'SECRET', k: 'SECRET', priv: 'SECRET', kid: 'other', alg: 'none', use: 'enc', key_ops: ['sign'] },
    });
    expect(JSON.stringify(shown)).not.toContain('SECRET');
    expect(Object.keys(shown).sort()).toEqual(
      { ES256: 'alg crv kid kty use x y', EdDSA: 'alg crv kid kty use x', RS256: 'alg e kid kty n use', PS256: 'alg e kid kty n use' }[alg].split(
        ' ',
      ),
    );
    expect(shown).toMatchObject({ kid: key.kid, alg, use: 'sig' });
  });

  it('to people is no key material at all', () => {
    expect(JSON.stringify(describeKeys(first('RS256'), START))).not.toContain('SECRET');
  });
});

describe('T-31 a ring that must not sign', () => {
  const ring = (change: (key: FreshKey) => FreshKey): KeyRing => ({ keys: [{ ...change(freshKey('ES256')), createdAt: START, activatesAt: START }] });
  it.each<[string, KeyRing, RegExp]>([
    ['the development key of oidc-provider', ring((key) => ({ ...key, kid: 'keystore-CHANGE-ME' })), /public knowledge/],
    [
      'the development key under another name',
      ring((key) => ({ ...key, privateJwk: { ...key.privateJwk, kid: 'keystore-CHANGE-ME' } })),
      /public knowledge/,
    ],
    ['a public key', ring((key) => ({ ...key, privateJwk: { ...key.privateJwk, d: undefined } })), /not a private key for ES256/],
    ['a key of another algorithm', ring((key) => ({ ...key, alg: 'RS256' })), /not a private key for RS256/],
    ['a shared secret', ring((key) => ({ ...key, privateJwk: { kty: 'oct', k: 'SECRET' } })), /not a private key/],
    ['another curve', ring((key) => ({ ...key, privateJwk: { ...key.privateJwk, crv: 'P-384' } })), /not a private key/],
    [
      'a short RSA key',
      ring(() => ({ ...freshKey('RS256'), privateJwk: { ...freshKey('RS256').privateJwk, n: 'n'.repeat(171) } })),
      /shorter than 2048 bits/,
    ],
    ['a key without an id', ring((key) => ({ ...key, kid: '' })), /an id of its own/],
    ['an id twice', { keys: [...first().keys, ...first().keys].map((key) => ({ ...key, kid: 'same' })) }, /an id of its own/],
  ])('%s is refused, without its secret in the message', (_, refused, message) => {
    expect(() => assertKeyRing(refused)).toThrow(expect.objectContaining({ code: 'unavailable', message: expect.stringMatching(message) }));
    expect(() => assertKeyRing(refused)).not.toThrow(/SECRET/);
  });

  it('one that may sign passes', () => {
    expect(() => assertKeyRing({ keys: [...first().keys, ...first('EdDSA').keys, ...first('RS256').keys, ...first('PS256').keys] })).not.toThrow();
  });
});

describe('F6 whatever is done in whatever order', () => {
  const ALGORITHMS = ['ES256', 'RS256'] as const;
  type Step = { kind: 'wait'; seconds: number } | { kind: 'rotate' | 'ensure'; alg: (typeof ALGORITHMS)[number] } | { kind: 'retire'; pick: number };
  const alg = fc.constantFrom(...ALGORITHMS);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), seconds: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 5000 })) }),
    fc.record({ kind: fc.constant('rotate' as const), alg }),
    fc.record({ kind: fc.constant('ensure' as const), alg }),
    fc.record({ kind: fc.constant('retire' as const), pick: fc.nat() }),
  );

  it('there is one current key an algorithm, JWKS has every key with living tokens, and no key signs before verifiers can know it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let now = START;
        let ring = EMPTY;
        for (const each of ALGORITHMS) ring = planFirstKeys(ring, each, moment(now, each)).ring;
        const signed = new Map<string, number>();
        const firstSeen = new Map(ring.keys.map(({ kid }) => [kid, now]));
        const excused = new Set(ALGORITHMS.map((each) => currentKey(ring, each, now)!.kid));
        const gone = new Set<string>();

        const observe = () => {
          const published = new Set(kids(ring, now));
          for (const each of ALGORITHMS) {
            const current = keyTimes(ring).filter((times) => times.key.alg === each && keyStatus(times, now) === 'current');
            expect(current).toHaveLength(1);
            const { kid } = current[0]!.key;
            expect(published).toContain(kid);
            if (!excused.has(kid)) expect(now - firstSeen.get(kid)!).toBeGreaterThanOrEqual(JWKS_MAX_AGE_SECONDS * SECOND);
            signed.set(kid, now);
          }
          for (const [kid, at] of signed) {
            if (at + LONGEST_ACCESS_TOKEN_SECONDS * SECOND > now && !gone.has(kid)) expect(published).toContain(kid);
          }
          for (const kid of gone) expect(published).not.toContain(kid);
          expect(() => assertKeyRing(ring)).not.toThrow();
        };

        for (const next of steps) {
          if (next.kind === 'wait') {
            // A token is signed at the last moment before, too.
            now += Math.max(0, next.seconds * SECOND - 1);
            observe();
            now += 1;
          } else if (next.kind === 'retire') {
            const victim = describeKeys(ring, now)[next.pick % describeKeys(ring, now).length]!;
            const { replacement, ring: after } = planRetirement(ring, victim.kid, moment(now, victim.alg));
            gone.add(victim.kid);
            if (replacement !== undefined) excused.add(replacement.kid);
            ring = after;
          } else {
            const plan = next.kind === 'rotate' ? planRotation : planFirstKeys;
            ring = plan(ring, next.alg, moment(now, next.alg)).ring;
          }
          for (const { kid } of ring.keys) if (!firstSeen.has(kid)) firstSeen.set(kid, now);
          observe();
        }
      }),
      { numRuns: 500 },
    );
  });
});
