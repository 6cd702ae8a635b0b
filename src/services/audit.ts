/** @module Whether the audit trail is what was written: goes along the chain of events and stops at the first that does not fit. */
import { createHash } from 'node:crypto';
import { FIRST_LINK, linkAfter } from '../domain/audit-chain.ts';
import type { AuditReader, ChainHead } from '../domain/audit-event.ts';

/** What is wrong at the first event that does not fit. */
export type ChainFault =
  /** What it says, or its hash, is not what was written; or that of the one before, if its hash was made anew as well. */
  | 'changed'
  /** It is gone, and later ones are there. */
  | 'missing'
  /** It is gone, with all later ones. */
  | 'cut'
  /** It was put before the first one or behind the last one. */
  | 'added'
  /** It is not the one that was noted. */
  | 'replaced'
  /** The last link, which is kept apart, is gone or is not the event's. */
  | 'head';

export interface Verification {
  /** Events that fit, from the first one on. */
  readonly events: number;
  /** Hash of the last event that fits. */
  readonly hash: string;
  readonly fault: { readonly kind: ChainFault; readonly event: number } | undefined;
}

/** Events that are in memory at once. */
const PAGE = 1000;

/**
 * Goes along the whole chain in pages; events that are written meanwhile are left for the next time.
 * @param noted an earlier end of the chain, kept where nobody can reach it who can write to the database: only this tells
 *   of a chain that was made anew as a whole
 */
export async function verifyAuditChain(reader: AuditReader, noted?: ChainHead): Promise<Verification> {
  const head = await reader.readHead();
  let events = 0;
  let hash = FIRST_LINK;
  const fault = (kind: ChainFault, event = events + 1): Verification => ({ events, hash, fault: { kind, event } });
  if (head === undefined) return fault('head', 0);
  while (events < head.events) {
    const page = await reader.walk({ after: events === 0 ? undefined : events, limit: Math.min(PAGE, head.events - events) });
    if (page.length === 0) return fault('cut');
    for (const event of page) {
      const number = Number(event.id);
      if (number !== events + 1) return number > events ? fault(number > head.events ? 'cut' : 'missing') : fault('added', number);
      const link = linkAfter(hash, event, sha256);
      if (link !== event.hash) return fault('changed');
      if (noted?.events === events + 1 && noted.hash !== link) return fault('replaced');
      events += 1;
      hash = link;
    }
  }
  if (hash !== head.hash) return fault('head', events);
  if (noted !== undefined && noted.events > events) return fault('cut');
  const [later] = await reader.walk({ after: events === 0 ? undefined : events, limit: 1 });
  const headNow = await reader.readHead();
  if (later !== undefined && (later.id !== String(events + 1) || (headNow?.events ?? 0) <= events)) return fault('added', Number(later.id));
  return { events, hash, fault: undefined };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
