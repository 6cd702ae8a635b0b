/** What an argon2 hash says about how it was made. */
export interface Argon2Parameters {
  readonly algorithm: 'argon2id' | 'argon2i';
  readonly version: number;
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane. */
export const TODAY: Argon2Parameters = { algorithm: 'argon2id', version: 19, memoryKib: 19_456, passes: 2, parallelism: 1 };

/** A hash that would cost more than this is never verified: it came from outside, and a sign-in would pay for it each time. */
const COSTLIEST = { memoryKib: 256 * 1024, passes: 10, parallelism: 16 };

/** Salt of 8 to 64 bytes, digest of 12 to 64 bytes; the library is more lenient than anything that real hashers write. */
const PHC = /^\$(argon2id|argon2i)\$v=(16|19)\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,86}$/;

/** Reads a PHC string; undefined for everything that is not an argon2id or argon2i hash. */
export function parsePhc(hash: string): Argon2Parameters | undefined {
  const match = PHC.exec(hash);
  if (match === null) return undefined;
  return {
    algorithm: match[1] as 'argon2id' | 'argon2i',
    version: Number(match[2]),
    memoryKib: Number(match[3]),
    passes: Number(match[4]),
    parallelism: Number(match[5]),
  };
}

/** Whether a hash made with these parameters may cost a sign-in what they ask for. */
export function isAffordable(parameters: Argon2Parameters): boolean {
  return parameters.memoryKib <= COSTLIEST.memoryKib && parameters.passes <= COSTLIEST.passes && parameters.parallelism <= COSTLIEST.parallelism;
}

/** Whether the hash was made as hashes are made now. */
export function isOfToday(parameters: Argon2Parameters): boolean {
  return (
    parameters.algorithm === TODAY.algorithm &&
    parameters.version === TODAY.version &&
    parameters.memoryKib === TODAY.memoryKib &&
    parameters.passes === TODAY.passes &&
    parameters.parallelism === TODAY.parallelism
  );
}
