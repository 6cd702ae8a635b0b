import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  isPlausiblePassword,
  normalizePassword,
  passwordProblems,
  strictestPolicy,
  type PasswordPolicy,
} from '../../../src/domain/password-policy.ts';

const GOOD = 'Tr4vel-by-Night';

describe('strictestPolicy', () => {
  it('asks for nothing when nothing is inherited', () => {
    expect(strictestPolicy([])).toEqual({});
    expect(strictestPolicy([{}, {}])).toEqual({});
  });

  it('takes the strictest value of each field, wherever it comes from', () => {
    const relaxed: PasswordPolicy = {
      minimumLength: 8,
      allowedFailedAttempts: 10,
      lockoutMinutes: 1,
      maximumRepeatedCharacters: 4,
      history: 1,
      maximumAgeDays: 365,
      minimumAgeMinutes: 1,
    };
    const strict: PasswordPolicy = {
      minimumLength: 14,
      allowedFailedAttempts: 3,
      lockoutMinutes: 30,
      maximumRepeatedCharacters: 2,
      history: 12,
      maximumAgeDays: 90,
      minimumAgeMinutes: 60,
    };
    expect(strictestPolicy([relaxed, strict])).toEqual(strict);
    expect(strictestPolicy([strict, relaxed])).toEqual(strict);
  });

  it('mixes fields of several policies', () => {
    expect(
      strictestPolicy([
        { minimumLength: 12, allowedFailedAttempts: 3, lockoutMinutes: 10 },
        { minimumLength: 10, allowedFailedAttempts: 5, digitRequired: true },
      ]),
    ).toEqual({
      minimumLength: 12,
      allowedFailedAttempts: 3,
      lockoutMinutes: 10,
      digitRequired: true,
    });
  });

  it('needs a character class as soon as one policy does, and a false never takes it back', () => {
    expect(strictestPolicy([{ uppercaseRequired: true }, { uppercaseRequired: false, lowercaseRequired: false }])).toEqual({
      uppercaseRequired: true,
    });
    expect(strictestPolicy([{ lowercaseRequired: true }, { specialRequired: true }])).toEqual({ lowercaseRequired: true, specialRequired: true });
  });

  it('does not depend on order, and combining again changes nothing', () => {
    const policy = fc.record({ minimumLength: fc.nat(40), allowedFailedAttempts: fc.nat(40), digitRequired: fc.boolean() }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(policy, { maxLength: 5 }), (policies) => {
        const combined = strictestPolicy(policies);
        expect(strictestPolicy(policies.toReversed())).toEqual(combined);
        expect(strictestPolicy([combined, ...policies])).toEqual(combined);
      }),
    );
  });
});

describe('isPlausiblePassword', () => {
  it.each([
    ['one character', 'x', true],
    ['1,024 characters', 'x'.repeat(1024), true],
    ['1,024 characters outside the basic plane', '😀'.repeat(1024), true],
    ['spaces', '    ', true],
    ['nothing', '', false],
    ['1,025 characters', 'x'.repeat(1025), false],
    ['1,025 characters outside the basic plane', '😀'.repeat(1025), false],
    ['ten megabytes', 'x'.repeat(10_000_000), false],
    ['the mark of invalid UTF-8', 'pass\uFFFDword', false],
    ['NUL', 'pass\0word', false],
  ])('%s: %p', (_, password, plausible) => {
    expect(isPlausiblePassword(password)).toBe(plausible);
  });
});

describe('normalizePassword', () => {
  it('makes one password of what keyboards compose differently, and cuts nothing off', () => {
    expect(normalizePassword('A\u030A')).toBe(normalizePassword('\u00C5'));
    expect(normalizePassword('\uFB01')).toBe('fi');
    const long = 'x'.repeat(72);
    expect(normalizePassword(`${long}a`)).not.toBe(normalizePassword(`${long}b`));
    expect(normalizePassword(' Case Counts ')).toBe(' Case Counts ');
  });
});

