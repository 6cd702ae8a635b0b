import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Where a server of a test writes its mails. */
export interface Outbox {
  readonly folder: string;
  /** The texts of all mails that were written, once there are so many; they are taken away. */
  take(count: number): Promise<string[]>;
  /** How many were written and not taken. */
  count(): Promise<number>;
  remove(): Promise<void>;
}

export async function openOutbox(): Promise<Outbox> {
  const parent = await mkdtemp(path.join(tmpdir(), 'rolemint-outbox-'));
  return { ...outboxAt(path.join(parent, 'outbox')), remove: () => rm(parent, { recursive: true, force: true }) };
}

/** One that somebody else made, or will. */
export function outboxAt(folder: string): Omit<Outbox, 'remove'> {
  const written = async (): Promise<string[]> => (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.eml')).sort();
  return {
    folder,
    take: async (count) => {
      for (;;) {
        const names = await written();
        if (names.length >= count) {
          const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
          await Promise.all(names.map((name) => rm(path.join(folder, name))));
          return texts;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    count: async () => (await written()).length,
  };
}

/** The secret of the link in a mail. */
export const tokenIn = (mail: string): string => /\?token=(\S+)/.exec(mail)![1]!;
