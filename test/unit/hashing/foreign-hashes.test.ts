import { afterAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { openPasswordHasher } from '../../../src/hashing/password-hasher.ts';

interface Foreign {
  readonly made_by: string;
  readonly password: string;
  readonly hash: string;
}

/** Made by the programs that they name, none of them in JavaScript. */
const FOREIGN = JSON.parse(readFileSync(new URL('../../data/passwords/foreign-hashes.json', import.meta.url), 'utf8')) as readonly Foreign[];
const hasher = openPasswordHasher({ threads: 1 });

afterAll(() => hasher.close());

describe('a hash that another system made', () => {
  it.each(FOREIGN.map(({ made_by: by, ...rest }): [string, Omit<Foreign, 'made_by'>] => [by, rest]))(
    'is verified: %s',
    async (_by, { password, hash }) => {
      expect(await hasher.verify(hash, password)).toBe(true);
      expect(await hasher.verify(hash, password.slice(1))).toBe(false);
      expect(await hasher.verify(hash, '')).toBe(false);
      expect(hasher.needsRehash(hash)).toBe(true);
    },
  );

  it('is verified as that system did: bcrypt never looked beyond byte 72', async () => {
    const { hash, password } = FOREIGN.find(({ made_by: by }) => by.includes('first 72 bytes'))!;
    expect(await hasher.verify(hash, `${password} and something else`)).toBe(true);
    const renewed = await hasher.hash(password);
    expect(await hasher.verify(renewed, `${password} and something else`)).toBe(false);
    const digested = FOREIGN.find(({ made_by: by }) => by === 'Django bcrypt_sha256')!;
    expect(await hasher.verify(digested.hash, `${digested.password}!`)).toBe(false);
  });

  it('tells how long the slowest took, so that refusals can take as long', async () => {
    const fresh = openPasswordHasher({ threads: 1 });
    await fresh.verify(fresh.decoy, 'a');
    await fresh.verify('no hash at all', 'a');
    expect(fresh.slowestForeignMilliseconds()).toBe(0);
    await fresh.verify(FOREIGN[0]!.hash, 'a');
    expect(fresh.slowestForeignMilliseconds()).toBeGreaterThan(0);
    await fresh.close();
  });
});
