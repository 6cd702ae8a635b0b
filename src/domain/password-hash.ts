/**
 * @module The password hashes that we verify: our own, and those that other systems wrote. A hash is read into what has
 * to be computed to verify it, so that nothing outside of this file knows how anybody writes them. What is not written
 * exactly as one of these, or would cost a sign-in too much, is no hash.
 */

/** Octets as they stand in a hash. */
export interface Octets {
  readonly text: string;
  readonly encoding: 'utf8' | 'base64';
}

/** What has to be computed to verify a password. */
export type PasswordHash =
  | { readonly scheme: 'argon2'; readonly phc: string; readonly isOurs: boolean }
  /** `digested`: bcrypt saw the SHA-256 of the password in hexadecimal, not the password. */
  | { readonly scheme: 'bcrypt'; readonly hash: string; readonly digested: boolean }
  | {
      readonly scheme: 'pbkdf2';
      readonly digest: 'sha1' | 'sha256' | 'sha512';
      readonly iterations: number;
      readonly salt: Octets;
      readonly key: Octets;
    }
  | {
      readonly scheme: 'scrypt';
      readonly cost: number;
      readonly blockSize: number;
      readonly parallelism: number;
      readonly salt: Octets;
      readonly key: Octets;
    };

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane. */
export const OUR_PARAMETERS = { memoryKib: 19_456, passes: 2, parallelism: 1 } as const;

/** What a hash may cost at most, about a second of one core: it came from outside, and every sign-in pays for it. */
const COSTLIEST = {
  argon2: { memoryKib: 256 * 1024, passes: 10, parallelism: 16 },
  bcrypt: 14,
  /** Rounds of all the blocks that the key needs. */
  pbkdf2Rounds: 2_000_000,
  scrypt: { bytes: 256 * 1024 * 1024, bytesOfAllLanes: 512 * 1024 * 1024 },
} as const;

type Read = (match: RegExpExecArray) => PasswordHash | 'costly' | undefined;

/** In the PHC string format; salt of 8 to 64 bytes, digest of 12 to 64: the library is more lenient than real hashers. */
const ARGON2 = /^(?:argon2)?(\$(argon2id|argon2i)\$v=(16|19)\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,86})$/;
/** `$2x$` is missing: it says that the hash was made by a program with a fault. */
const BCRYPT = /^(bcrypt_sha256\$|bcrypt\$)?(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53})$/;
/** passlib (`.` in the place of `+`), and the PHC string format with `i` and perhaps `l`; padding may stand there. */
const PBKDF2 = /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d{1,8})(?:,l=\d{1,3})?\$([A-Za-z0-9+/.]{1,340}={0,2})\$([A-Za-z0-9+/.]{22,172}={0,2})$/;
const DJANGO_PBKDF2 = /^pbkdf2_(sha1|sha256)\$(\d{1,8})\$([^$]{1,128})\$([A-Za-z0-9+/]{22,172}={0,2})$/;
const SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/.]{1,340}={0,2})\$([A-Za-z0-9+/.]{22,172}={0,2})$/;
const DJANGO_SCRYPT = /^scrypt\$(\d{1,8})\$([^$]{1,128})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9+/]{22,172}={0,2})$/;

const FORMATS: readonly (readonly [RegExp, Read])[] = [
  [ARGON2, argon2],
  [BCRYPT, ([, prefix, hash, cost]) => bcrypt(hash!, Number(cost), prefix === 'bcrypt_sha256$')],
  [PBKDF2, ([, digest, iterations, salt, key]) => pbkdf2(digest ?? 'sha1', Number(iterations), base64(salt!), base64(key!))],
  [DJANGO_PBKDF2, ([, digest, iterations, salt, key]) => pbkdf2(digest!, Number(iterations), { text: salt!, encoding: 'utf8' }, base64(key!))],
  [
    SCRYPT,
    ([, log, ...values]) =>
      scrypt({ cost: 2 ** Number(log), blockSize: values[0]!, parallelism: values[1]! }, base64(values[2]!), base64(values[3]!)),
  ],
  [
    DJANGO_SCRYPT,
    ([, cost, salt, blockSize, parallelism, key]) =>
      scrypt({ cost: Number(cost), blockSize: blockSize!, parallelism: parallelism! }, { text: salt!, encoding: 'utf8' }, base64(key!)),
  ],
];

