import { describe, expect, it } from '@jest/globals';
import { bearerToken } from '../../../src/sdk/bearer.ts';
import { refusal } from './refusal.ts';

describe('the token of an Authorization header', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER   abc'])('is found in %j', (header) => expect(bearerToken(header)).toBe('abc'));

  it('may have every character of a b64token', () => {
    expect(bearerToken('Bearer aZ09-._~+/==')).toBe('aZ09-._~+/==');
  });

  it.each([undefined, '', 'Basic YWxpY2U6cHc=', 'DPoP abc', 'Token abc', 'Bearertoken', 'abc'])(
    'is missing in %j: the answer names the scheme alone',
    (header) => {
      const error = refusal(() => bearerToken(header));
      expect(error).toMatchObject({ code: 'missing_token', status: 401, message: 'An access token is needed.' });
      expect(error.headers).toMatchObject({ 'www-authenticate': 'Bearer', 'cache-control': 'no-store' });
      expect(error.body).toEqual({ error_description: 'An access token is needed.' });
    },
  );

  it.each(['Bearer', 'Bearer ', 'Bearer a b', 'Bearer a, Bearer b', 'Bearer a,b', 'Bearer "a"', 'Bearer a=b', 'Bearer ä', 'Bearer a\nb'])(
    'cannot be %j',
    (header) => {
      const error = refusal(() => bearerToken(header));
      expect(error).toMatchObject({ code: 'invalid_token', status: 401 });
      expect(error.headers['www-authenticate']).toBe(
        'Bearer error="invalid_token", error_description="The Authorization header must be \'Bearer\', a space and one access token."',
      );
    },
  );

  it('takes no longer for a long header', () => {
    expect(refusal(() => bearerToken(`Bearer${' '.repeat(100_000)}!`)).code).toBe('invalid_token');
    expect(refusal(() => bearerToken(`Bearer ${'='.repeat(100_000)}!`)).code).toBe('invalid_token');
  });
});
