import { describe, expect, it } from '@jest/globals';
import { isOurs, passwordHashProblem, readPasswordHash } from '../../../src/domain/password-hash.ts';

const SALTED = '$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g';
const KEY = 'aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g';
const B = 'wnn48RqzG8LgeaGJAYdKn.Mce.6AAyPDmcRsfirlnGwtJg0RaUZ5q';

describe('reading a hash', () => {
  it('tells what has to be computed, however it is written', () => {
    const key = { text: KEY, encoding: 'base64' };
    const salt = { text: 'c2Fs+A', encoding: 'base64' };
    const pbkdf2 = { scheme: 'pbkdf2', digest: 'sha256', iterations: 1000, salt, key };
    expect(readPasswordHash(`$pbkdf2-sha256$1000$c2Fs.A$${KEY}`)).toEqual(pbkdf2);
    expect(readPasswordHash(`$pbkdf2-sha256$i=1000,l=32$c2Fs+A==$${KEY}=`)).toEqual(pbkdf2);
    expect(readPasswordHash(`$pbkdf2$1000$c2Fs.A$${KEY}`)).toEqual({ ...pbkdf2, digest: 'sha1' });
    expect(readPasswordHash(`pbkdf2_sha256$1000$c2Fs.A$${KEY}=`)).toEqual({ ...pbkdf2, salt: { text: 'c2Fs.A', encoding: 'utf8' } });
    const scrypt = { scheme: 'scrypt', cost: 1024, blockSize: 8, parallelism: 2, salt, key };
    expect(readPasswordHash(`$scrypt$ln=10,r=8,p=2$c2Fs+A$${KEY}`)).toEqual(scrypt);
    expect(readPasswordHash(`scrypt$1024$c2Fs+A$8$2$${KEY}`)).toEqual({ ...scrypt, salt: { text: 'c2Fs+A', encoding: 'utf8' } });
    expect(readPasswordHash(`$2y$06$${B}`)).toEqual({ scheme: 'bcrypt', hash: `$2y$06$${B}`, digested: false });
    expect(readPasswordHash(`bcrypt$$2b$06$${B}`)).toEqual({ scheme: 'bcrypt', hash: `$2b$06$${B}`, digested: false });
    expect(readPasswordHash(`bcrypt_sha256$$2b$06$${B}`)).toEqual({ scheme: 'bcrypt', hash: `$2b$06$${B}`, digested: true });
    const phc = `$argon2i$v=16$m=8,t=1,p=1${SALTED}`;
    expect(readPasswordHash(`argon2${phc}`)).toEqual({ scheme: 'argon2', phc, isOurs: false });
  });

  it('knows ours', () => {
    expect(isOurs(`$argon2id$v=19$m=19456,t=2,p=1${SALTED}`)).toBe(true);
    for (const other of ['$argon2i$v=19$m=19456,t=2,p=1', '$argon2id$v=16$m=19456,t=2,p=1', '$argon2id$v=19$m=19457,t=2,p=1'])
      expect(isOurs(`${other}${SALTED}`)).toBe(false);
    expect(isOurs(`$2b$12$${B}`)).toBe(false);
    expect(isOurs('plain')).toBe(false);
  });

  it.each([
    '',
    'in plain words',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    '$1$salt$qJH7.N4xYta3aEG/dfqo/0',
    '$6$rounds=5000$salt$hash',
    `$argon2d$v=19$m=8192,t=1,p=1${SALTED}`,
    `$argon2id$v=19$m=0,t=0,p=0${SALTED}`,
    `$argon2id$v=19$m=8,t=1,p=2${SALTED}`,
    `$argon2id$v=19$m=8192,t=1,p=1${SALTED}\n`,
    `$2x$06$${B}`,
    `$2b$03$${B}`,
    `$2b$06$${B}x`,
    `\n$2b$06$${B}`,
    `$pbkdf2-sha256$0$c2Fs.A$${KEY}`,
    `$pbkdf2-md5$1000$c2Fs.A$${KEY}`,
    '$pbkdf2-sha256$1000$c2Fs.A$c2hvcnQ',
    `pbkdf2_sha256$1000$$${KEY}`,
    `pbkdf2_md5$1000$salt$${KEY}`,
    `$scrypt$ln=0,r=8,p=1$c2Fs+A$${KEY}`,
    `scrypt$1000$salt$8$1$${KEY}`,
    `scrypt$1024$salt$0$1$${KEY}`,
  ])('%j is none', (text) => {
    expect(readPasswordHash(text)).toBeUndefined();
    expect(passwordHashProblem(text)).toMatch(/^must be a hash of argon2id, argon2i, bcrypt, PBKDF2 or scrypt/);
  });

  it.each([
    [`$argon2id$v=19$m=262144,t=10,p=16${SALTED}`, `$argon2id$v=19$m=262145,t=1,p=1${SALTED}`],
    [`$argon2id$v=19$m=262144,t=10,p=16${SALTED}`, `$argon2id$v=19$m=8192,t=11,p=1${SALTED}`],
    [`$argon2id$v=19$m=262144,t=10,p=16${SALTED}`, `$argon2id$v=19$m=8192,t=1,p=17${SALTED}`],
    [`$2b$14$${B}`, `$2b$15$${B}`],
    [`$2b$14$${B}`, `$2b$31$${B}`],
    [`$pbkdf2-sha256$2000000$c2Fs.A$${KEY}`, `$pbkdf2-sha256$2000001$c2Fs.A$${KEY}`],
    [`$pbkdf2-sha1$1000000$c2Fs.A$${KEY}`, `$pbkdf2-sha1$1000001$c2Fs.A$${KEY}`],
    [`$pbkdf2-sha512$2000000$c2Fs.A$${KEY}`, `pbkdf2_sha256$99999999$salt$${KEY}`],
    [`$scrypt$ln=18,r=8,p=2$c2Fs+A$${KEY}`, `$scrypt$ln=18,r=9,p=1$c2Fs+A$${KEY}`],
    [`$scrypt$ln=18,r=8,p=2$c2Fs+A$${KEY}`, `$scrypt$ln=18,r=8,p=3$c2Fs+A$${KEY}`],
    [`scrypt$16384$salt$8$5$${KEY}`, `$scrypt$ln=99,r=999,p=999$c2Fs+A$${KEY}`],
  ])('%j is borne, %j costs too much', (borne, costly) => {
    expect(passwordHashProblem(borne)).toBeUndefined();
    expect(passwordHashProblem(costly)).toMatch(/^costs too much/);
    expect(readPasswordHash(costly)).toBeUndefined();
  });
});
