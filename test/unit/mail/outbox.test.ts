import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openOutbox } from '../../../src/mail/outbox.ts';

const MAIL = {
  id: '0190-1',
  date: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
  to: 'änn@example.com',
  subject: 'Set a new password',
  text: `Hello,\n\nhttps://id.example.com/sign-in/one-time?token=${'x'.repeat(100)}\n`,
  about: { kind: 'password_reset', id: 'ann' },
} as const;

describe('an outbox', () => {
  let folder: string;
  beforeEach(async () => {
    folder = path.join(await mkdtemp(path.join(tmpdir(), 'rolemint-outbox-')), 'data', 'outbox');
  });
  afterEach(() => rm(path.dirname(path.dirname(folder)), { recursive: true }));

  it('writes a file that only its owner can read, in a folder that only its owner can open', async () => {
    const details = await openOutbox({ folder, from: 'Rolemint <no-reply@example.com>' }).deliver(MAIL);
    const file = path.join(folder, '0190-1.eml');
    expect(details).toEqual({ file });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(folder)).toEqual(['0190-1.eml']);
    const [head, ...body] = (await readFile(file, 'utf8')).split('\r\n\r\n');
    expect(head!.split('\r\n')).toEqual([
      'Date: Fri, 02 Jan 2026 03:04:05 +0000',
      'From: Rolemint <no-reply@example.com>',
      'To: änn@example.com',
      'Message-ID: <0190-1@example.com>',
      'Subject: Set a new password',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
    ]);
    expect(body.join('\n\n').replaceAll('\r\n', '\n')).toBe(MAIL.text);
  });

  it('lets nobody add a header', async () => {
    await openOutbox({ folder, from: 'x@example.com' }).deliver({ ...MAIL, to: 'a@example.com\r\nBcc: b@example.com' });
    const text = await readFile(path.join(folder, '0190-1.eml'), 'utf8');
    expect(text).not.toMatch(/^Bcc:/m);
  });

  it('leaves nothing behind when a mail cannot be written', async () => {
    await expect(openOutbox({ folder, from: 'x@example.com' }).deliver({ ...MAIL, id: 'no/where' })).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    await expect(openOutbox({ folder, from: 'x@example.com' }).deliver(MAIL)).rejects.toMatchObject({ code: 'EEXIST' });
  });
});
