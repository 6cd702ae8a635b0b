import { beforeEach, describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import type { AuditEvent } from '../../../src/domain/audit-event.ts';
import { SIGNING_ALGORITHMS } from '../../../src/domain/resource-server.ts';
import { assertKeyRing, type KeyFile } from '../../../src/domain/signing-key.ts';
import { KeyService } from '../../../src/services/keys.ts';
import { generateSigningKey } from '../../../src/services/signing-key-generation.ts';
import { openMemoryKeyFile } from '../../../src/storage/memory/signing-keys.ts';

const START = Date.UTC(2026, 0, 1);
const CALLER = { actor: { kind: 'operator', id: 'root' }, requestId: 'r-1' } as const;

let clock: { time: number; now: () => number };
let keyFile: KeyFile;
let events: AuditEvent[];
let service: KeyService;
const trail = () => events.map(({ type, target }) => `${type} ${target.id}`);

beforeEach(() => {
  clock = { time: START, now: () => clock.time };
  keyFile = openMemoryKeyFile();
  events = [];
  service = new KeyService({ keyFile, clock, record: async (event) => void events.push(event) });
});

describe('generateSigningKey', () => {
  it.each(SIGNING_ALGORITHMS)('makes %s keys that may sign, named by their RFC 7638 thumbprint', async (alg) => {
    const [one, other] = await Promise.all([generateSigningKey(alg), generateSigningKey(alg)]);
    expect(one.kid).toBe(await calculateJwkThumbprint(one.privateJwk));
    expect(one.kid).not.toBe(other.kid);
    expect(one.privateJwk).toMatchObject({ kid: one.kid, alg, use: 'sig' });
    expect(() => assertKeyRing({ keys: [{ ...one, createdAt: START }] })).not.toThrow();
  });

  it('gives no id that `rolemint keys retire` takes for an option', async () => {
    const keys = await Promise.all(Array.from({ length: 500 }, () => generateSigningKey('EdDSA')));
    expect(keys.filter(({ kid }) => kid.startsWith('-'))).toEqual([]);
  });
});

describe('ensure', () => {
  it('makes a key that signs and one that waits, with an audit event each, and nothing the second time', async () => {
    await service.ensure('ES256', CALLER);
    const [current, next] = await service.list();
    expect([current?.status, next?.status]).toEqual(['current', 'next']);
    expect(trail()).toEqual([`signing_key_created ${current?.kid}`, `signing_key_created ${next?.kid}`]);
    expect(events[0]).toMatchObject({
      actor: CALLER.actor,
      requestId: 'r-1',
      at: new Date(START),
      target: { kind: 'signing_key' },
      after: { alg: 'ES256' },
    });
    const version = await keyFile.version();
    await service.ensure('ES256', CALLER);
    expect(await keyFile.version()).toBe(version);
    expect(events).toHaveLength(2);
  });

  it('by several at once makes them once', async () => {
    await Promise.all(Array.from({ length: 5 }, () => service.ensure('EdDSA', CALLER)));
    expect(await service.list()).toHaveLength(2);
    expect(events).toHaveLength(2);
  });

  it('keeps the keys of RS256 and PS256 apart', async () => {
    await service.ensure('RS256', CALLER);
    await service.ensure('PS256', CALLER);
    expect((await service.list()).map(({ alg, status }) => `${alg} ${status}`).sort()).toEqual([
      'PS256 current',
      'PS256 next',
      'RS256 current',
      'RS256 next',
    ]);
    expect(new Set((await keyFile.read()).keys.map(({ privateJwk }) => privateJwk['n'])).size).toBe(4);
  });
});

describe('rotate', () => {
  it('of a key that has been published rotates at once and says so', async () => {
    await service.ensure('ES256', CALLER);
    const [current, next] = await service.list();
    clock.time += 305_000;
    events.length = 0;
    expect(await service.rotate('ES256', CALLER)).toEqual({
      outcome: 'rotated',
      alg: 'ES256',
      predecessor: current?.kid,
      successor: next?.kid,
      activatesAt: new Date(clock.time),
    });
    expect((await service.list()).map(({ status }) => status)).toEqual(['retired', 'current', 'next']);
    expect(trail()).toEqual([`signing_key_rotated ${next?.kid}`, `signing_key_created ${(await service.list())[2]?.kid}`]);
    expect(events[0]).toMatchObject({
      before: { current: current?.kid },
      after: { alg: 'ES256', current: next?.kid, activates_at: new Date(clock.time) },
    });
  });

  it('of a fresh key says from when on it will sign; asked again meanwhile it changes nothing', async () => {
    await service.ensure('ES256', CALLER);
    const scheduled = await service.rotate('ES256', CALLER);
    expect(scheduled).toMatchObject({ outcome: 'scheduled', activatesAt: new Date(START + 305_000) });
    const recorded = events.length;
    clock.time += 1000;
    expect(await service.rotate('ES256', CALLER)).toEqual({ ...scheduled, outcome: 'unchanged' });
    expect(events).toHaveLength(recorded);
  });

  it('F7 by two at once rotates once: the other learns the new key and records nothing', async () => {
    await service.ensure('ES256', CALLER);
    clock.time += 400_000;
    events.length = 0;
    const results = await Promise.all([service.rotate('ES256', CALLER), service.rotate('ES256', CALLER)]);
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(['rotated', 'unchanged']);
    expect(results[0]?.successor).toBe(results[1]?.successor);
    expect(results[0]?.predecessor).toBe(results[1]?.predecessor);
    expect(events.filter(({ type }) => type === 'signing_key_rotated')).toHaveLength(1);
    expect((await service.list()).map(({ status }) => status)).toEqual(['retired', 'current', 'next']);
  });

  it('of an algorithm without keys is refused and makes none', async () => {
    await expect(service.rotate('PS256', CALLER)).rejects.toMatchObject({ code: 'not_found', message: 'There is no signing key for PS256.' });
    expect(await service.list()).toEqual([]);
    expect(events).toEqual([]);
  });
});

describe('retire', () => {
  it('replaces the key that signs at once and records both', async () => {
    await service.ensure('ES256', CALLER);
    const [current, next] = await service.list();
    events.length = 0;
    expect(await service.retire(current!.kid, CALLER)).toEqual({ alg: 'ES256', retired: current?.kid, replacement: next?.kid });
    const left = await service.list();
    expect(left.map(({ kid, status }) => [kid === next?.kid, status])).toEqual([
      [true, 'current'],
      [false, 'next'],
    ]);
    expect(trail()).toEqual([`signing_key_retired ${current?.kid}`, `signing_key_created ${left[1]?.kid}`]);
  });

  it('of an unknown key is refused and records nothing', async () => {
    await service.ensure('ES256', CALLER);
    events.length = 0;
    await expect(service.retire('nobody', CALLER)).rejects.toMatchObject({ code: 'not_found', message: 'There is no signing key with this id.' });
    expect(events).toEqual([]);
  });
});

it('T-77 neither the list nor the audit trail holds any private member', async () => {
  for (const alg of SIGNING_ALGORITHMS) await service.ensure(alg, CALLER);
  await service.rotate('RS256', CALLER);
  await service.retire((await service.list())[0]!.kid, CALLER);
  const shown = JSON.stringify([await service.list(), events]);
  for (const { privateJwk } of (await keyFile.read()).keys) expect(shown).not.toContain(privateJwk['d']);
});
