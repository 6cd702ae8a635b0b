/** @module Clients who use the server all the time, each doing one thing after the other until they are told to stop. */
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { PUBLISHED_BEFORE_USE_SECONDS, type KeyFile } from '../../src/domain/signing-key.ts';
import { assignmentId } from '../../src/services/assignment-id.ts';
import type { History, Holding } from './history.ts';
import { Requester, type Tokens } from './requests.ts';
import { actsForOthers, connectsDevices, invites, takesCodes } from './single-use.ts';
import { AGENT, LINKED_USER, ROLES, USERS, type WorldFile } from './world.ts';

/** What a client does, and how many milliseconds it waits in between. */
export type Client = readonly [every: number, step: (requester: Requester) => Promise<unknown>];

export interface LoadOptions {
  readonly history: History;
  readonly world: WorldFile;
  /** Where the servers are now; may change. */
  readonly nodes: () => readonly string[];
  /** Milliseconds between two requests of a client. */
  readonly pace?: number;
  /** Clients besides the usual ones. */
  readonly more?: readonly Client[];
}

export interface Load {
  readonly requester: Requester;
  /** Resolves when every client has its last answer. */
  stop(): Promise<void>;
}

/** Whose roles come and go. */
const CHANGING = [
  { party: 'client_id', subject: 'robot' },
  { party: 'user', subject: USERS[0] },
] as const;

/** Begins from a world in which none of {@link CHANGING} has a role, whatever the load before left behind. */
export async function startLoad({ history, world, nodes, pace = 40, more = [] }: LoadOptions): Promise<Load> {
  let turn = 0;
  const requester = new Requester(history, () => {
    const all = nodes();
    return all[(turn += 1) % all.length]!;
  });
  await begin(requester);
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  const forever = async (step: () => Promise<unknown>, every = pace) => {
    while (!over.signal.aborted) {
      await step();
      await pause(every, undefined, { signal: over.signal }).catch(() => undefined);
    }
  };
  const clients = [
    ...USERS.map((user) => forever(family(requester, user))),
    forever(() => requester.machine('robot', ROLES)),
    forever(() => requester.machine('drone', ROLES)),
    ...CHANGING.map((who) => forever(administrator(requester, who))),
    forever(() => requester.keys()),
    forever(() => requester.assertion(world.assertionKey, 2)),
    forever(takesCodes(requester), 3 * pace),
    forever(connectsDevices(requester), 8 * pace),
    forever(actsForOthers(requester), 3 * pace),
    forever(invites(requester, world.outbox), 8 * pace),
    ...more.map(([every, step]) => forever(() => step(requester), every)),
  ];
  return {
    requester,
    stop: async () => {
      over.abort();
      await Promise.all(clients);
    },
  };
}

async function begin(requester: Requester): Promise<void> {
  const before = { op: 'before', t0: -1, t1: -1, status: 200 } as const;
  const held = [
    { subject: 'admin', role: 'FullAccess' },
    { subject: AGENT, role: 'Impersonation' },
    { subject: `${USERS[1]} through ${AGENT}`, role: ROLES[0] },
  ];
  for (const assigns of held) requester.history.add({ ...before, outcome: 'ok', assigns });
  const token = await requester.machine('admin', ['FullAccess']);
  for (const { party, subject } of CHANGING) {
    for (const role of ROLES) {
      requester.history.add({ ...before, outcome: 'unknown', assigns: { subject, role } });
      await requester.unassign(token ?? '', { subject, role }, idOf(party, subject, role));
    }
  }
}

export function idOf(party: Changing['party'], subject: string, role: string): string {
  const kind = party === 'user' ? 'user' : 'client';
  return assignmentId({ securityProfile: role.toLowerCase(), party: { kind, id: subject }, client: undefined, validFrom: undefined });
}

type Changing = (typeof CHANGING)[number];

/** Signs in, refreshes a few times, lets an API ask, and ends it: by using a token twice at once, or by revoking it. */
function family(requester: Requester, user: string): () => Promise<void> {
  let tokens: Tokens | undefined;
  let steps = 0;
  return async () => {
    if (tokens === undefined) {
      tokens = await requester.signIn(user, ROLES);
      steps = 0;
      return;
    }
    steps += 1;
    if (steps % 3 === 0) return void (await requester.introspect(tokens));
    if (steps < 20) {
      // One that gets no answer tries again, as clients do; it may have been used up.
      const next = await requester.refresh(tokens);
      if (next !== 'unknown') tokens = typeof next === 'string' ? undefined : next;
      return;
    }
    const ended = tokens;
    tokens = undefined;
    if (steps % 2 === 0) await requester.revoke(ended);
    else await Promise.all([requester.refresh(ended), requester.refresh(ended), requester.refresh(ended)]);
    await requester.introspect(ended);
    await requester.refresh(ended);
  };
}

/** Gives and takes one role after the other. */
function administrator(requester: Requester, { party, subject }: Changing): () => Promise<void> {
  let token: string | undefined;
  let turn = 0;
  const held = new Set<string>();
  return async () => {
    token ??= await requester.machine('admin', ['FullAccess']);
    if (token === undefined) return;
    turn += 1;
    const role = ROLES[turn % ROLES.length]!;
    const holding: Holding = { subject, role };
    if (!held.has(role)) {
      const { status } = await requester.assign(token, holding, party);
      held.add(role);
      if (status === 401) token = undefined;
      return;
    }
    const { status } = await requester.unassign(token, holding, idOf(party, subject, role));
    if (status === 401) token = undefined;
    else if (status !== undefined && status < 500) held.delete(role);
  };
}

/** An administrator makes a link, and two people set a password with it at once. */
export const changesPassword: Client = [
  300,
  async (requester) => {
    const token = await requester.machine('admin', ['FullAccess']);
    const link = token && (await requester.passwordLink(token, LINKED_USER));
    const page = link === undefined || link === '' ? undefined : await requester.openLink('password', link);
    if (page !== undefined) await Promise.all([requester.redeemLink(page), requester.redeemLink(page)]);
  },
];

const PUBLISHED_LONG_ENOUGH_MS = (PUBLISHED_BEFORE_USE_SECONDS + 60) * 1000;

/** Two administrators rotate at once; the key that waits is made old enough to sign, which takes minutes otherwise. */
export const rotatesKeys = (keyFile: KeyFile): Client => [
  3000,
  async (requester) => {
    await age(keyFile);
    const token = await requester.machine('admin', ['FullAccess']);
    if (token !== undefined) await Promise.all([requester.rotateKeys(token), requester.rotateKeys(token)]);
  },
];

/** As if the one key that waits had been published for minutes, and no rotation was pending. */
export async function age(keyFile: KeyFile): Promise<void> {
  const now = Date.now();
  await keyFile.update(({ keys }) => {
    const used = keys.filter(({ activatesAt }) => activatesAt !== undefined && activatesAt <= now);
    const waiting = keys.filter((key) => !used.includes(key)).slice(0, 1);
    return { keys: [...used, ...waiting.map((key) => ({ ...key, createdAt: now - PUBLISHED_LONG_ENOUGH_MS, activatesAt: undefined }))] };
  });
}
