/** @module A disk of its own for who shall find it full, where this process may mount one. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { expect } from '@jest/globals';

const mounted: string[] = [];

/** @param owner who may write to it; unset: this process @returns false where it may not be mounted */
export function mountDisk(at: string, megabytes: number, owner?: { readonly uid: number; readonly gid: number }): boolean {
  mkdirSync(at, { recursive: true, mode: 0o700 });
  const options = [`size=${megabytes}m`, 'mode=0700', ...(owner === undefined ? [] : [`uid=${owner.uid}`, `gid=${owner.gid}`])];
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', at], { stdio: 'pipe' });
    mounted.push(at);
    return true;
  } catch {
    return false;
  }
}

/** Unmounts all, the last first. */
export function unmountDisks(): void {
  for (const disk of mounted.splice(0).reverse()) execFileSync('umount', [disk]);
}

/** Writes to the file until the disk is full. */
export function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  try {
    for (const chunk = Buffer.alloc(256 * 1024); ;) writeSync(descriptor, chunk);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    closeSync(descriptor);
  }
}
