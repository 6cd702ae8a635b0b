import { describe, expect, it } from '@jest/globals';
import { assertAssertionClaims } from '../../../src/engine/client-assertions.ts';

const AUDIENCES = {
  issuer: 'https://id.example.com',
  endpoint: 'https://id.example.com/oauth/introspect',
  tokenEndpoint: 'https://id.example.com/oauth/token',
};
const NOW = 1_800_000_000;
const GOOD = { iss: 'pk', sub: 'pk', aud: AUDIENCES.issuer, jti: 'j', iat: NOW, exp: NOW + 60 };

const check = (changes: Record<string, unknown>) => () => assertAssertionClaims({ ...GOOD, ...changes }, AUDIENCES, NOW * 1000 + 500);

describe('the claims of a client assertion', () => {
  it.each<[string, Record<string, unknown>]>([
    ['the issuer as audience', {}],
    ['the endpoint as audience', { aud: AUDIENCES.endpoint }],
    ['the token endpoint as audience', { aud: AUDIENCES.tokenEndpoint }],
    ['an end in five minutes', { exp: NOW + 300 }],
    ['an end in five minutes by a clock that runs ahead', { exp: NOW + 305, iat: NOW + 5 }],
    ['no iat', { iat: undefined }],
    ['an nbf that is past', { nbf: NOW - 1 }],
  ])('may have %s', (_what, changes) => expect(check(changes)).not.toThrow());

  it.each<[string, Record<string, unknown>, string]>([
    ['another audience', { aud: 'https://other.example.com' }, 'aud'],
    ['a list of audiences', { aud: [AUDIENCES.issuer] }, 'aud'],
    ['no audience', { aud: undefined }, 'aud'],
    ['an end in six minutes', { exp: NOW + 306 }, 'end within'],
    ['an end that is no whole number', { exp: NOW + 0.5 }, 'end within'],
    ['an end that is a string', { exp: String(NOW + 60) }, 'end within'],
    ['no end', { exp: undefined }, 'end within'],
    ['an iat in the future', { iat: NOW + 6 }, 'iat'],
    ['an iat that is a string', { iat: String(NOW) }, 'iat'],
    ['an nbf in the future', { nbf: NOW + 6 }, 'nbf'],
    ['no jti', { jti: undefined }, 'jti'],
    ['a jti of 201 characters', { jti: 'x'.repeat(201) }, 'jti'],
    ['another sub than iss', { sub: 'other' }, 'sub and iss'],
  ])('may not have %s', (_what, changes, reason) => {
    expect(check(changes)).toThrow(expect.objectContaining({ error: 'invalid_client', error_detail: expect.stringContaining(reason) }));
  });
});
