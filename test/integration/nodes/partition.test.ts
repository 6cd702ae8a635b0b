import { expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { describePostgres } from '../../support/stores.ts';
import { MACHINE, QUESTIONS, startTwoNodes, tokensWithRole } from './two-nodes.ts';
import { until } from '../../support/until.ts';

/** What a node may know longest of what was: the promise. */
const LATE_MS = 1000;

describePostgres('F13: a node that was cut off from Postgres while a role was taken', () => {
  it('says nothing rather than something old, and the right thing when it is back', async () => {
    const nodes = await startTwoNodes({});
    try {
      const { administrator, b, line } = nodes;
      const { body } = await administrator.post('/assignments', { security_profile: 'auditing', client_id: MACHINE });
      const tokens = await tokensWithRole(nodes.a);
      const askEverything = () => Promise.all(Object.values(QUESTIONS).map((question) => question(b, tokens)));
      expect(await askEverything()).toEqual([true, true, true]);
      line.mode('blackhole');
      expect((await administrator.delete(`/assignments/${body.id}`)).status).toBe(204);
      await delay(LATE_MS);
      expect(await askEverything()).toEqual([undefined, undefined, undefined]);
      line.mode('pass');
      const answers: (readonly (boolean | undefined)[])[] = [];
      await until(async () => {
        answers.push(await askEverything());
        return answers.at(-1)!.every((held) => held !== undefined);
      });
      expect(answers.flat().filter((held) => held === true)).toEqual([]);
    } finally {
      nodes.line.mode('pass');
      await nodes.close();
    }
  }, 120_000);
});
