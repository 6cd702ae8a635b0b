/** @module Clients who use the server all the time, each doing one thing after the other until they are told to stop. */
import { setTimeout as pause } from 'node:timers/promises';
import type { History, Holding } from './history.ts';
import { Requester, type Tokens } from './requests.ts';
import { ROLES, USERS, type World } from './world.ts';
import { assignmentId } from '../../src/services/assignment-id.ts';

export interface LoadOptions {
  readonly history: History;
  readonly world: World;
  /** Where the servers are now; may change. */
  readonly nodes: () => readonly string[];
  /** Milliseconds between two requests of a client. */
  readonly pace?: number;
}

export interface Load {
  readonly requester: Requester;
  /** Resolves when every client has its last answer. */
  stop(): Promise<void>;
}

export function startLoad({ history, world, nodes, pace = 20 }: LoadOptions): Load {
  let turn = 0;
  let stopped = false;
  history.add({ op: 'the world is made', t0: -1, t1: -1, outcome: 'ok', status: 200, assigns: { subject: 'admin', role: 'FullAccess' } });
  const requester = new Requester(history, () => {
    const all = nodes();
    return all[(turn += 1) % all.length]!;
  });
  const forever = async (step: () => Promise<unknown>) => {
    while (!stopped) {
      await step();
      await pause(pace);
    }
  };
  const clients = [
    ...USERS.map((user) => forever(family(requester, user))),
    forever(() => requester.machine('robot', ROLES)),
    forever(() => requester.machine('drone', ROLES)),
    forever(administrator(requester, { party: 'client_id', subject: 'robot' })),
    forever(administrator(requester, { party: 'user', subject: USERS[0] })),
    forever(() => requester.keys()),
    forever(() => requester.assertion(world.assertionKey, 2)),
  ];
  return {
    requester,
    stop: async () => {
      stopped = true;
      await Promise.all(clients);
    },
  };
}

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
function administrator(
  requester: Requester,
  { party, subject }: { readonly party: 'user' | 'client_id'; readonly subject: string },
): () => Promise<void> {
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
    const kind = party === 'user' ? 'user' : 'client';
    const id = assignmentId({ securityProfile: role.toLowerCase(), party: { kind, id: subject }, client: undefined, validFrom: undefined });
    const { status } = await requester.unassign(token, holding, id);
    if (status === 401) token = undefined;
    else if (status !== undefined && status < 500) held.delete(role);
  };
}
