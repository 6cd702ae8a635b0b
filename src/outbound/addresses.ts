/** @module Which addresses of the network the server may be sent to by what somebody registered. */
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { Network } from '../domain/network.ts';

/** IANA's special-purpose registries: own machine, private networks, link-local with its metadata services, multicast, and the rest that is nobody's. */
const SPECIAL: readonly Network[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];

export function networkList(networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const [address, bits] of networks) list.addSubnet(address, bits, isIPv6(address) ? 'ipv6' : 'ipv4');
  return list;
}

const special = networkList(SPECIAL);

/** Whether the server may connect to an address: it is public, or in a network that the operator named. */
export function mayConnect(address: string, allowed: BlockList): boolean {
  // An IPv4 address in the clothes of an IPv6 one means the same host.
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  const family = isIPv6(mapped) ? 'ipv6' : 'ipv4';
  if (isIP(mapped) === 0) return false;
  if (family === 'ipv6' && /^::ffff:/i.test(mapped)) return false;
  return allowed.check(mapped, family) || !special.check(mapped, family);
}
