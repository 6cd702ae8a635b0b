import { expect, it } from '@jest/globals';
import { closeAll } from '../../src/closing.ts';

it('closes what was opened last first, and leaves what hangs', async () => {
  const closed: string[] = [];
  const closers = [() => closed.push('first'), () => new Promise(() => undefined), async () => closed.push('last')];
  await closeAll(closers, 1);
  expect(closed).toEqual(['last', 'first']);
  expect(closers).toEqual([]);
});

it('says what could not be closed', async () => {
  await expect(closeAll([() => Promise.reject(new Error('stuck'))])).rejects.toThrow('stuck');
});
