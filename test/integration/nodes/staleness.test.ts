import { describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { startRedis } from '../../support/redis.ts';
import { describePostgres, describeRedis, testClock } from '../../support/stores.ts';
import { MACHINE, QUESTIONS, startTwoNodes, tokenOf, tokensWithRole, type Question, type Tokens, type TwoNodes } from './two-nodes.ts';
import { until } from '../../support/until.ts';

/** How late a node may be, in milliseconds from the answer to a change until a request begins (the promise). */
const LATE: Readonly<Record<Question, number>> = { token: 1000, introspection: 0, management: 0 };
/** Twenty times a second, unless so many wait for their answer already. */
const EVERY_MS = 50;
const MOST_ASKED = 4;

interface Sample {
  readonly question: Question;
  readonly begun: number;
  readonly ended: number;
  readonly held: boolean | undefined;
}

interface Change {
  readonly begun: number;
  readonly answered: number;
  readonly held: boolean;
}

const now = () => performance.now();

/** What a sample should have said; undefined: a change was under way, or so fresh that either is right. */
function expected({ question, begun, ended }: Sample, changes: readonly Change[]): boolean | undefined {
  const settled = changes.findLast(({ answered }) => answered + LATE[question] <= begun);
  const open = changes.some((one) => one.begun <= ended && one.answered + LATE[question] > begun);
  return open ? undefined : settled?.held;
}

/** Assigns, or takes away. */
async function change(
  { administrator }: TwoNodes,
  assignment: string | undefined,
): Promise<{ readonly assignment: string | undefined; readonly done: Change }> {
  const begun = now();
  if (assignment === undefined) {
    const { status, body } = await administrator.post('/assignments', { security_profile: 'auditing', client_id: MACHINE });
    expect(status).toBe(201);
    return { assignment: body.id as string, done: { begun, answered: now(), held: true } };
  }
  expect((await administrator.delete(`/assignments/${assignment}`)).status).toBe(204);
  return { assignment: undefined, done: { begun, answered: now(), held: false } };
}

/** Asks node b everything at intervals, until told to stop. */
function poll({ b }: TwoNodes, tokens: Tokens) {
  const samples: Sample[] = [];
  let stopped = false;
  const asked = new Set<Promise<void>>();
  const ask = async (question: Question) => {
    const begun = now();
    const held = await QUESTIONS[question](b, tokens);
    samples.push({ question, begun, ended: now(), held });
  };
  const polling = (async () => {
    while (!stopped) {
      for (const question of Object.keys(QUESTIONS) as Question[]) {
        if (asked.size >= MOST_ASKED * 3) break;
        const asking = ask(question);
        asked.add(asking);
        void asking.finally(() => asked.delete(asking));
      }
      await delay(EVERY_MS);
    }
    await Promise.all(asked);
  })();
  return {
    samples,
    stop: () => {
      stopped = true;
      return polling;
    },
  };
}

async function measure(nodes: TwoNodes, rounds: number): Promise<void> {
  const changes: Change[] = [];
  let { assignment, done } = await change(nodes, undefined);
  changes.push(done);
  const tokens = await tokensWithRole(nodes.a);
  const { samples, stop } = poll(nodes, tokens);
  const judged = (question: Question, since: Change) =>
    samples.filter((sample) => sample.question === question && sample.begun >= since.answered && expected(sample, changes) !== undefined);
  try {
    for (let round = 0; round < rounds; round += 1) {
      ({ assignment, done } = await change(nodes, assignment));
      changes.push(done);
      await until(() => (Object.keys(QUESTIONS) as Question[]).every((question) => judged(question, done).length >= 3));
    }
  } finally {
    await stop();
  }
  const stale = samples.filter((sample) => {
    const right = expected(sample, changes);
    // A node that cannot say says so, which is not stale.
    return right !== undefined && sample.held !== undefined && sample.held !== right;
  });
  expect(stale).toEqual([]);
}

describePostgres('F14: a role that comes and goes on one node', () => {
  it('is followed by the tokens of another within a second, by introspection and the management API at once', async () => {
    const nodes = await startTwoNodes({});
    try {
      await measure(nodes, 5);
    } finally {
      await nodes.close();
    }
  }, 300_000);

  describeRedis('with Redis', (program) => {
    it('is followed as fast, and still when Redis is gone', async () => {
      const redis = await startRedis(program);
      const nodes = await startTwoNodes({ ROLEMINT_REDIS_URL: redis.url });
      try {
        await measure(nodes, 3);
        await redis.kill();
        await measure(nodes, 3);
      } finally {
        await nodes.close();
        await redis.close();
      }
    }, 300_000);
  });

  describe('is told to the other at once, whose clock stands still, so that it never reads by itself:', () => {
    const followed = async (env: Readonly<Record<string, string>>) => {
      const nodes = await startTwoNodes(env, testClock(Date.now()));
      try {
        const { assignment } = await change(nodes, undefined);
        await until(async () => (await tokenOf(nodes.b)).roles.includes('AuditReader'));
        await change(nodes, assignment);
        await until(async () => !(await tokenOf(nodes.b)).roles.includes('AuditReader'));
      } finally {
        await nodes.close();
      }
    };
    it('by Postgres', () => followed({}), 60_000);
    describeRedis('by', (program) => {
      it('Redis', async () => {
        const redis = await startRedis(program);
        try {
          await followed({ ROLEMINT_REDIS_URL: redis.url });
        } finally {
          await redis.close();
        }
      }, 60_000);
    });
  });
});
