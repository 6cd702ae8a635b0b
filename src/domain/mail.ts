/** @module Mails to single people, and what an address can be. */
import { DomainError } from './errors.ts';

/** A mail in plain text to one address. */
export interface MailMessage {
  readonly to: string;
  /** One line of ASCII. */
  readonly subject: string;
  readonly text: string;
  /** What it is for, as it stands in the log. Neither the address nor the text, which may hold a link, ever gets there. */
  readonly about: { readonly kind: 'invitation' | 'password_reset' | 'notice'; readonly id: string };
}

/** Takes mails and delivers them in its own time. */
export interface Mailer {
  /**
   * Takes over a mail. It returns at once and MUST NOT throw: whoever asked for the mail learns nothing of what becomes
   * of it. To be called after the transaction that the mail tells of has committed.
   */
  send(message: MailMessage): void;
}

/** No spaces, nothing that cannot be seen, none of the characters that would make a list, a name or a comment of it. */
const ADDRESS = /^[^\s@<>()[\],:;"\\\p{C}\uFFFD]{1,64}@[^\s@<>()[\],:;"\\\p{C}\uFFFD]{1,253}$/u;
const LONGEST_ADDRESS = 254;

/** Whether a mail can be sent there: one address, nothing else (RFC 5321 without quoted local parts). */
export function isMailAddress(text: string): boolean {
  return text.length <= LONGEST_ADDRESS && ADDRESS.test(text);
}

/** @throws `invalid_input` unless the text is one mail address */
export function assertMailAddress(text: string, pointer?: string): void {
  if (!isMailAddress(text)) throw new DomainError('invalid_input', `${JSON.stringify(text.slice(0, 120))} is not a mail address.`, { pointer });
}

/**
 * The form in which addresses are compared: ASCII letters in lower case, everything else as it is. Folding more than
 * that would make one of two addresses that belong to different people.
 */
export function comparableMailAddress(address: string): string {
  return address.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
