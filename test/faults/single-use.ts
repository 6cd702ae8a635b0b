/** @module Clients of what may be used once: every other thing is used twice at once, and now and then one again later. */
import { randomUUID } from 'node:crypto';
import { outboxAt, tokenIn } from '../support/outbox.ts';
import { CALLBACK, DEVICE_GRANT } from '../support/sign-in.ts';
import type { Outcome } from './history.ts';
import { Person } from './person.ts';
import type { Requester, Tokens } from './requests.ts';
import { AGENT, ISSUER, ROLES, USERS } from './world.ts';

/** What must have worked once before a fault: otherwise nothing would be seen of it. */
export const SINGLE_USE = ['redeem code', 'redeem device code', 'exchange', 'accept invitation'] as const;

type Step = () => Promise<void>;

/** Uses a thing. */
type Use = () => Promise<Tokens | Outcome>;

/** Everything that was used so far in one way. */
class Used {
  readonly #uses: Use[] = [];

  /**
   * By turns alone, and at two nodes at once, when it may be that neither gets anything; and once more when nobody knows
   * what came of it, as clients do.
   */
  async use(use: Use): Promise<void> {
    const times = (this.#uses.push(use) % 2) + 1;
    const results = await Promise.all(Array.from({ length: times }, use));
    if (results.includes('unknown')) await use();
  }

  /** One of them again, whatever happened since. */
  async again(): Promise<void> {
    await this.#uses[Math.floor(Math.random() * this.#uses.length)]?.();
  }
}

/** A person signs in to a client, which redeems the code. */
export function takesCodes(requester: Requester): Step {
  const person = new Person(requester, USERS[0]);
  const used = new Used();
  return async () => {
    await used.again();
    const taken = await person.code(ROLES);
    if (taken === undefined) return;
    const form = { grant_type: 'authorization_code', redirect_uri: CALLBACK, code: taken.code, code_verifier: taken.verifier };
    const code = { form, subject: person.username, asked: ROLES, redeems: `code ${taken.code.slice(0, 8)}` };
    await used.use(() => requester.redeem('redeem code', code));
  };
}

/** A person lets a device act, which asks for its tokens. */
export function connectsDevices(requester: Requester): Step {
  const person = new Person(requester, USERS[0]);
  const used = new Used();
  const asked = [ROLES[0]];
  return async () => {
    await used.again();
    const begun = await requester.authorizeDevice(asked);
    if (begun === undefined || !(await person.connect(begun.userCode, ROLES[0]))) return;
    const form = { grant_type: DEVICE_GRANT, device_code: begun.deviceCode };
    const device = { form, subject: person.username, asked, redeems: `device code ${begun.deviceCode.slice(0, 8)}` };
    await used.use(() => requester.redeem('redeem device code', device));
  };
}

/** An agent acts as somebody else, until what it signed in with is revoked. */
export function actsForOthers(requester: Requester): Step {
  let tokens: Tokens | undefined;
  let turn = 0;
  return async () => {
    tokens ??= await requester.signIn(AGENT, ['Impersonation'], ISSUER);
    if (tokens === undefined) return;
    turn += 1;
    if (turn % 10 === 0) await requester.revoke(tokens);
    const outcome = await requester.exchange(tokens, USERS[1], ROLES);
    if (outcome === 'refused') tokens = undefined;
  };
}

/** An administrator invites, and people accept what is in the mails. */
export function invites(requester: Requester, folder: string): Step {
  const outbox = outboxAt(folder);
  const used = new Used();
  let token: string | undefined;
  return async () => {
    await used.again();
    token ??= await requester.machine('admin', ['FullAccess']);
    if (token !== undefined && (await requester.invite(token, `${randomUUID()}@example.com`)) === 401) token = undefined;
    for (const mail of await outbox.take(0)) {
      const page = await requester.openLink('invitation', tokenIn(mail));
      if (page !== undefined) await used.use(() => requester.redeemLink(page));
    }
  };
}
