/**
 * A lock that several processes, also of several nodes on a shared folder, take by making the same symbolic link. Making
 * it is atomic and its target says who holds it, so a lock is never seen half written, and one whose holder died is
 * recognised and removed.
 */
import { readFile, readlink, lstat, symlink, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';

const ATTEMPTS = 120;
const PAUSE_MILLISECONDS = 25;
/** Work under the lock takes milliseconds; whether a process of another machine lives cannot be asked, so age decides. */
const ABANDONED_AFTER_MILLISECONDS = 30_000;

interface Owner {
  /** Machine, boot and process namespace: where a process id means something. */
  readonly place: string;
  readonly pid: number;
  /** Distinguishes a process from an earlier one with the same id. */
  readonly startTime: string;
  /** Unlike that of any lock before. */
  readonly id: string;
}

interface Contender {
  readonly owner: Owner;
  readonly clock: Clock;
}

/**
 * Runs the work while holding the lock, and lets go of it whatever happens.
 * @param work is given a check to be made right before what it does becomes final
 * @throws `unavailable` when the lock is not to be had within three seconds, or was lost
 */
export async function withLock<T>(path: string, clock: Clock, work: (assertHeld: () => Promise<void>) => Promise<T>): Promise<T> {
  const us: Contender = { owner: await ourselves(), clock };
  const owner = JSON.stringify(us.owner);
  for (let attempt = 0; !(await acquire(path, us)); attempt++) {
    if (attempt >= ATTEMPTS) throw new DomainError('unavailable', await heldBy(path), { retryAfterSeconds: 1 });
    await delay(PAUSE_MILLISECONDS);
  }
  try {
    return await work(async () => {
      if ((await target(path)) !== owner)
        throw new DomainError('unavailable', `The lock ${path} was taken over by another process.`, { retryAfterSeconds: 1 });
    });
  } finally {
    if ((await target(path)) === owner) await unlink(path);
  }
}

async function acquire(path: string, us: Contender): Promise<boolean> {
  for (;;) {
    if (await created(path, JSON.stringify(us.owner))) return true;
    const found = await target(path);
    if (found === undefined) continue;
    if (!(await isAbandoned(path, found, us)) || !(await removeAbandoned(path, found, us))) return false;
  }
}

/**
 * Removes the lock of a dead process. Two processes may find it dead, and the slower one must not remove the lock that
 * the faster one has taken since: so removing is itself locked, by a lock that belongs to this one dead holder.
 */
async function removeAbandoned(path: string, found: string, us: Contender): Promise<boolean> {
  const guard = `${path}.${parseOwner(found)?.id ?? 'unreadable'}`;
  if (!(await acquire(guard, us))) return false;
  try {
    if ((await target(path)) === found) await unlink(path);
  } finally {
    await unlink(guard);
  }
  return true;
}

async function isAbandoned(path: string, found: string, us: Contender): Promise<boolean> {
  const owner = parseOwner(found);
  if (owner?.place === us.owner.place) return !(await isRunning(owner));
  try {
    return us.clock.now() - (await lstat(path)).mtimeMs > ABANDONED_AFTER_MILLISECONDS;
  } catch {
    return false;
  }
}

async function created(path: string, owner: string): Promise<boolean> {
  try {
    await symlink(owner, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function target(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function heldBy(path: string): Promise<string> {
  const owner = parseOwner((await target(path)) ?? '');
  return `The lock ${path} is held${owner === undefined ? '' : ` by process ${owner.pid}`} and is not let go of.`;
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { place, pid, startTime, id } = JSON.parse(text) as Partial<Record<keyof Owner, unknown>>;
    if (typeof place !== 'string' || typeof pid !== 'number' || typeof startTime !== 'string' || !/^[\w-]+$/.test(String(id))) return undefined;
    return { place, pid, startTime, id: String(id) };
  } catch {
    return undefined;
  }
}

async function ourselves(): Promise<Owner> {
  const [boot, namespace] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return {
    place: `${hostname()} ${boot.trim()} ${namespace}`,
    pid: process.pid,
    startTime: (await inspect(process.pid))?.startTime ?? '',
    id: `${process.pid}-${process.hrtime.bigint()}`,
  };
}

async function isRunning({ pid, startTime }: Owner): Promise<boolean> {
  const found = await inspect(pid);
  // Where the system tells nothing about processes but that they exist, existing must do.
  return found === undefined ? exists(pid) : found.state !== 'Z' && found.startTime === startTime;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function inspect(pid: number): Promise<{ readonly state: string; readonly startTime: string } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field is the name of the program in parentheses and may hold anything; state is the 3rd, start time the 22nd.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : { state: fields[0] ?? '', startTime: fields[19] ?? '' };
}
