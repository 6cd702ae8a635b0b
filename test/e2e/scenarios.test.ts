import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { attemptKey } from '../../src/services/sign-in.ts';
import { apiWith } from '../support/administered.ts';
import { DATA, startServer, type TestServer } from '../support/server.ts';
import { describePostgres, openTestStore, STORE_KINDS } from '../support/stores.ts';
import { claimsOf, post, type Answer, type Form } from '../support/token-client.ts';

interface TokenStep {
  readonly grant: 'password' | 'client_credentials' | 'refresh_token' | 'impersonation';
  readonly client: string;
  readonly secret?: string;
  readonly user?: string;
  readonly password?: 'wrong';
  readonly scope: string | null;
  readonly of?: string;
  /** Impersonation: name of the kept token of who acts, and the user to act as. */
  readonly actor?: string;
  readonly target?: string;
}

/** A profile is created by somebody: letters are operations. */
interface CloneStep {
  readonly by: string;
  readonly client: string;
  readonly types: Readonly<Record<string, string>>;
}

interface Step {
  readonly token?: TokenStep;
  readonly clone?: CloneStep;
  readonly status?: number;
  readonly as?: string | null;
  readonly expect?: { readonly status: number; readonly roles?: readonly string[]; readonly error?: string; readonly code?: string };
  readonly repeat?: number;
  readonly change?: { readonly unlock?: { readonly user: string } };
}

interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly steps: readonly Step[];
}

const PASSWORD = 'Correct-Horse-7-Battery';

for (const kind of STORE_KINDS) {
  const declare = kind === 'postgres' ? describePostgres : describe;
  declare(`on the ${kind} store`, () => {
    describe.each(['ordercloud', 'tradecloud', 'voss'])('the token and clone steps of %s over HTTP', (system) => {
      const scenarios = JSON.parse(readFileSync(path.join(DATA, `scenarios/${system}.json`), 'utf8')) as Scenario[];
      let server: TestServer;

      beforeAll(async () => {
        server = await startServer({ store: await openTestStore(kind), workspaces: [path.join(DATA, `workspaces/${system}.yaml`)] });
      }, 60_000);
      afterAll(() => server.close());

      test.each(scenarios.map((scenario) => [`${scenario.id} ${scenario.title}`, scenario] as const))('%s', async (_title, { steps }) => {
        const kept: Kept = { access: new Map(), refresh: new Map() };
        for (const step of steps) {
          if (step.change?.unlock !== undefined) await unlock(server, step.change.unlock.user);
          if (step.clone !== undefined) await clone(server, step.clone, step.status!);
          if (step.token === undefined) continue;
          for (let time = 0; time < (step.repeat ?? 1); time += 1) {
            const answer = await ask(server, step.token, kept);
            if (step.token.grant === 'impersonation') checkImpersonation(answer, step);
            else check(answer, step.expect!);
            remember(answer, step, kept);
          }
        }
      });
    });
  });
}

/** Tokens under the names that a scenario gave them: of a refreshed family the newest, under every one of its names. */
interface Kept {
  readonly access: Map<string, string>;
  readonly refresh: Map<string, string>;
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

function ask({ url }: TestServer, step: TokenStep, { access, refresh }: Kept): Promise<Answer> {
  const form: Form = { client_id: step.client, client_secret: step.secret, grant_type: step.grant, scope: step.scope ?? undefined };
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
async function clone(server: TestServer, { by, client, types }: CloneStep, status: number): Promise<void> {
  const scope = 'SecurityProfileAdmin SecurityProfileReader';
  const signedIn = await post(`${server.url}/oauth/token`, { grant_type: 'password', client_id: client, username: by, password: PASSWORD, scope });
  const api = apiWith(server, signedIn.body['access_token'] as string);
  const permissions = Object.entries(types).map(([type, letters]) => ({ type, operations: Array.from(letters, (letter) => OPERATIONS[letter]!) }));
  const before = (await api.get('/security-profiles?total=true')).body.total as number;
  const answer = await api.post('/security-profiles', { name: 'A clone', permissions });
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code: status === 403 ? 'above_ceiling' : undefined });
  expect((await api.get('/security-profiles?total=true')).body.total).toBe(before + (status === 201 ? 1 : 0));
}

async function unlock({ app }: TestServer, userId: string): Promise<void> {
  await app.store.signIn.unlock(attemptKey(userId), {
    type: 'user_unlocked',
    at: new Date(app.clock.now()),
    actor: { kind: 'operator', id: 'test' },
    target: { kind: 'user', id: userId },
  });
}
