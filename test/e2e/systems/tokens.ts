/** @module What the scenarios do at the server itself: tokens, profiles, and the rest of administration. */
import { expect } from '@jest/globals';
import { attemptKey } from '../../../src/services/sign-in.ts';
import { apiWith } from '../../support/administered.ts';
import type { TestServer } from '../../support/server.ts';
import { claimsOf, post, type Answer, type Form } from '../../support/token-client.ts';
import type { CloneStep, Step, TokenStep } from './scenario.ts';

const PASSWORD = 'Correct-Horse-7-Battery';

/** Tokens under the names that a scenario gave them: of a refreshed family the newest, under every one of its names. */
export interface Kept {
  readonly access: Map<string, string>;
  readonly refresh: Map<string, string>;
}

/** Where tokens are asked for, and which API they are to be for; undefined: for the issuer's own. */
export interface Place {
  readonly server: TestServer;
  readonly resource: string | undefined;
}

/** Asks for a token, as often as the step says, and keeps what it gives. */
export async function obtain(place: Place, step: Step, kept: Kept): Promise<void> {
  for (let time = 0; time < (step.repeat ?? 1); time += 1) {
    const answer = await ask(place, step.token!, kept);
    if (step.token!.grant === 'impersonation') checkImpersonation(answer, step);
    else check(answer, step.expect!);
    remember(answer, step, kept);
  }
}

function remember(answer: Answer, { as, token }: Step, kept: Kept): void {
  for (const [tokens, value] of [
    [kept.access, answer.body['access_token']],
    [kept.refresh, answer.body['refresh_token']],
  ] as const) {
    if (typeof value !== 'string') continue;
    for (const name of [as, token?.of]) if (typeof name === 'string') tokens.set(name, value);
  }
}

function ask({ server: { url }, resource }: Place, step: TokenStep, { access, refresh }: Kept): Promise<Answer> {
  const form: Form = { client_id: step.client, client_secret: step.secret, grant_type: step.grant, scope: step.scope ?? undefined, resource };
  if (step.grant === 'password') return post(`${url}/oauth/token`, { ...form, username: step.user, password: step.password ?? PASSWORD });
  if (step.grant === 'refresh_token') return post(`${url}/oauth/token`, { ...form, refresh_token: refresh.get(step.of!) });
  if (step.grant === 'impersonation') {
    return post(`${url}/oauth/token`, {
      ...form,
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: access.get(step.actor!),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_subject: step.target,
    });
  }
  return post(`${url}/oauth/token`, form);
}

function check(answer: Answer, expected: NonNullable<Step['expect']>): void {
  expect({ status: answer.status, error: answer.body['error'] }).toEqual({ status: expected.status, error: expected.error });
  if (expected.roles === undefined) return;
  expect(answer.body['scope']).toBe(expected.roles.join(' '));
  const claims = claimsOf(answer.body['access_token']);
  expect(claims['roles']).toEqual(expected.roles);
  expect(claims['scope']).toBe(expected.roles.join(' '));
}

function checkImpersonation(answer: Answer, { token, expect: expected }: Step): void {
  expect({ status: answer.status, code: answer.body['error_code'] }).toEqual({ status: expected!.status, code: expected!.code });
  if (expected!.status !== 200) return expect(answer.body['access_token']).toBeUndefined();
  check(answer, expected!);
  expect(claimsOf(answer.body['access_token'])).toMatchObject({ sub: token!.target, client_id: token!.client, act: { sub: expect.any(String) } });
  expect(answer.body['refresh_token']).toBeUndefined();
}

const OPERATIONS: Readonly<Record<string, string>> = { C: 'create', R: 'read', U: 'update', D: 'delete', E: 'export' };

/** Creates a profile with these permissions over the management API; whatever is refused leaves nothing behind. */
export async function clone(server: TestServer, { by, client, types }: CloneStep, status: number): Promise<void> {
  const scope = 'SecurityProfileAdmin SecurityProfileReader';
  const signedIn = await post(`${server.url}/oauth/token`, { grant_type: 'password', client_id: client, username: by, password: PASSWORD, scope });
  const api = apiWith(server, signedIn.body['access_token'] as string);
  const permissions = Object.entries(types).map(([type, letters]) => ({ type, operations: Array.from(letters, (letter) => OPERATIONS[letter]!) }));
  const before = (await api.get('/security-profiles?total=true')).body.total as number;
  const answer = await api.post('/security-profiles', { name: 'A clone', permissions });
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code: status === 403 ? 'above_ceiling' : undefined });
  expect((await api.get('/security-profiles?total=true')).body.total).toBe(before + (status === 201 ? 1 : 0));
}

export async function unlock({ app }: TestServer, userId: string): Promise<void> {
  await app.store.signIn.unlock(attemptKey(userId), {
    type: 'user_unlocked',
    at: new Date(app.clock.now()),
    actor: { kind: 'operator', id: 'test' },
    target: { kind: 'user', id: userId },
  });
}
