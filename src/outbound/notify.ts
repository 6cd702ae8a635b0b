/**
 * @module Sends a form to an address that somebody registered: over TLS, to an address that was looked up once and is
 * connected to as it was found, without following where it leads, for a short time.
 */
import { lookup } from 'node:dns/promises';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { isIP, type BlockList } from 'node:net';
import type { Network } from '../domain/network.ts';
import { mayConnect, networkList } from './addresses.ts';

/** In all: looking up, connecting, being answered. */
const PATIENCE_MS = 2500;
const LARGEST_ANSWER = 64 * 1024;

/** Sends a form. @throws Error when it did not arrive, or was not answered with 2xx */
export type FormSender = (address: string, form: Readonly<Record<string, string>>) => Promise<void>;

/** @param networks besides the public ones where it may be sent to */
export function formSender(networks: readonly Network[]): FormSender {
  const allowed = networkList(networks);
  return (address, form) => sendForm(address, form, allowed);
}

async function sendForm(address: string, form: Readonly<Record<string, string>>, allowed: BlockList): Promise<void> {
  const url = new URL(address);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const target = await resolved(url.hostname, allowed);
  // What is registered without TLS is on the own machine, and only an operator can open the way there.
  const request = url.protocol === 'https:' ? requestTls : requestPlain;
  const body = new URLSearchParams(form).toString();
  await new Promise<void>((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        signal,
        agent: false,
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body), connection: 'close' },
        // The very address that was judged: another look-up could find another one.
        lookup: (_host, options, found) =>
          options.all === true
            ? found(null, [target])
            : (found as (error: null, address: string, family: number) => void)(null, target.address, target.family),
      },
      (answer) => {
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > LARGEST_ANSWER) answer.destroy(new Error('the answer is too large'));
        });
        answer.on('error', reject);
        answer.on('end', () => {
          const { statusCode = 0 } = answer;
          if (statusCode >= 200 && statusCode < 300) resolve();
          else reject(new Error(`answered with ${statusCode}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

async function resolved(hostname: string, allowed: BlockList): Promise<{ address: string; family: number }> {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1');
  const found = isIP(literal) === 0 ? await lookup(literal, { all: true, verbatim: true }) : [{ address: literal, family: isIP(literal) }];
  const bad = found.find(({ address }) => !mayConnect(address, allowed));
  if (bad !== undefined || found[0] === undefined) throw new Error(`${hostname} is at ${bad?.address ?? 'no address'}, where nothing is sent`);
  return found[0];
}
