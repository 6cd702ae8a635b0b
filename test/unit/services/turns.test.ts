import { describe, expect, it } from '@jest/globals';
import { Turns } from '../../../src/services/turns.ts';

/** Work that ends when it is told to. */
function gate() {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  it('lets work under one key run one after the other, in the order of arrival', async () => {
    const turns = new Turns();
    const order: string[] = [];
    const first = gate();
    const one = turns.take('k', async () => {
      order.push('one begins');
      await first.opened;
      order.push('one ends');
    });
    const two = turns.take('k', async () => void order.push('two'));
    const three = turns.take('k', async () => void order.push('three'));
    await settled();
    expect(order).toEqual(['one begins']);
    first.open();
    await Promise.all([one, two, three]);
    expect(order).toEqual(['one begins', 'one ends', 'two', 'three']);
  });

  it('does not let one key wait for another', async () => {
    const turns = new Turns();
    const blocked = gate();
    const slow = turns.take('a', () => blocked.opened);
    expect(await turns.take('b', async () => 'done')).toBe('done');
    blocked.open();
    await slow;
  });

  it('goes on after work that failed, and hands its error to its owner alone', async () => {
    const turns = new Turns();
    const failed = turns.take('k', () => Promise.reject(new Error('mine')));
    const next = turns.take('k', async () => 'fine');
    await expect(failed).rejects.toThrow('mine');
    expect(await next).toBe('fine');
  });

  it('refuses more than 32 at once under a key, and takes some again when they are done', async () => {
    const turns = new Turns();
    const first = gate();
    const waiting = Array.from({ length: 32 }, () => turns.take('k', () => first.opened));
    let ran = false;
    await expect(turns.take('k', async () => void (ran = true))).rejects.toMatchObject({ code: 'too_many_attempts', retryAfterSeconds: 1 });
    expect(await turns.take('other', async () => 'fine')).toBe('fine');
    first.open();
    await Promise.all(waiting);
    expect(ran).toBe(false);
    expect(await turns.take('k', async () => 'again')).toBe('again');
  });
});
