/** @module Mails by SMTP. Without TLS nothing leaves the machine unless the URL says so. */
import { createTransport } from 'nodemailer';
import { MailRefused, messageIdOf, type Delivery } from './mailer.ts';

export interface SmtpOptions {
  /** `smtp://` (TLS by STARTTLS) or `smtps://`, with user and password where the server wants them. */
  readonly url: string;
  readonly from: string;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const CONNECTION_MS = 10_000;
const SOCKET_MS = 20_000;

/** The error without the address, which servers like to repeat. Permanent refusals (RFC 5321 §4.2.1) are told apart. */
function failure(error: unknown, address: string): Error {
  const { message, code, responseCode } = error as { readonly message?: unknown; readonly code?: unknown; readonly responseCode?: unknown };
  const told = String(message).replaceAll(address, '[address]');
  return Number(responseCode) >= 500 ? new MailRefused(told) : Object.assign(new Error(told), { code });
}

export function openSmtp({ url, from }: SmtpOptions): Delivery {
  const transport = createTransport({ ...connectionOf(new URL(url)), disableFileAccess: true, disableUrlAccess: true });
  return {
    async deliver(mail) {
      const { to, subject, text, date } = mail;
      const messageId = messageIdOf(mail, from);
      try {
        // The address as an object: nothing in it is read as a list or a name.
        const { response } = await transport.sendMail({ from, to: { name: '', address: to }, subject, text, date, messageId });
        return { response: response.replaceAll(to, '[address]') };
      } catch (error) {
        throw failure(error, to);
      }
    },
    close: () => transport.close(),
  };
}

/** What nodemailer is told, made of the parts of the URL that were checked with the configuration; of the query nothing else counts. */
function connectionOf(url: URL): Parameters<typeof createTransport>[0] & object {
  const { searchParams: query } = url;
  const secure = url.protocol === 'smtps:';
  const requireTLS = query.get('requireTLS') ?? String(!LOOPBACK.has(url.hostname) && query.get('ignoreTLS') !== 'true');
  const servername = query.get('tls.servername');
  const user = decodeURIComponent(url.username);
  return {
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: requireTLS === 'true',
    ignoreTLS: query.get('ignoreTLS') === 'true',
    ...(user === '' ? {} : { auth: { user, pass: decodeURIComponent(url.password) } }),
    tls: { rejectUnauthorized: query.get('tls.rejectUnauthorized') !== 'false', ...(servername === null ? {} : { servername }) },
    connectionTimeout: CONNECTION_MS,
    greetingTimeout: CONNECTION_MS,
    socketTimeout: SOCKET_MS,
  };
}
