/**
 * @module Delivers mails after the answer that caused them: one after the other, a few times when it fails, never more
 * waiting than fits. Where a mail goes is the business of a {@link Delivery}: an SMTP server, or a folder of files.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Random } from '../domain/ports.ts';
import type { Mailer, MailMessage } from '../domain/mail.ts';

/** A mail with what sets it apart from every other. */
export interface OutgoingMail extends MailMessage {
  readonly id: string;
  readonly date: Date;
}

export interface Delivery {
  /**
   * Resolves when somebody else has taken responsibility for the mail.
   * @returns what an operator wants to know about it, without its address and text
   */
  deliver(mail: OutgoingMail): Promise<Readonly<Record<string, string>>>;
  close(): void;
}

/** Of the host that sends it (RFC 5322 §3.6.4). */
export function messageIdOf({ id }: OutgoingMail, from: string): string {
  return `<${id}@${/@([^\s<>@]+)/.exec(from)?.[1] ?? 'localhost'}>`;
}

/** A mail that will never be delivered, however often it is tried. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
}

export interface MailerOptions {
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly random: Random;
  readonly onSent: (mail: OutgoingMail, details: Readonly<Record<string, string>>) => void;
  /** @param again false: it was given up */
  readonly onFailed: (mail: OutgoingMail, error: unknown, again: boolean) => void;
  /** Pauses before the second and every further try. */
  readonly retryAfterMs?: readonly number[];
}

export interface MailerHandle extends Mailer {
  /** Resolves when nothing is waiting to be tried for the first time. */
  idle(): Promise<void>;
  /** Lets what is waiting be tried once more, for a few seconds; what is left is given up. */
  close(): Promise<void>;
}

/** Mails that may wait, those that wait for another try included. */
const MOST_WAITING = 1000;
const RETRY_AFTER_MS = [5000, 30_000, 300_000];
/** How long a server that stops waits for mails under way. */
const CLOSE_MS = 5000;

export function openMailer(options: MailerOptions): MailerHandle {
  const { delivery, clock, random, onSent, onFailed, retryAfterMs = RETRY_AFTER_MS } = options;
  const closing = new AbortController();
  let waiting = 0;
  let closed = false;
  let last: Promise<void> = Promise.resolve();
  const retries = new Set<Promise<void>>();

  const attempt = async (mail: OutgoingMail, failures: number): Promise<void> => {
    try {
      if (closed) throw new MailRefused('The server stopped before the mail was sent.');
      onSent(mail, await delivery.deliver(mail));
      waiting -= 1;
    } catch (error) {
      const pause = error instanceof MailRefused || closing.signal.aborted ? undefined : retryAfterMs[failures];
      onFailed(mail, error, pause !== undefined);
      if (pause === undefined) waiting -= 1;
      else retryLater(mail, failures + 1, pause);
    }
  };
  const enqueue = (mail: OutgoingMail, failures: number): Promise<void> => (last = last.then(() => attempt(mail, failures)));
  const retryLater = (mail: OutgoingMail, failures: number, pause: number): void => {
    const again = delay(pause, undefined, { signal: closing.signal, ref: false })
      .catch(() => undefined)
      .then(() => enqueue(mail, failures))
      .finally(() => retries.delete(again));
    retries.add(again);
  };

  return {
    send(message) {
      const mail = { ...message, id: random.id(), date: new Date(clock.now()) };
      if (waiting >= MOST_WAITING || closing.signal.aborted) return onFailed(mail, new MailRefused('Too many mails are waiting.'), false);
      waiting += 1;
      void enqueue(mail, 0);
    },
    idle: () => last,
    async close() {
      closing.abort();
      const drained = Promise.all(retries).then(() => last);
      await Promise.race([drained, delay(CLOSE_MS, undefined, { ref: false })]);
      closed = true;
      delivery.close();
    },
  };
}
