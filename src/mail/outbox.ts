/** @module Where there is no SMTP server: one file a mail, for an operator to read or to hand on. */
import { chmod, mkdir, open, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { messageIdOf, type Delivery, type OutgoingMail } from './mailer.ts';

export interface OutboxOptions {
  /** Made when the first mail is written. */
  readonly folder: string;
  readonly from: string;
}

/** Writes `<id>.eml`, whole or not at all, readable by nobody else: such mails hold links that are as good as passwords. */
export function openOutbox({ folder, from }: OutboxOptions): Delivery {
  return {
    async deliver(mail) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await chmod(folder, 0o700);
      const file = path.join(folder, `${mail.id}.eml`);
      await writeWhole(file, formatted(mail, from));
      return { file };
    },
    close: () => undefined,
  };
}

async function writeWhole(file: string, content: string): Promise<void> {
  const draft = `${file}.tmp`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
}

/** RFC 5322 with 8-bit text, so that a link can be copied out of the file as it stands. */
function formatted(mail: OutgoingMail, from: string): string {
  const { to, subject, text, date } = mail;
  const head = {
    Date: date.toUTCString().replace('GMT', '+0000'),
    From: from,
    To: to,
    'Message-ID': messageIdOf(mail, from),
    Subject: subject,
    'MIME-Version': '1.0',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Transfer-Encoding': '8bit',
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]+/g, ' ')}`);
  return [...lines, '', ...text.split('\n')].join('\r\n');
}
