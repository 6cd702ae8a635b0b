import { describe, expect, it } from '@jest/globals';
import { MailRefused, openMailer, type Delivery, type OutgoingMail } from '../../../src/mail/mailer.ts';
import { countingRandom, testClock } from '../services/fixtures.ts';

const message = (id = 'one') => ({ to: 'ann@example.com', subject: 'Hello', text: 'Hello Ann', about: { kind: 'notice', id } as const });

/** A mailer over a delivery that fails with these errors first; what happens is written down. */
function openWith(errors: (Error | undefined)[], deliver: () => Promise<void> = async () => undefined) {
  const happened: string[] = [];
  const delivered: OutgoingMail[] = [];
  const clock = testClock();
  const delivery: Delivery = {
    deliver: async (mail) => {
      await deliver();
      const error = errors.shift();
      if (error !== undefined) throw error;
      delivered.push(mail);
      return { response: 'ok' };
    },
    close: () => void happened.push('closed'),
  };
  const mailer = openMailer({
    delivery,
    clock,
    random: countingRandom(clock),
    onSent: ({ about }, details) => void happened.push(`sent ${about.id} ${JSON.stringify(details)}`),
    onFailed: ({ about }, error, again) => void happened.push(`failed ${about.id}: ${(error as Error).message}${again ? ', again' : ''}`),
    retryAfterMs: [1, 1, 1],
  });
  return { mailer, happened, delivered, clock };
}

/** Resolves when the condition holds; mails are tried again by a timer. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a mailer', () => {
  it('takes a mail over at once and delivers it with an id and the time', async () => {
    const { mailer, delivered, happened, clock } = openWith([]);
    expect(mailer.send(message())).toBeUndefined();
    expect(delivered).toEqual([]);
    await mailer.idle();
    expect(delivered).toEqual([{ ...message(), id: expect.any(String), date: new Date(clock.now()) }]);
    expect(happened).toEqual(['sent one {"response":"ok"}']);
  });

  it('tries again, some times, and meanwhile delivers what else there is', async () => {
    const { mailer, happened } = openWith([new Error('busy'), undefined, new Error('still busy')]);
    mailer.send(message('one'));
    mailer.send(message('two'));
    await until(() => happened.length === 4);
    expect(happened).toEqual([
      'failed one: busy, again',
      'sent two {"response":"ok"}',
      'failed one: still busy, again',
      'sent one {"response":"ok"}',
    ]);
  });

  it('gives up in the end', async () => {
    const { mailer, happened } = openWith(Array.from({ length: 9 }, () => new Error('busy')));
    mailer.send(message());
    await until(() => happened.length === 4);
    expect(happened.map((line) => line.endsWith('again'))).toEqual([true, true, true, false]);
  });

  it('does not try again what was refused for good', async () => {
    const { mailer, happened, delivered } = openWith([new MailRefused('no such mail box')]);
    mailer.send(message());
    await mailer.idle();
    expect(happened).toEqual(['failed one: no such mail box']);
    expect(delivered).toEqual([]);
  });

  it('keeps a thousand mails waiting and drops the rest, telling so', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { mailer, happened, delivered } = openWith([], () => gate);
    for (let count = 0; count < 1003; count += 1) mailer.send(message(String(count)));
    expect(happened).toEqual(['1000', '1001', '1002'].map((id) => `failed ${id}: Too many mails are waiting.`));
    release();
    await mailer.idle();
    expect(delivered).toHaveLength(1000);
    mailer.send(message('later'));
    await mailer.idle();
    expect(delivered.at(-1)?.about.id).toBe('later');
  });

  it('tries what waits once more when it is closed, without the pause, and takes nothing afterwards', async () => {
    const errors = [new Error('busy'), undefined, new Error('down')];
    const clock = testClock();
    const happened: string[] = [];
    const mailer = openMailer({
      delivery: {
        deliver: async () => {
          const error = errors.shift();
          if (error !== undefined) throw error;
          return {};
        },
        close: () => void happened.push('closed'),
      },
      clock,
      random: countingRandom(clock),
      onSent: ({ about }) => void happened.push(`sent ${about.id}`),
      onFailed: ({ about }, _error, again) => void happened.push(`failed ${about.id}${again ? ', again' : ''}`),
      retryAfterMs: [3_600_000],
    });
    mailer.send(message('one'));
    await mailer.idle();
    await mailer.close();
    mailer.send(message('two'));
    expect(happened).toEqual(['failed one, again', 'sent one', 'closed', 'failed two']);
  });
});
