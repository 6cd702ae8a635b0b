import { describe, expect, test } from '@jest/globals';
import { callerOf } from '../../../src/storage/redis/attempt-budget.ts';
import { PASSWORD, secretOf } from '../../support/market.ts';
import { basic, post, type Answer } from '../../support/token-client.ts';
import { expectRefusal, startThreatened } from './endpoint.ts';

describe('T-17 stuffing', () => {
  const attempt = (url: string, username: string, forwarded?: string) =>
    post(
      `${url}/oauth/token`,
      { grant_type: 'password', username, password: 'Spring-2026!', client_id: 'spa' },
      forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    );

  test('an address that fails too often is told to come back later, whatever it says about itself and whomever it tries', async () => {
    const strict = await startThreatened({ env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '5' } });
    try {
      const answers: Answer[] = [];
      for (let index = 0; index < 8; index += 1)
        answers.push(await attempt(strict.url, index % 2 === 0 ? `nobody-${index}` : 'b1u', `203.0.113.${index}`));
      expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 429, 429, 429]);
      for (const answer of answers.slice(5)) {
        expectRefusal(answer, { status: 429, error: 'temporarily_unavailable' });
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(answer.text).toBe(answers[5]!.text);
      }
    } finally {
      await strict.close();
    }
  });

  test('behind one trusted proxy the address is what that proxy saw, not what was sent to it', async () => {
    const strict = await startThreatened({ env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '3', ROLEMINT_TRUSTED_PROXY_HOPS: '1' } });
    try {
      const statuses: number[] = [];
      for (let index = 0; index < 5; index += 1) statuses.push((await attempt(strict.url, `nobody-${index}`, `10.0.0.${index}, 192.0.2.7`)).status);
      expect(statuses).toEqual([400, 400, 400, 429, 429]);
      expect((await attempt(strict.url, 'nobody', '192.0.2.7, 192.0.2.8')).status).toBe(400);
    } finally {
      await strict.close();
    }
  });

  test('whoever has an IPv6 network has one budget, not one for each of its addresses', async () => {
    const strict = await startThreatened({ env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '3', ROLEMINT_TRUSTED_PROXY_HOPS: '1' } });
    try {
      const statuses: number[] = [];
      for (const address of ['2001:db8:1:2::1', '2001:db8:1:2:ffff::', '2001:0DB8:0001:0002:0:0:0:3', '2001:db8:1:2::4'])
        statuses.push((await attempt(strict.url, 'nobody', address)).status);
      expect(statuses).toEqual([400, 400, 400, 429]);
      expect((await attempt(strict.url, 'nobody', '2001:db8:1:3::1')).status).toBe(400);
    } finally {
      await strict.close();
    }
  });

  test('a client that proves who it is has no budget of its address: it speaks for many people; each name keeps its own', async () => {
    const strict = await startThreatened({ env: { ROLEMINT_ATTEMPTS_PER_ADDRESS: '3', ROLEMINT_ATTEMPTS_PER_NAME: '2' } });
    try {
      const through = (username: string) =>
        post(`${strict.url}/oauth/token`, { grant_type: 'password', username, password: 'Spring-2026!' }, basic('pw', secretOf('pw')));
      const statuses: number[] = [];
      for (let index = 0; index < 6; index += 1) statuses.push((await through(`nobody-${index}`)).status);
      for (let index = 0; index < 3; index += 1) statuses.push((await through('b1u')).status);
      expect(statuses).toEqual([400, 400, 400, 400, 400, 400, 400, 400, 429]);
    } finally {
      await strict.close();
    }
  });

  test('a name guessed at from one address can still sign in from another', async () => {
    const strict = await startThreatened({ env: { ROLEMINT_ATTEMPTS_PER_NAME: '4', ROLEMINT_TRUSTED_PROXY_HOPS: '1' } });
    try {
      const statuses: number[] = [];
      for (let index = 0; index < 6; index += 1) statuses.push((await attempt(strict.url, index % 2 === 0 ? 'root' : 'ROOT', '192.0.2.7')).status);
      expect(statuses).toEqual([400, 400, 400, 400, 429, 429]);
      expect((await attempt(strict.url, 'deleg', '192.0.2.7')).status).toBe(400);
      const victim = await post(
        `${strict.url}/oauth/token`,
        { grant_type: 'password', username: 'root', password: PASSWORD, client_id: 'spa' },
        { 'x-forwarded-for': '192.0.2.8' },
      );
      expect(victim.status).toBe(200);
    } finally {
      await strict.close();
    }
  });
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
  ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['192.0.2.1:4711', '192.0.2.1:4711'],
  ['nonsense:', 'nonsense:'],
])('T-17 the address %s is counted as %s', (address, caller) => expect(callerOf(address)).toBe(caller));

test('a full queue of passwords is 503 with Retry-After, and takes nothing from the budget', async () => {
  const busy = await startThreatened({ env: { ROLEMINT_HASH_THREADS: '1', ROLEMINT_HASH_QUEUE: '1', ROLEMINT_ATTEMPTS_PER_ADDRESS: '30' } });
  try {
    const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => busy.signIn(`nobody-${index}`)));
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expectRefusal(answer, { status: 503, error: 'temporarily_unavailable' });
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    await busy.stillWorks();
    expect((await busy.signIn('b1u')).status).toBe(200);
  } finally {
    await busy.close();
  }
});
