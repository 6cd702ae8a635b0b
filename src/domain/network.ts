/** @module Networks as operators write them. */

/** Address and length of its prefix in bits. */
export type Network = readonly [string, number];

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const IPV6 = /^[\da-f:]{2,39}$/i;

/** @returns undefined when the text is no network such as `10.0.0.0/8` */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', length = ''] = /^([\da-f.:]+)\/(\d{1,3})$/i.exec(text) ?? [];
  const bits = Number(length);
  if (IPV4.test(address)) return bits <= 32 ? [address, bits] : undefined;
  return address.includes(':') && IPV6.test(address) && bits <= 128 ? [address, bits] : undefined;
}
