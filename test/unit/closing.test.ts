import { expect, it } from '@jest/globals';
import { closeAll } from '../../src/closing.ts';

it('closes what was opened last first, and leaves what hangs', async () => {
  const closed: string[] = [];
  const closers = [() => closed.push('first'), () => new Promise(() => undefined), async () => closed.push('last')];
  let left = 0;
  await closeAll(closers, () => (left += 1), 1);
  expect(left).toBe(1);
  expect(closed).toEqual(['last', 'first']);
  expect(closers).toEqual([]);
});

it('says what could not be closed', async () => {
  await expect(closeAll([() => Promise.reject(new Error('stuck'))], () => undefined)).rejects.toThrow('stuck');
});
