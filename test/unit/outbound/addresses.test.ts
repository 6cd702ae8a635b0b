import { describe, expect, test } from '@jest/globals';
import { parseNetwork } from '../../../src/domain/network.ts';
import { mayConnect, networkList } from '../../../src/outbound/addresses.ts';
import { formSender } from '../../../src/outbound/notify.ts';

const none = networkList([]);

describe('T-56: where the server may be sent to', () => {
  test.each([
    '169.254.169.254',
    '127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '224.0.0.1',
    'no address',
  ])('not to %s', (address) => {
    expect(mayConnect(address, none)).toBe(false);
  });

  test.each(['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'])('to %s', (address) => {
    expect(mayConnect(address, none)).toBe(true);
  });

  test('to a network that the operator named, and to no other', () => {
    const allowed = networkList([parseNetwork('10.0.0.0/8')!, parseNetwork('fd00::/8')!]);
    expect(['10.1.2.3', 'fd00::1', '192.168.1.1'].map((address) => mayConnect(address, allowed))).toEqual([true, true, false]);
  });

  test.each(['10.0.0.0', '10.0.0.0/33', '300.0.0.0/8', 'example.com/8', '::/129', ''])('%j is no network', (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });

  test.each(['http://2130706433/', 'http://0x7f.1/', 'http://localhost:1/', 'http://[::1]:1/', 'http://[::ffff:127.0.0.1]:1/'])(
    'nothing is sent to %s',
    async (address) => {
      await expect(formSender([])(address, { logout_token: 'x' })).rejects.toThrow('where nothing is sent');
    },
  );
});
