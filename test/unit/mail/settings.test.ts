import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../src/config.ts';

describe('the settings of mail', () => {
  it('are files in the data folder, from the host of the issuer, when nothing is said', () => {
    const { smtpUrl, mailFrom, outboxDir } = loadConfig({ ROLEMINT_ISSUER: 'https://id.example.com/path', ROLEMINT_DATA_DIR: '/var/data' });
    expect({ smtpUrl, mailFrom, outboxDir }).toEqual({ smtpUrl: undefined, mailFrom: 'no-reply@id.example.com', outboxDir: '/var/data/outbox' });
    expect(loadConfig({ ROLEMINT_ISSUER: 'http://[::1]:3000' }).mailFrom).toBe('no-reply@localhost');
  });

  it.each(['no-reply@example.com', 'Rolemint <no-reply@example.com>'])('take %s as the sender', (from) => {
    expect(loadConfig({ ROLEMINT_MAIL_FROM: from }).mailFrom).toBe(from);
  });

  it.each(['nobody', 'a@b, c@d', 'X\r\nBcc: <a@b>', '<a@b>'])('refuse %j as the sender', (from) => {
    expect(() => loadConfig({ ROLEMINT_MAIL_FROM: from })).toThrow('ROLEMINT_MAIL_FROM: a mail address is needed');
  });

  it.each(['http://mail.example.com', 'smtp://', 'smtp:mail', 'smtp://h?logger=true', 'smtp://user:s3cret@h?tls.ciphers=x'])(
    'refuse %j as the server, without repeating it',
    (url) => {
      const load = () => loadConfig({ ROLEMINT_SMTP_URL: url });
      expect(load).toThrow('ROLEMINT_SMTP_URL: an smtp:// or smtps:// URL is needed');
      expect(load).not.toThrow(/s3cret/);
    },
  );

  it('keep the server secret', () => {
    const { smtpUrl } = loadConfig({ ROLEMINT_SMTP_URL: 'smtps://user:s3cret@mail.example.com?tls.servername=other' });
    expect(JSON.stringify({ smtpUrl })).toBe('{"smtpUrl":"[redacted]"}');
    expect(smtpUrl!.reveal()).toContain('s3cret');
  });
});
