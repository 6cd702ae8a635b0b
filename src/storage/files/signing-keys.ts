/**
 * @module The keys folder: one file with the private signing keys, 0600 in a folder 0700. A change is written beside it,
 * made durable and renamed over it, by one process at a time, so that whoever reads finds the old keys or the new ones.
 */
import { chmod, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../domain/resource-server.ts';
import { assertKeyRing, type KeyFile, type KeyRing, type PrivateJwk, type SigningKey } from '../../domain/signing-key.ts';
import { withLock } from './lock-file.ts';

const FILE = 'signing-keys.json';
const LOCK = 'signing-keys.lock';
const FORMAT = 1;
const OTHERS = 0o077;

export interface SigningKeyFileOptions {
  readonly folder: string;
  /** Refuse a folder or file that others than its owner can look into, instead of closing it to them. */
  readonly strict: boolean;
  readonly clock: Clock;
}

/** Opens the keys folder; it is made with the first key. A folder that cannot be written serves for reading. */
export function openSigningKeyFile({ folder, strict, clock }: SigningKeyFileOptions): KeyFile {
  const file = path.join(folder, FILE);

  const read = async (): Promise<KeyRing> => {
    if (!(await keepPrivate(folder, strict)) || !(await keepPrivate(file, strict))) return { keys: [] };
    return parse(await readFile(file, 'utf8'), file);
  };

  return {
    read: () => explained(file, read),
    version: () =>
      explained(file, async () => {
        const found = await stat(file, { bigint: true }).catch(absent);
        return found === undefined ? 'absent' : `${found.ino} ${found.size} ${found.mtimeNs}`;
      }),
    update: (change) =>
      explained(file, async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await keepPrivate(folder, strict);
        return withLock(path.join(folder, LOCK), clock, async (assertHeld) => {
          const before = await read();
          const after = change(before);
          if (after === before) return before;
          assertKeyRing(after);
          await removeLeftovers(folder);
          await write(file, format(after), assertHeld);
          return after;
        });
      }),
  };
}

/** @returns false when there is no such file or folder */
async function keepPrivate(entry: string, strict: boolean): Promise<boolean> {
  const found = await stat(entry).catch(absent);
  if (found === undefined) return false;
  if ((found.mode & OTHERS) === 0) return true;
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  if (strict) {
    const wanted = found.isDirectory() ? '0700' : '0600';
    throw new DomainError('unavailable', `${entry} holds private keys and is open to others (mode ${mode}): chmod it to ${wanted}.`);
  }
  if (found.uid === process.getuid?.()) await chmod(entry, found.mode & 0o700).catch(unchangeable);
  return true;
}

async function write(file: string, text: string, assertHeld: () => Promise<void>): Promise<void> {
  const draft = `${file}.${process.pid}-${process.hrtime.bigint()}.tmp`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await assertHeld();
    await rename(draft, file);
  } catch (error) {
    await unlink(draft).catch(absent);
    throw error;
  }
  const folder = await open(path.dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Drafts of processes that were killed hold private keys; under the lock nobody else has one. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(`${FILE}.`) && name.endsWith('.tmp')) await unlink(path.join(folder, name)).catch(absent);
  }
}

interface StoredKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly created_at: string;
  readonly activates_at: string | null;
  readonly private_jwk: PrivateJwk;
}

function format(ring: KeyRing): string {
  const keys = ring.keys.map(({ kid, alg, createdAt, activatesAt, privateJwk }): StoredKey => ({
    kid,
    alg,
    created_at: new Date(createdAt).toISOString(),
    activates_at: activatesAt === undefined ? null : new Date(activatesAt).toISOString(),
    private_jwk: privateJwk,
  }));
  return `${JSON.stringify({ rolemint_signing_keys: FORMAT, keys }, null, 2)}\n`;
}

function parse(text: string, file: string): KeyRing {
  const broken = (what: string) => new DomainError('unavailable', `${file} cannot be used: ${what}.`);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which is private keys.
    throw broken('it is not JSON');
  }
  if (!isRecord(content) || content['rolemint_signing_keys'] !== FORMAT || !Array.isArray(content['keys'])) {
    throw broken(`it is not a file of signing keys in format ${FORMAT}`);
  }
  const keys = content['keys'].map((entry: unknown, index): SigningKey => {
    const key = parseKey(entry);
    if (key === undefined) throw broken(`/keys/${index} is not a signing key`);
    return key;
  });
  assertKeyRing({ keys });
  return { keys };
}

function parseKey(entry: unknown): SigningKey | undefined {
  if (!isRecord(entry)) return undefined;
  const { kid, private_jwk: privateJwk } = entry;
  const alg = SIGNING_ALGORITHMS.find((known) => known === entry['alg']);
  const createdAt = instantOf(entry['created_at']);
  const activatesAt = entry['activates_at'] === null ? undefined : instantOf(entry['activates_at']);
  if (typeof kid !== 'string' || alg === undefined || !isRecord(privateJwk) || Number.isNaN(createdAt) || Number.isNaN(activatesAt)) return undefined;
  return { kid, alg, createdAt, activatesAt, privateJwk };
}

/** NaN for what is not a date. */
function instantOf(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}

/** A mounted secret is read as it is. */
function unchangeable(error: unknown): void {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EROFS' && code !== 'EPERM') throw error;
}

/** Turns a fault of the file system into a sentence that names the file; refusals pass as they are. */
async function explained<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new DomainError('unavailable', `The signing keys in ${file} cannot be reached (${code}).`, { cause: error });
  }
}
