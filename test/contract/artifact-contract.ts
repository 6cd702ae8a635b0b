/** @module What everything that keeps artifacts must do, whatever it keeps them in. */
import { describe, expect, it } from '@jest/globals';
import { ARTIFACT_KINDS, LONGEST_PAYLOAD, MOST_LISTED_ARTIFACTS, type ArtifactRecord, type ArtifactStore } from '../../src/domain/artifact.ts';
import { at, DAY, expectRefusal, fresh, HOUR, NOW } from './samples.ts';

export interface ArtifactSuite {
  readonly artifacts: ArtifactStore;
}

const record = (given: Partial<ArtifactRecord> = {}): ArtifactRecord => ({
  kind: 'authorization_code',
  id: fresh('artifact'),
  payload: { scope: 'OrderReader' },
  expiresAt: at(HOUR),
  ...given,
});

/** Declares the tests; the clock of the store stands at NOW. */
export function describeArtifacts(suite: ArtifactSuite): void {
  const put = async (given: Partial<ArtifactRecord> = {}) => {
    const made = record(given);
    await suite.artifacts.put(made);
    return made;
  };
  const find = ({ kind, id }: Pick<ArtifactRecord, 'kind' | 'id'>, seconds = 0) => suite.artifacts.find(kind, id, at(seconds));
  describeKeeping(suite, put, find);
  describeConsuming(suite, put, find);
  describeRemoving(suite, put, find);
  describeHostile(suite, put, find);
}

type Put = (given?: Partial<ArtifactRecord>) => Promise<ArtifactRecord>;
type Find = (made: Pick<ArtifactRecord, 'kind' | 'id'>, seconds?: number) => ReturnType<ArtifactStore['find']>;

function describeKeeping(suite: ArtifactSuite, put: Put, find: Find): void {
  it.each(ARTIFACT_KINDS)('keeps a %s, apart from those of other kinds with the same id', async (kind) => {
    const payload = { kind, nested: [{ a: null, b: [1, 2.5, 'x', true] }], empty: {} };
    const made = await put({ kind, payload });
    expect(await find(made)).toEqual({ payload });
    for (const other of ARTIFACT_KINDS) if (other !== kind) expect(await find({ kind: other, id: made.id })).toBeUndefined();
  });

  it('never finds one that has expired', async () => {
    const made = await put({ userCode: fresh('code'), userId: fresh('user') });
    expect(await find(made, HOUR - 1)).toBeDefined();
    expect(await find(made, HOUR)).toBeUndefined();
    expect(await suite.artifacts.findByUserCode(made.kind, made.userCode!, at(HOUR))).toBeUndefined();
    expect(await suite.artifacts.list(made.kind, made.userId!, at(HOUR))).toEqual([]);
    expect(await suite.artifacts.consume(made.kind, made.id, at(HOUR))).toBe(false);
    const past = await put({ expiresAt: at(-1) });
    expect(await find(past)).toBeUndefined();
  });

  it('replaces everything under the same kind and id', async () => {
    const [first, second] = [fresh('code'), fresh('code')];
    const made = await put({ userCode: first, userId: 'before' });
    await put({ ...made, payload: { now: 'this' }, userCode: second, userId: undefined, expiresAt: at(DAY) });
    expect(await find(made, 2 * HOUR)).toEqual({ payload: { now: 'this' } });
    expect(await suite.artifacts.findByUserCode(made.kind, second, NOW)).toEqual({ payload: { now: 'this' } });
    expect(await suite.artifacts.findByUserCode(made.kind, first, NOW)).toBeUndefined();
    expect(await suite.artifacts.list(made.kind, 'before', NOW)).toEqual([]);
    await put({ ...made, payload: { shorter: true }, expiresAt: at(1) });
    expect(await find(made, 1)).toBeUndefined();
  });

  it('finds by user code, within the kind', async () => {
    const made = await put({ kind: 'device_code', userCode: fresh('BCDF-GHJK') });
    expect(await suite.artifacts.findByUserCode('device_code', made.userCode!, NOW)).toEqual({ payload: made.payload });
    expect(await suite.artifacts.findByUserCode('session', made.userCode!, NOW)).toBeUndefined();
    expect(await suite.artifacts.findByUserCode('device_code', fresh('BCDF-GHJK'), NOW)).toBeUndefined();
  });

  it('lists those of a user, the longest lasting first, as many as there is room for', async () => {
    const [userId, other] = [fresh('user'), fresh('user')];
    const made: ArtifactRecord[] = [];
    for (const seconds of [30, 10, 20]) made.push(await put({ kind: 'session', userId, payload: { seconds }, expiresAt: at(HOUR + seconds) }));
    await put({ kind: 'interaction', userId });
    await put({ kind: 'session', userId: other });
    const listed = await suite.artifacts.list('session', userId, NOW);
    expect(listed.map(({ payload }) => payload['seconds'])).toEqual([30, 20, 10]);
    expect(listed[0]).toEqual({ id: made[0]!.id, payload: made[0]!.payload, expiresAt: made[0]!.expiresAt });
    for (let number = 0; number < MOST_LISTED_ARTIFACTS; number += 1) await put({ kind: 'session', userId });
    expect(await suite.artifacts.list('session', userId, NOW)).toHaveLength(MOST_LISTED_ARTIFACTS);
  });
}

