import { openMailer, type MailerHandle, type MailerOptions } from './mailer.ts';
import { openOutbox } from './outbox.ts';

export interface MailOptions extends Omit<MailerOptions, 'delivery'> {
  /** Unset: a file a mail. */
  readonly smtpUrl: string | undefined;
  readonly from: string;
  readonly outboxDir: string;
}

/** Mails by SMTP where there is a server, else as files. What speaks SMTP is loaded only where it is used. */
export async function openMail({ smtpUrl, from, outboxDir, ...options }: MailOptions): Promise<MailerHandle> {
  if (smtpUrl === undefined) return openMailer({ ...options, delivery: openOutbox({ folder: outboxDir, from }) });
  const { openSmtp } = await import('./smtp.ts');
  return openMailer({ ...options, delivery: openSmtp({ url: smtpUrl, from }) });
}