/** Reads a hash; undefined for what is none, or would cost too much. */
export function readPasswordHash(text: string): PasswordHash | undefined {
  const read = reading(text);
  return read === 'costly' ? undefined : read;
}

/** Why a hash cannot be taken in, in words for whoever brings it. */
export function passwordHashProblem(text: string): string | undefined {
  const read = reading(text);
  if (read === undefined) return `must be a hash of argon2id, argon2i, bcrypt, PBKDF2 or scrypt, written as docs/migrating.md lists.`;
  if (read === 'costly') return 'costs too much: every sign-in would pay for it. docs/migrating.md says what is accepted.';
  return undefined;
}

/** Whether the hash was made as ours are made now. */
export function isOurs(text: string): boolean {
  const read = readPasswordHash(text);
  return read?.scheme === 'argon2' && read.isOurs;
}

function reading(text: string): PasswordHash | 'costly' | undefined {
  for (const [format, read] of FORMATS) {
    const match = format.exec(text);
    if (match !== null) return read(match);
  }
  return undefined;
}

function argon2([, phc, algorithm, version, ...costs]: RegExpExecArray): PasswordHash | 'costly' | undefined {
  const [memoryKib, passes, parallelism] = costs.map(Number) as [number, number, number];
  const most = COSTLIEST.argon2;
  if (memoryKib > most.memoryKib || passes > most.passes || parallelism > most.parallelism) return 'costly';
  // RFC 9106 §3.1.
  if (passes < 1 || parallelism < 1 || memoryKib < 8 * parallelism) return undefined;
  const sameCost = memoryKib === OUR_PARAMETERS.memoryKib && passes === OUR_PARAMETERS.passes && parallelism === OUR_PARAMETERS.parallelism;
  return { scheme: 'argon2', phc: phc!, isOurs: algorithm === 'argon2id' && version === '19' && sameCost };
}

function bcrypt(hash: string, cost: number, digested: boolean): PasswordHash | 'costly' | undefined {
  if (cost < 4 || cost > 31) return undefined;
  return cost > COSTLIEST.bcrypt ? 'costly' : { scheme: 'bcrypt', hash, digested };
}

const DIGEST_BYTES = { sha1: 20, sha256: 32, sha512: 64 } as const;

function pbkdf2(name: string, iterations: number, salt: Octets, key: Octets): PasswordHash | 'costly' | undefined {
  const digest = name as keyof typeof DIGEST_BYTES;
  const blocks = Math.ceil(bytesOf(key) / DIGEST_BYTES[digest]);
  if (iterations < 1) return undefined;
  return iterations * blocks > COSTLIEST.pbkdf2Rounds ? 'costly' : { scheme: 'pbkdf2', digest, iterations, salt, key };
}

interface ScryptCosts {
  readonly cost: number;
  readonly blockSize: string;
  readonly parallelism: string;
}

function scrypt(costs: ScryptCosts, salt: Octets, key: Octets): PasswordHash | 'costly' | undefined {
  const { cost } = costs;
  const blockSize = Number(costs.blockSize);
  const parallelism = Number(costs.parallelism);
  // RFC 7914 §6.
  if (cost < 2 || !Number.isInteger(Math.log2(cost)) || blockSize < 1 || parallelism < 1) return undefined;
  const bytes = 128 * cost * blockSize;
  if (bytes > COSTLIEST.scrypt.bytes || bytes * parallelism > COSTLIEST.scrypt.bytesOfAllLanes) return 'costly';
  return { scheme: 'scrypt', cost, blockSize, parallelism, salt, key };
}

const base64 = (text: string): Octets => ({ text: text.replaceAll('.', '+').replace(/=+$/, ''), encoding: 'base64' });

const bytesOf = ({ text }: Octets): number => Math.floor((text.length * 3) / 4);
