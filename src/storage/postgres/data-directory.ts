/**
 * @module The folder of the embedded database belongs to one process at a time, and to one user of the machine.
 *
 * Whoever wants the folder lays a claim (a file of its own, put in place by link() so that it is never half written) and
 * then looks who else claims it. A claim of a process that is gone is cleared away. Whoever is alone owns the folder. Of
 * several that come at once the one with the first name stays and waits for the others to withdraw; because everybody
 * writes before looking, two can never both believe to be alone.
 */
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '../../domain/errors.ts';

interface Claim {
  readonly pid: number;
  /** Tells a process from a later one with the same number; empty where the system does not say. */
  readonly started: string;
  /** Tells this run of the machine from the last one. */
  readonly boot: string;
  readonly host: string;
  readonly since: string;
}

export interface OwnedDirectory {
  /** Where the database itself lies. */
  readonly database: string;
  release(): void;
}

const CLAIM = /^claim-[0-9a-f-]+\.json$/;
/** The owner touches its claim this often; another machine, which cannot see its process, believes it this long. */
const HEARTBEAT_MS = 10_000;
const BELIEVED_MS = 60_000;
const TRIES = 200;
const WAIT_MS = 10;

/**
 * Makes the folder if need be, closes it to other users, and takes it.
 * @throws `unavailable` when another process has it, or when it belongs to another user
 */
export async function ownDirectory(directory: string): Promise<OwnedDirectory> {
  const root = path.resolve(directory);
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    closeToOthers(root);
    return await claim(root);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw new DomainError('unavailable', `The data directory ${root} cannot be used: ${fault(error)}.`, { cause: error });
  }
}

/** The files of the embedded database are open to everybody; the folder around them must not be. */
function closeToOthers(root: string): void {
  if (process.getuid === undefined) return;
  const { mode, uid } = statSync(root);
  if ((mode & 0o077) === 0) return;
  if (uid !== process.getuid()) {
    throw new DomainError('unavailable', `The data directory ${root} is open to other users and belongs to somebody else; it must be 0700 and ours.`);
  }
  chmodSync(root, 0o700);
}

async function claim(root: string): Promise<OwnedDirectory> {
  const name = `claim-${randomUUID()}.json`;
  const file = path.join(root, name);
  writeWhole(file, JSON.stringify(ourselves()));
  try {
    await beAlone(root, name);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
  const owned = path.join(root, `owner-${name}`);
  linkSync(file, owned);
  const heartbeat = setInterval(() => touch(file), HEARTBEAT_MS).unref();
  return {
    database: path.join(root, 'database'),
    release() {
      clearInterval(heartbeat);
      rmSync(owned, { force: true });
      rmSync(file, { force: true });
    },
  };
}

async function beAlone(root: string, own: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const others = liveClaims(root).filter(({ name }) => name !== own);
    if (others.length === 0) return;
    const ahead = others.find(({ name, owner }) => owner || name < own) ?? (attempt >= TRIES ? others[0] : undefined);
    if (ahead !== undefined) {
      const { pid, since, host } = ahead.claim;
      const where = host === hostname() ? '' : ` on ${host}`;
      throw new DomainError('unavailable', `The data directory ${root} is already open in process ${pid}${where} since ${since}.`, {
        retryAfterSeconds: 1,
      });
    }
    await delay(WAIT_MS);
  }
}

interface LiveClaim {
  readonly name: string;
  readonly claim: Claim;
  readonly owner: boolean;
}

function liveClaims(root: string): LiveClaim[] {
  const live: LiveClaim[] = [];
  for (const name of readdirSync(root).filter((entry) => CLAIM.test(entry))) {
    const file = path.join(root, name);
    const owned = path.join(root, `owner-${name}`);
    const found = read(file);
    if (found === undefined) continue;
    if (isAlive(found, file)) {
      live.push({ name, claim: found, owner: existsSync(owned) });
    } else {
      rmSync(owned, { force: true });
      rmSync(file, { force: true });
    }
  }
  return live;
}

function isAlive(other: Claim, file: string): boolean {
  if (other.host !== hostname()) {
    const touched = lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return Math.abs(lstatNow(file) - touched) < BELIEVED_MS;
  }
  if (other.boot !== bootId()) return false;
  if (other.started !== '') return other.started === startOf(other.pid);
  try {
    process.kill(other.pid, 0);
    return true;
  } catch (error) {
    return (error as { readonly code?: string }).code === 'EPERM';
  }
}

/** The time by the clock of the file system, which both machines share. */
function lstatNow(beside: string): number {
  const probe = `${beside}.${randomUUID()}`;
  writeFileSync(probe, '');
  const now = statSync(probe).mtimeMs;
  rmSync(probe, { force: true });
  return now;
}

function ourselves(): Claim {
  return { pid: process.pid, started: startOf(process.pid), boot: bootId(), host: hostname(), since: new Date(performance.timeOrigin).toISOString() };
}

/** When the process began, in ticks since the machine did; empty when there is none, or the system does not say. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets, which may contain anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function read(file: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Claim;
  } catch {
    return undefined;
  }
}

function writeWhole(file: string, content: string): void {
  const draft = `${file}.draft`;
  writeFileSync(draft, content, { mode: 0o600 });
  linkSync(draft, file);
  rmSync(draft);
}

function touch(file: string): void {
  try {
    const now = new Date(performance.timeOrigin + performance.now());
    utimesSync(file, now, now);
  } catch {
    // The folder was removed under us; the database will say so.
  }
}

function fault(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  if (code === 'ENOSPC') return 'the disk is full';
  if (code === 'EROFS') return 'the file system is read-only';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return message ?? String(error);
}
