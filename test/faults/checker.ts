/**
 * @module Whether a history is one that the promises allow. Pure: events in, sentences about broken promises out. What is
 * `unknown` counts as done and as not done, whichever excuses the server.
 */
import type { Event, Holding } from './history.ts';

export interface Facts {
  /** How often the audit trail has each name that events call `audited`. */
  readonly audit: ReadonlyMap<string, number>;
  /** What is wrong with the chain of audit events. */
  readonly chainFault: string | undefined;
  /** Ids of the grants that are kept. */
  readonly grants: ReadonlySet<string>;
}

export interface Promises {
  /** Milliseconds within which everything is answered. */
  readonly deadline: number;
  /** Milliseconds after which a revocation, or another set of roles, counts everywhere. */
  readonly staleness: number;
  /** A node ends or is cut off from its clients: then a request may stay without an answer. */
  readonly nodesDie?: boolean;
}

export function check(events: readonly Event[], facts: Facts, promises: Promises): string[] {
  return [
    ...redeemedTwice(events),
    ...usedAfterRevocation(events, promises),
    ...rolesThatWereNotHeld(events, promises),
    ...unverifiable(events),
    ...issuedWithoutGrant(events, facts),
    ...notAuditedOnce(events, facts),
    ...wrongAnswers(events, promises),
  ];
}

const tell = ({ op, t0, t1, status }: Event): string => `${op} (${status ?? 'no answer'}, ${Math.round(t0)}–${Math.round(t1)} ms)`;

function redeemedTwice(events: readonly Event[]): string[] {
  const redeemed = grouped(
    events.filter(({ outcome }) => outcome === 'ok'),
    ({ redeems }) => redeems,
  );
  return [...redeemed]
    .filter(([, all]) => all.length > 1)
    .map(([name, all]) => `${name} was redeemed ${all.length} times: ${all.map(tell).join(', ')}`);
}

function usedAfterRevocation(events: readonly Event[], { staleness }: Promises): string[] {
  const ended = new Map<string, number>();
  for (const { revokes, outcome, t1 } of events) {
    if (revokes !== undefined && outcome === 'ok') ended.set(revokes, Math.min(t1, ended.get(revokes) ?? Infinity));
  }
  const late = ({ uses, outcome, t0 }: Event) => uses !== undefined && outcome === 'ok' && t0 > (ended.get(uses) ?? Infinity) + staleness;
  return events.filter(late).map((event) => `${event.uses} was revoked and is used: ${tell(event)}`);
}

const keyOf = ({ subject, role }: Holding): string => `${subject} ${role}`;

interface Change {
  readonly gives: boolean;
  readonly t0: number;
  readonly t1: number;
  readonly sure: boolean;
}

/** Changes of one holding come from one client, one after the other, so they are in order. */
function changesOf(events: readonly Event[]): ReadonlyMap<string, readonly Change[]> {
  const changes = new Map<string, Change[]>();
  for (const { assigns, unassigns, outcome, t0, t1 } of events) {
    const holding = assigns ?? unassigns;
    if (holding === undefined || outcome === 'refused') continue;
    const key = keyOf(holding);
    const change: Change = { gives: assigns !== undefined, t0, t1, sure: outcome === 'ok' };
    changes.set(key, [...(changes.get(key) ?? []), change]);
  }
  for (const list of changes.values()) list.sort((a, b) => a.t0 - b.t0);
  return changes;
}

/** A role is in a token only if it was held at some instant of the request, and is missing only if there was one at which it was not. */
function rolesThatWereNotHeld(events: readonly Event[], { staleness }: Promises): string[] {
  const changes = changesOf(events);
  const wrong: string[] = [];
  for (const event of events) {
    const { issued, outcome, t0, t1 } = event;
    if (issued === undefined || outcome !== 'ok') continue;
    for (const role of issued.asked) {
      const of = changes.get(keyOf({ subject: issued.subject, role })) ?? [];
      const carries = issued.roles.includes(role);
      if (carries && !mayBe(of, true, { from: t0 - staleness, to: t1 })) wrong.push(`${issued.subject} does not hold ${role}: ${tell(event)}`);
      if (!carries && !mayBe(of, false, { from: t0 - staleness, to: t1 }))
        wrong.push(`${issued.subject} holds ${role}, and it is missing: ${tell(event)}`);
    }
    const unasked = issued.roles.filter((role) => !issued.asked.includes(role));
    if (unasked.length > 0) wrong.push(`${unasked.join(', ')} was not asked for: ${tell(event)}`);
  }
  return wrong;
}

