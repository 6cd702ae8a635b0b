import { beforeAll, expect, it } from '@jest/globals';
import { describeEachStore } from '../support/stores.ts';
import { until } from '../support/until.ts';
import { describeArtifacts } from './artifact-contract.ts';
import { at, DAY, fresh, HOUR, NOW } from './samples.ts';

describeEachStore('artifacts', (suite) => {
  beforeAll(async () => suite.store.ping());

  describeArtifacts({
    get artifacts() {
      return suite.store.artifacts;
    },
  });

  it('go when they have expired, in batches, and may be kept anew before', async () => {
    const { store } = suite;
    const [ended, again, running] = [fresh('artifact'), fresh('artifact'), fresh('artifact')];
    const kind = 'authorization_code';
    await store.artifacts.put({ kind, id: ended, payload: {}, expiresAt: at(0.1) });
    await store.artifacts.put({ kind, id: again, payload: {}, expiresAt: at(HOUR) });
    await store.artifacts.put({ kind, id: running, payload: {}, expiresAt: at(10 * DAY) });
    expect(await store.artifacts.consume(kind, again, NOW)).toBe(true);
    suite.clock.set(at(HOUR));
    await store.artifacts.put({ kind, id: again, payload: { anew: true }, expiresAt: at(2 * DAY) });
    expect(await store.artifacts.find(kind, again, at(HOUR))).toEqual({ payload: { anew: true } });
    while ((await store.reap(at(DAY), 5)) > 0);
    // In Redis by itself, elsewhere by what was reaped.
    await until(async () => (await store.artifacts.find(kind, ended, NOW)) === undefined, 'what has expired is gone');
    expect(await store.artifacts.find(kind, again, at(DAY))).toBeDefined();
    expect(await store.artifacts.find(kind, running, at(DAY))).toBeDefined();
  });
});