describe('passwordProblems', () => {
  it('finds nothing wrong with a good password', () => {
    expect(passwordProblems(GOOD, {})).toEqual([]);
    expect(passwordProblems('correct horse battery staple and more', {})).toEqual([]);
  });

  it.each<[string, string, PasswordPolicy, string]>([
    ['shorter than eight where nothing is said', 'Abc-123', {}, 'must have at least 8 characters'],
    ['shorter than the policy wants', 'Tr4vel-by-N', { minimumLength: 12 }, 'must have at least 12 characters'],
    ['without upper case', 'tr4vel-by-night', { uppercaseRequired: true }, 'must contain an upper-case letter'],
    ['without lower case', 'TR4VEL-BY-NIGHT', { lowercaseRequired: true }, 'must contain a lower-case letter'],
    ['without a digit', 'Travel-by-Night', { digitRequired: true }, 'must contain a digit'],
    ['without a special character', 'Tr4vel by Night', { specialRequired: true }, 'must contain a special character'],
    ['with a run that is too long', 'Tr4vel-byyyy-Night', { maximumRepeatedCharacters: 3 }, 'must not repeat a character more than 3 times in a row'],
    ['of spaces', '            ', {}, 'must not consist of spaces'],
    ['that everybody has', 'Password123', {}, 'is one of the most common passwords'],
    ['that is endless', 'x'.repeat(1025), {}, 'must have 1 to 1024 characters'],
    ['that is empty', '', {}, 'must have 1 to 1024 characters'],
  ])('names what is wrong with one %s', (_, password, policy, problem) => {
    expect(passwordProblems(password, policy)).toEqual([problem]);
  });

  it.each<[string, string, PasswordPolicy]>([
    ['just long enough', 'Tr4vel-by-Ni', { minimumLength: 12 }],
    ['as repetitive as allowed', 'Tr4vel-byyy-Night', { maximumRepeatedCharacters: 3 }],
    ['with every class', GOOD, { uppercaseRequired: true, lowercaseRequired: true, digitRequired: true, specialRequired: true }],
    [
      'with letters of another alphabet',
      'Ночью-едем-7',
      { uppercaseRequired: true, lowercaseRequired: true, digitRequired: true, specialRequired: true },
    ],
    [
      'when classes are explicitly not required',
      'travelbynight',
      { uppercaseRequired: false, lowercaseRequired: false, digitRequired: false, specialRequired: false },
    ],
  ])('accepts one %s', (_, password, policy) => {
    expect(passwordProblems(password, policy)).toEqual([]);
  });

  it('names every problem at once', () => {
    expect(passwordProblems('aaa', { uppercaseRequired: true, digitRequired: true, specialRequired: true, maximumRepeatedCharacters: 2 })).toEqual([
      'must have at least 8 characters',
      'must contain an upper-case letter',
      'must contain a digit',
      'must contain a special character',
      'must not repeat a character more than 2 times in a row',
    ]);
  });

  it('refuses names of the person in any case or width, as the whole password only', () => {
    const problem = ['must not be a name of yours or of your organization'];
    expect(passwordProblems('alice.acme', {}, ['bob', 'Alice.Acme'])).toEqual(problem);
    expect(passwordProblems('ＡLICE.acme', {}, ['alice.acme'])).toEqual(problem);
    expect(passwordProblems('alice.acme-7', {}, ['alice.acme'])).toEqual([]);
    expect(passwordProblems('alice.acme', {}, ['', 'acme'])).toEqual([]);
  });

  it('counts characters, not UTF-16 units', () => {
    expect(passwordProblems('😀😁😂🤣😃😄😅', {})).toEqual(['must have at least 8 characters']);
    expect(passwordProblems('😀😁😂🤣😃😄😅😆', {})).toEqual([]);
  });

  it('never asks for less than one character', () => {
    expect(passwordProblems('q', { minimumLength: 0 })).toEqual([]);
  });
});
