import { expect, it } from '@jest/globals';
import { clockWatch } from '../../../src/services/clock-watch.ts';

it('tells of a clock that is wrong, once, until it is right again', async () => {
  const skews: number[] = [];
  let here = 1_000_000;
  let answerTakes = 0;
  const clock = { now: () => here };
  const time = async () => {
    const there = new Date(1_000_000 + answerTakes / 2);
    here += answerTakes;
    return there;
  };
  const assertClock = clockWatch({ store: { time }, clock, onSkew: (skew) => skews.push(skew) });
  const refused = { code: 'unavailable', message: 'The clock of this server is not that of its database.' };

  await assertClock();
  here = 1_010_000;
  await assertClock();
  here = 1_010_001;
  await expect(assertClock()).rejects.toMatchObject(refused);
  await expect(assertClock()).rejects.toMatchObject(refused);
  here = 980_000;
  await expect(assertClock()).rejects.toMatchObject(refused);
  here = 990_000;
  await assertClock();
  here = 980_000;
  await expect(assertClock()).rejects.toMatchObject(refused);
  expect(skews).toEqual([10_001, -20_000]);

  here = 1_000_000;
  answerTakes = 60_000;
  await assertClock();
});
