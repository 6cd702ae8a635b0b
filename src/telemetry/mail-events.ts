/** @module What becomes of mails, as log lines and counts. Neither an address nor a text, which may hold a link, is in them. */
import type { MailMessage } from '../domain/mail.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

type Mail = Pick<MailMessage, 'about'> & { readonly id: string };

export function mailEvents(log: Logger, metrics: Metrics) {
  return {
    onSent: ({ id, about }: Mail, details: Readonly<Record<string, string>>) => {
      metrics.mails.inc({ outcome: 'sent' });
      log.info({ event: 'mail_sent', mail: id, about, ...details });
    },
    onFailed: ({ id, about }: Mail, err: unknown, again: boolean) => {
      metrics.mails.inc({ outcome: again ? 'retried' : 'failed' });
      log.warn({ event: 'mail_failed', mail: id, about, again, err });
    },
  };
}
