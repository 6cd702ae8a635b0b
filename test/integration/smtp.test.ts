import { afterEach, describe, expect, it } from '@jest/globals';
import { MailRefused, type Delivery } from '../../src/mail/mailer.ts';
import { openSmtp } from '../../src/mail/smtp.ts';
import { startSmtpServer, type SmtpServer, type SmtpServerOptions } from '../support/smtp-server.ts';

const LINK = `https://id.example.com/sign-in/one-time?token=${'x'.repeat(43)}`;
const MAIL = {
  id: '0190-1',
  date: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
  to: 'ann@example.com',
  subject: 'Set a new password',
  text: `For the user "Änn":\n\n${LINK}\n`,
  about: { kind: 'password_reset', id: 'ann' },
} as const;

describe('mails by SMTP', () => {
  let server: SmtpServer;
  let delivery: Delivery;
  afterEach(async () => {
    delivery.close();
    await server.close();
  });

  const open = async (query = '', options: SmtpServerOptions = {}, credentials = '') => {
    server = await startSmtpServer(options);
    delivery = openSmtp({ url: `smtp://${credentials}127.0.0.1:${server.port}${query}`, from: 'Rolemint <no-reply@example.com>' });
  };

  it('arrive whole, at the one address', async () => {
    await open();
    expect(await delivery.deliver(MAIL)).toEqual({ response: '250 2.0.0 queued' });
    const [mail] = server.mails;
    expect(mail).toMatchObject({ from: 'no-reply@example.com', to: ['ann@example.com'], encrypted: false, auth: undefined });
    expect(mail!.data).toContain('Subject: Set a new password');
    expect(mail!.data).toContain('Message-ID: <0190-1@example.com>');
    expect(mail!.data).toContain('Date: Fri, 02 Jan 2026 03:04:05 +0000');
    const text = mail!.data.split('\r\n\r\n').slice(1).join('\n').replaceAll('=\r\n', '').replaceAll('=3D', '=');
    expect(text).toContain(LINK);
  });

  it('are encrypted where the server can, and sign in with the user of the URL', async () => {
    await open('?tls.rejectUnauthorized=false', { tls: true }, 'us%40er:p%3Aw@');
    await delivery.deliver(MAIL);
    expect(server.mails).toMatchObject([{ encrypted: true, auth: `AUTH PLAIN ${Buffer.from('\0us@er\0p:w').toString('base64')}` }]);
  });

  it('are not given to a server whose certificate nobody vouches for', async () => {
    await open('', { tls: true }, 'user:secret@');
    await expect(delivery.deliver(MAIL)).rejects.toMatchObject({ message: expect.stringContaining('self-signed certificate') });
    expect(server.mails).toEqual([]);
    expect(server.commands.some((line) => line.startsWith('AUTH'))).toBe(false);
  });

  it('are not sent in clear where TLS is required', async () => {
    await open('?requireTLS=true', {}, 'user:secret@');
    await expect(delivery.deliver(MAIL)).rejects.toMatchObject({ message: 'Error upgrading connection with STARTTLS: 502 not here' });
    expect(server.mails).toEqual([]);
    expect(server.commands.some((line) => line.startsWith('AUTH'))).toBe(false);
  });

  it('are tried again after a passing refusal, and not after a final one; neither repeats the address', async () => {
    await open('', { refusals: ['451 try later, <ann@example.com>', '550 no such mail box <ann@example.com>'] });
    const passing = await delivery.deliver(MAIL).catch((error: unknown) => error as Error);
    expect(passing).not.toBeInstanceOf(MailRefused);
    const final = await delivery.deliver(MAIL).catch((error: unknown) => error as Error);
    expect(final).toBeInstanceOf(MailRefused);
    for (const error of [passing, final]) {
      const { message } = error as Error;
      expect(message).toContain('<[address]>');
      expect(JSON.stringify(error) + message).not.toContain('ann@example.com');
    }
    expect(await delivery.deliver(MAIL)).toEqual({ response: '250 2.0.0 queued' });
  });

  it('go to exactly the address that is meant, whatever it looks like', async () => {
    await open();
    await delivery.deliver({ ...MAIL, to: 'a+b%c=d@example.com' });
    expect(server.mails[0]!.to).toEqual(['a+b%c=d@example.com']);
    await delivery.deliver({ ...MAIL, to: 'ann@example.com\r\nRCPT TO:<eve@example.com>' }).catch(() => undefined);
    expect(server.mails.flatMap(({ to }) => to)).not.toContain('eve@example.com');
  });

  it('fail when nobody answers', async () => {
    await open();
    await server.close();
    await expect(delivery.deliver(MAIL)).rejects.toMatchObject({ code: 'ESOCKET' });
  });
});