/** Whether the holding may have been in this state at some instant of a time. At first nothing is held. */
function mayBe(changes: readonly Change[], state: boolean, { from, to }: { readonly from: number; readonly to: number }): boolean {
  // The state lasts from the beginning of a change to it until the end of the next sure change away from it.
  let since = state ? undefined : -Infinity;
  for (const { gives, t0, t1, sure } of changes) {
    if (gives === state) since ??= t0;
    else if (sure && since !== undefined) {
      if (since <= to && from <= t1) return true;
      since = undefined;
    }
  }
  return since !== undefined && since <= to;
}

/** Verified, with a key that verifiers who fetched the keys before it was asked for know. */
function unverifiable(events: readonly Event[]): string[] {
  const snapshots = events.filter(({ published }) => published !== undefined).sort((a, b) => a.t1 - b.t1);
  const wrong: string[] = [];
  for (const event of events) {
    const { issued, outcome, t0 } = event;
    if (issued === undefined || outcome !== 'ok') continue;
    const before = snapshots.findLast(({ t1 }) => t1 < t0)?.published;
    if (issued.kid === undefined) wrong.push(`no published key verifies the token of ${tell(event)}`);
    else if (before !== undefined && !before.includes(issued.kid)) wrong.push(`key ${issued.kid} was not published before ${tell(event)}`);
  }
  return wrong;
}

function issuedWithoutGrant(events: readonly Event[], { grants }: Facts): string[] {
  const without = ({ outcome, issued }: Event) => outcome === 'ok' && issued?.grant !== undefined && !grants.has(issued.grant);
  return events.filter(without).map((event) => `the grant ${event.issued!.grant} of a token is not kept: ${tell(event)}`);
}

function notAuditedOnce(events: readonly Event[], { audit, chainFault }: Facts): string[] {
  const wrong = chainFault === undefined ? [] : [`the audit chain is broken: ${chainFault}`];
  for (const [name, all] of grouped(events, ({ audited }) => audited)) {
    const count = audit.get(name) ?? 0;
    const acknowledged = all.some(({ outcome }) => outcome === 'ok');
    const done = all.some(({ outcome }) => outcome !== 'refused');
    if (acknowledged ? count !== 1 : count > (done ? 1 : 0)) wrong.push(`${name} is ${count} times in the audit trail: ${all.map(tell).join(', ')}`);
  }
  return wrong;
}

/** Nothing hangs, and a server that cannot answer says so and when to come back. */
function wrongAnswers(events: readonly Event[], { deadline, nodesDie = false }: Promises): string[] {
  const wrong: string[] = [];
  for (const event of events) {
    const { status, retryAfter, t0, t1, fault } = event;
    if (t1 - t0 > deadline) wrong.push(`it took ${Math.round(t1 - t0)} ms: ${tell(event)}`);
    if (status === undefined && !nodesDie) wrong.push(`no answer (${fault ?? 'unknown'}): ${tell(event)}`);
    if (status !== undefined && status >= 500 && status !== 503) wrong.push(`a fault of the server: ${tell(event)}`);
    if (status === 503 && retryAfter !== true) wrong.push(`503 without Retry-After: ${tell(event)}`);
  }
  return wrong;
}

function grouped(events: readonly Event[], nameOf: (event: Event) => string | undefined): Map<string, Event[]> {
  const groups = new Map<string, Event[]>();
  for (const event of events) {
    const name = nameOf(event);
    if (name !== undefined) groups.set(name, [...(groups.get(name) ?? []), event]);
  }
  return groups;
}
