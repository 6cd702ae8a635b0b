import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { assertNaturalId, assertUsername, canonicalUsername } from '../../../src/domain/party.ts';
import { refusal } from './refusal.ts';

describe('canonicalUsername', () => {
  it.each([
    ['Alice', 'alice'],
    ['ALICE@Example.COM', 'alice@example.com'],
    ['ａｌｉｃｅ', 'alice'],
    ['A\u030Angstr\u00F6m', '\u00E5ngstr\u00F6m'],
    ['\uFB01nn', 'finn'],
    ['\u212Aelvin', 'kelvin'],
    ['Mary Ann', 'mary ann'],
    ['Mary\u00A0Ann', 'mary ann'],
    ['李雷', '李雷'],
    ['😀', '😀'],
  ])('makes %p and its variants one name', (written, canonical) => {
    expect(canonicalUsername(written)).toBe(canonical);
  });

  it.each([
    ['nothing', ''],
    ['a space', ' '],
    ['a leading space', ' alice'],
    ['a trailing space', 'alice '],
    ['an outer ideographic space', '\u3000alice'],
    ['a line feed', 'ali\nce'],
    ['NUL', 'alice\0'],
    ['a zero-width joiner', 'ali\u200Dce'],
    ['a zero-width space', 'ali\u200Bce'],
    ['a direction override', 'alice\u202Eecila'],
    ['a byte-order mark', '\uFEFFalice'],
    ['a private-use character', 'alice\uE000'],
    ['a lone surrogate', 'alice\uD800'],
    ['the mark of invalid UTF-8', 'alice\uFFFD'],
    ['201 characters', 'x'.repeat(201)],
    ['what grows beyond 200 characters', '\uFDFA'.repeat(12)],
  ])('gives nothing for %s', (_, username) => {
    expect(canonicalUsername(username)).toBeUndefined();
  });

  it('takes up to 200 characters', () => {
    expect(canonicalUsername('X'.repeat(200))).toBe('x'.repeat(200));
  });

  it('keeps apart names that only look alike to people, and merges no two letters of a script', () => {
    expect(canonicalUsername('аlice')).not.toBe(canonicalUsername('alice'));
    expect(canonicalUsername('straße')).toBe('straße');
  });

  it('is the canonical form of itself, whatever was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (written) => {
        const canonical = canonicalUsername(written);
        fc.pre(canonical !== undefined);
        expect(canonicalUsername(canonical)).toBe(canonical);
      }),
      { numRuns: 1000 },
    );
  });

  it('does not depend on how accents are composed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (written) => {
        expect(canonicalUsername(written.normalize('NFD'))).toBe(canonicalUsername(written.normalize('NFC')));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('assertUsername', () => {
  it('accepts what has a canonical form', () => {
    expect(() => assertUsername('Alice')).not.toThrow();
  });

  it('refuses what has none, quoting its start only', () => {
    const error = refusal(() => assertUsername(`${' '.repeat(120)}SECRET`, '/users/0/username'));
    expect(error).toMatchObject({ code: 'invalid_input', pointer: '/users/0/username' });
    expect(error.message).toMatch(/^" {120}" cannot be a user name: 1 to 200 visible characters/);
  });
});

describe('assertNaturalId', () => {
  it.each(['acme', 'ACME', 'a', '0', 'urn:example:7', 'alice@example.com', 'a.b_c~d-e', 'constructor', 'x'.repeat(100)])(
    'accepts %p as written',
    (id) => {
      expect(() => assertNaturalId(id)).not.toThrow();
    },
  );

  it.each(['', ' ', 'a b', '__proto__', '-a', '.a', '@a', 'a/b', 'a\n', 'a*', 'é', "a'b", 'x'.repeat(101)])('refuses %p', (id) => {
    const error = refusal(() => assertNaturalId(id, '/organizations/1/id'));
    expect(error).toMatchObject({ code: 'invalid_input', pointer: '/organizations/1/id' });
    expect(error.message).toContain('cannot be an id: 1 to 100 of');
  });

  it('quotes no more than the start of a long id', () => {
    expect(refusal(() => assertNaturalId(`${'x'.repeat(120)}SECRET`)).message).not.toContain('SECRET');
  });
});