function describeConsuming(suite: ArtifactSuite, put: Put, find: Find): void {
  it('is consumed once, and remembered to be', async () => {
    const made = await put();
    expect(await suite.artifacts.consume(made.kind, made.id, at(7))).toBe(true);
    expect(await suite.artifacts.consume(made.kind, made.id, at(8))).toBe(false);
    expect(await find(made)).toEqual({ payload: made.payload, consumedAt: at(7) });
    await put({ ...made, payload: { changed: true } });
    expect(await find(made)).toEqual({ payload: { changed: true }, consumedAt: at(7) });
    expect(await suite.artifacts.consume(made.kind, made.id, at(9))).toBe(false);
  });

  it('is consumed by exactly one of many at once', async () => {
    const made = await put();
    const race = await Promise.all(Array.from({ length: 20 }, () => suite.artifacts.consume(made.kind, made.id, NOW)));
    expect(race.filter(Boolean)).toHaveLength(1);
  });

  it('is not consumed when it is not there', async () => {
    expect(await suite.artifacts.consume('authorization_code', fresh('artifact'), NOW)).toBe(false);
    const made = await put();
    expect(await suite.artifacts.consume('device_code', made.id, NOW)).toBe(false);
    expect(await suite.artifacts.consume(made.kind, made.id, NOW)).toBe(true);
  });

  it('shows its mark wherever it is found', async () => {
    const made = await put({ kind: 'device_code', userCode: fresh('code'), userId: fresh('user') });
    await suite.artifacts.consume(made.kind, made.id, at(1));
    const found = { payload: made.payload, consumedAt: at(1) };
    expect(await suite.artifacts.findByUserCode(made.kind, made.userCode!, NOW)).toEqual(found);
    expect(await suite.artifacts.list(made.kind, made.userId!, NOW)).toEqual([{ id: made.id, expiresAt: made.expiresAt, ...found }]);
  });
}

function describeRemoving(suite: ArtifactSuite, put: Put, find: Find): void {
  it('is gone when it was removed, and can be kept anew', async () => {
    const made = await put({ userCode: fresh('code'), userId: fresh('user') });
    await suite.artifacts.consume(made.kind, made.id, NOW);
    await suite.artifacts.remove(made.kind, made.id);
    await suite.artifacts.remove(made.kind, made.id);
    expect(await find(made)).toBeUndefined();
    expect(await suite.artifacts.findByUserCode(made.kind, made.userCode!, NOW)).toBeUndefined();
    expect(await suite.artifacts.list(made.kind, made.userId!, NOW)).toEqual([]);
    expect(await suite.artifacts.consume(made.kind, made.id, NOW)).toBe(false);
    await put(made);
    expect(await find(made)).toEqual({ payload: made.payload });
    expect(await suite.artifacts.consume(made.kind, made.id, NOW)).toBe(true);
  });
}

function describeHostile(suite: ArtifactSuite, put: Put, find: Find): void {
  const unstorable = ['a\0b', 'a\uD800b', '\uDC00'];
  describe.each([
    ['quotes, braces, wildcards and line ends', `'; DROP TABLE artifacts; --"' {x} {y}} * ? [a] $1 :name \r\nDEL x\r\n`],
    ['backslashes', '\\ \\\\ \\u0000 \\ud800 \\x00 \\'],
    ['emoji and right-to-left marks', '👩‍👩‍👧 \u202Eabc\uFFFD\uFEFF'],
    ['names of an object’s own', '__proto__'],
  ])('%s', (_, text) => {
    it('comes back as it was, and names what it should', async () => {
      const payload = JSON.parse(JSON.stringify({ text, [text]: [text] })) as ArtifactRecord['payload'];
      const key = `${text}${fresh('key')}`;
      const made = await put({ kind: 'session', id: key, payload, userCode: key, userId: key });
      expect(await find(made)).toEqual({ payload });
      expect(await suite.artifacts.findByUserCode('session', key, NOW)).toEqual({ payload });
      expect(await suite.artifacts.list('session', key, NOW)).toEqual([{ id: key, expiresAt: made.expiresAt, payload }]);
      expect(await suite.artifacts.consume('session', key, NOW)).toBe(true);
      await suite.artifacts.remove('session', key);
      expect(await find(made)).toBeUndefined();
    });
  });

  it.each(unstorable)('%j is refused in what is kept, and not found', async (text) => {
    const members = ['id', 'userCode', 'userId'] as const;
    for (const member of members) await expectRefusal(put({ [member]: text }), 'invalid_input', 'contains NUL or invalid Unicode.');
    await expectRefusal(put({ payload: { text } }), 'invalid_input', 'contains NUL or invalid Unicode.');
    await expectRefusal(put({ payload: { [text]: 1 } }), 'invalid_input', 'contains NUL or invalid Unicode.');
    expect(await find({ kind: 'session', id: text })).toBeUndefined();
    expect(await suite.artifacts.findByUserCode('session', text, NOW)).toBeUndefined();
    expect(await suite.artifacts.consume('session', text, NOW)).toBe(false);
    expect(await suite.artifacts.list('session', text, NOW)).toEqual([]);
    await suite.artifacts.remove('session', text);
  });

  it('what is too long, or would last too long, is refused', async () => {
    await expectRefusal(put({ id: '' }), 'invalid_input');
    await expectRefusal(put({ id: 'x'.repeat(251) }), 'invalid_input');
    const long = { x: 'x'.repeat(LONGEST_PAYLOAD - '{"x":""}'.length) };
    expect(await find(await put({ payload: long }))).toEqual({ payload: long });
    await expectRefusal(put({ payload: { x: `${long.x}x` } }), 'invalid_input', 'An artifact is longer than 131072 characters.');
    await expectRefusal(put({ expiresAt: at(401 * DAY) }), 'invalid_input', 'An artifact would last longer than 400 days.');
    await expectRefusal(put({ expiresAt: new Date(Number.NaN) }), 'invalid_input', 'contains a date outside of the years 1 to 9999.');
    expect(await find({ kind: 'session', id: 'x'.repeat(10_000) })).toBeUndefined();
  });
}
