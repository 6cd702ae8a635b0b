/** T-86: the audit trail is kept for ever and read by many; whatever is changed, no secret and no hash of one gets into it. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { digest } from '../../../src/services/client-authentication.ts';
import { recordedAuditEvents } from '../../support/audit.ts';
import { MARKETPLACE, openBench, PASSWORD, type Bench } from '../cli/harness.ts';

let bench: Bench;
/** What the commands printed, or were given, that nobody else may know. */
const secrets: string[] = [PASSWORD];

beforeAll(async () => {
  bench = await openBench([MARKETPLACE]);
  const { app } = bench;
  const caller = { actor: { kind: 'operator', id: 'ops' } } as const;
  const run = async (argv: readonly string[], stdin?: string) => {
    const { code, out, err, json } = await bench.run(argv, stdin === undefined ? {} : { stdin });
    expect({ argv, code, err }).toEqual({ argv, code: 0, err: expect.any(String) });
    return argv.includes('--json') ? json() : { out };
  };
  const keep = (...found: readonly unknown[]) => secrets.push(...found.map(String));
  await run(['user', 'create', 'carol', '--organization', 'tidewater', '--password-stdin'], 'quite-a-Good-one-7\n');
  keep('quite-a-Good-one-7');
  keep((await run(['user', 'password', 'alice', '--generate', '--json']))['password']);
  keep(new URL(String((await run(['user', 'password', 'ben', '--link', '--json']))['one_time_link'])).searchParams.get('token'));
  const workspace = `rolemint: 1
clients: [{client_id: told, client_name: Told, organization: tidewater, grant_types: [client_credentials], client_secret: said-in-a-file-0123456789abcdef}]
users: [{id: told-user, username: told-user, organization: tidewater, password: Said-in-a-File-42}]\n`;
  await bench.write('secrets.yaml', workspace);
  await run(['apply', 'secrets.yaml', '--insecure-plaintext']);
  keep('said-in-a-file-0123456789abcdef', 'Said-in-a-File-42');
  keep((await run(['client', 'secret', 'add', 'told', '--json']))['client_secret']);
  await app.services.keys.ensure('ES256', caller);
  await run(['keys', 'rotate']);
  const issued = await app.store.transaction((tx) =>
    app.services.invitations.createIn(tx, { email: 'new@example.com', organization: 'tidewater', userGroups: [], securityProfiles: [] }, caller),
  );
  keep(/token=([\w-]+)/.exec(issued.mail.text)?.[1]);
  const keyFile = await readFile(path.join(app.config.keysDir, 'signing-keys.json'), 'utf8');
  keep(...[...keyFile.matchAll(/"d":\s*"([\w-]+)"/g)].map(([, d]) => d));
});
afterAll(() => bench.close());

it('T-86 every kind of secret was made', () => {
  expect(secrets.length).toBeGreaterThanOrEqual(9);
  for (const secret of secrets) expect(secret).toMatch(/^.{16,}$/);
});

it('T-86 no secret and no hash of one is in the audit trail', async () => {
  const events = await recordedAuditEvents(bench.app.store, { limit: 10_000 });
  for (const type of [
    'user_password_changed',
    'one_time_link_created',
    'client_secret_added',
    'client_created',
    'invitation_created',
    'signing_key_created',
  ])
    expect(events.map((event) => event.type)).toContain(type);
  const said = JSON.stringify(events.map(({ hash: _hash, ...event }) => event));
  for (const secret of secrets) {
    expect(said).not.toContain(secret);
    expect(said).not.toContain(digest(secret));
  }
  expect(said).not.toMatch(/\$argon2|password_hash|"(?:client_secret|password)":"(?!\[redacted\]")|"d":/);
});
