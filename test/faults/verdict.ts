/** @module Judges a history by what is in the database afterwards. */
import { compactVerify, importJWK } from 'jose';
import { verifyAuditChain } from '../../src/services/audit.ts';
import type { Store } from '../../src/domain/ports.ts';
import { check, type Facts, type Promises } from './checker.ts';
import type { Event } from './history.ts';
import type { Requester } from './requests.ts';

/** What the product promises, and five seconds more for the machine that runs the tests. */
export const PROMISED: Promises = { deadline: 10_000, staleness: 1000 };

/** @returns the promises that were broken, in sentences */
export async function judge(requester: Requester, store: Store, promises: Partial<Promises> = {}): Promise<string[]> {
  const named = new Set(requester.history.events.flatMap(({ issued }) => issued?.grant ?? []));
  const grants = new Set<string>();
  for (const id of named) if ((await store.grants.find(id)) !== undefined) grants.add(id);
  const facts: Facts = { ...(await auditOf(store)), grants };
  return check(await verified(requester), facts, { ...PROMISED, ...promises });
}

async function auditOf(store: Store): Promise<Pick<Facts, 'audit' | 'chainFault'>> {
  const audit = new Map<string, number>();
  const count = (name: string) => audit.set(name, (audit.get(name) ?? 0) + 1);
  let after: number | undefined;
  for (;;) {
    const page = await store.audit.walk({ after, limit: 1000 });
    for (const { type, target, requestId } of page) {
      count(`${type} ${target.kind}:${target.id}`);
      if (requestId === undefined) continue;
      count(`request:${requestId}`);
      count(`${type} request:${requestId}`);
    }
    if (page.length < 1000) break;
    after = Number(page.at(-1)!.id);
  }
  const { fault } = await verifyAuditChain(store.audit);
  return { audit, chainFault: fault && `${fault.kind} at ${fault.event}` };
}

/** The events, with a key only where it verifies the token. */
async function verified({ history, issued, keysSeen }: Requester): Promise<Event[]> {
  const keys = new Map<string, Awaited<ReturnType<typeof importJWK>>>();
  for (const [kid, jwk] of keysSeen) keys.set(kid, await importJWK(jwk, jwk.alg ?? 'ES256'));
  const good = async (event: Event): Promise<boolean> => {
    const key = keys.get(event.issued!.kid ?? '');
    if (key === undefined) return false;
    return compactVerify(issued.get(event)!, key).then(
      () => true,
      () => false,
    );
  };
  return Promise.all(
    history.events.map(async (event) => {
      if (event.issued === undefined || (await good(event))) return event;
      return { ...event, issued: { ...event.issued, kid: undefined } };
    }),
  );
}
