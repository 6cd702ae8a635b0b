import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { assignment, client, organization, PASSWORD, profile, resourceServer, secret, secretOf, to, user } from '../support/market.ts';
import { basic, claimsOf, type Form } from '../support/token-client.ts';
import { startThreatened, turnableClock, type Threatened } from './threats/endpoint.ts';

let server: Threatened;
const clock = turnableClock();

beforeAll(async () => {
  server = await startThreatened({ clock });
  // What is compared here is not whether the password is right.
  jest.spyOn(server.app.hasher, 'verify').mockImplementation(async (_hash, password) => password === PASSWORD);
});
afterAll(() => server.close());

const through = (clientId: string, form: Form) => server.token(form, basic(clientId, secretOf(clientId)));

/** A small workspace at random over fixed names: two users, a group, two clients, two APIs, four profiles. */
const ROLES = ['A', 'B', 'Shopper', 'OrderReader', 'OrderAdmin', 'MarketAdmin', 'FullAccess', 'UserReader'];
const someRoles = fc.subarray(ROLES);
const parties = [to.user('u0'), to.user('u1'), to.group('g0'), to.organization('S'), to.organization('O'), to.client('c0'), to.client('c1')];
const minutes = fc.option(fc.integer({ min: -3, max: 5 }), { nil: undefined });
const workspaces = fc.record({
  profiles: fc.array(fc.record({ roles: someRoles, fullAccess: fc.integer({ min: 0, max: 9 }).map((n) => n === 0) }), { minLength: 4, maxLength: 4 }),
  assignments: fc.uniqueArray(
    fc.record({
      profile: fc.nat(3),
      party: fc.constantFrom(...parties),
      client: fc.option(fc.constantFrom('c0', 'c1'), { nil: undefined, freq: 4 }),
      descendants: fc.boolean(),
      from: minutes,
      until: minutes,
    }),
    {
      maxLength: 8,
      selector: ({ profile: number, party, client: limit, from }) => [number, party.kind, party.id, limit, from].join(),
    },
  ),
  barred: fc.subarray(ROLES, { maxLength: 2 }),
  clients: fc.array(
    fc.record({
      maximumRoles: fc.option(someRoles, { nil: undefined }),
      omittedScope: fc.oneof(fc.constantFrom('none' as const, 'all' as const), someRoles),
      contextUser: fc.option(fc.constantFrom('u0', 'u1'), { nil: undefined }),
      organization: fc.constantFrom('S', 'O', undefined),
    }),
    { minLength: 2, maxLength: 2 },
  ),
  apiRoles: fc.option(someRoles, { nil: undefined }),
  requested: fc.option(fc.subarray([...ROLES, 'Bogus', 'a']), { nil: undefined }),
});
type Generated = typeof workspaces extends fc.Arbitrary<infer T> ? T : never;

const API = 'https://random.example.com';

async function build({ profiles, assignments, barred, clients, apiRoles }: Generated): Promise<void> {
  const at = (offset: number | undefined) => (offset === undefined ? undefined : new Date(clock.now() + offset * 60_000 + 30_000));
  await server.app.store.transaction(async (tx) => {
    await tx.organizationTypes.put([{ name: 'random', parents: ['seller'], barredRoles: barred }]);
    await tx.organizations.put([organization('O', 'random', { parent: 'S' })]);
    await tx.userGroups.put([{ id: 'g0', name: 'g0', organization: 'O' }]);
    await tx.users.put([user('u0', 'O', { memberships: [{ userGroup: 'g0' }] }), user('u1', 'S')]);
    for (const id of ['u0', 'u1']) await tx.setPassword(id, 'any', new Date(clock.now()));
    await tx.securityProfiles.put(profiles.map(({ roles, fullAccess }, index) => profile(`p${index}`, roles, { fullAccess })));
    await tx.clients.put(clients.map((given, index) => client(`c${index}`, given)));
    for (const id of ['c0', 'c1']) if ((await tx.findClientSecrets([id])).size === 0) await tx.addClientSecret(id, secret(secretOf(id)));
    await tx.resourceServers.put([resourceServer(API, apiRoles === undefined ? {} : { roles: apiRoles })]);
    const old = (await tx.assignments.list({ limit: 1000 })).filter(({ id }) => id.startsWith('random-'));
    await tx.assignments.remove(old.map(({ id }) => id));
    await tx.assignments.put(
      assignments
        .filter(({ from, until }) => from === undefined || until === undefined || from < until)
        .map(({ profile: number, party, client: limit, descendants, from, until }, index) =>
          assignment(`p${number}`, party, {
            id: `random-${index}`,
            client: limit,
            includeDescendants: descendants && party.kind === 'organization',
            validFrom: at(from),
            validUntil: at(until),
          }),
        ),
    );
  });
}

test('explain, preview and the token that is issued never differ, whatever the workspace', async () => {
  const { explain } = server.app.services;
  let carried = 0;
  await fc.assert(
    fc.asyncProperty(workspaces, async (generated) => {
      await build(generated);
      const scope = generated.requested?.join(' ');
      for (const clientId of ['c0', 'c1']) {
        for (const person of ['u0', 'u1', undefined]) {
          const form = { scope, resource: API };
          const answer = await through(
            clientId,
            person === undefined
              ? { grant_type: 'client_credentials', ...form }
              : { grant_type: 'password', username: person, password: PASSWORD, ...form },
          );
          expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 200 });
          const issued = claimsOf(answer.body['access_token'])['roles'] as string[];
          expect(answer.body['scope']).toBe(issued.join(' '));
          carried += issued.length;
          const question = { user: person, client: clientId, audience: API };
          const { negotiation, explanations, objection } = await explain.preview(question, scope);
          expect(objection).toBeUndefined();
          expect(issued).toEqual(negotiation.granted);
          expect(
            explanations
              .filter(({ verdict }) => verdict === 'granted')
              .map(({ name }) => name)
              .sort(),
          ).toEqual(issued);
          for (const name of [...ROLES, 'Bogus']) {
            const { explanation } = await explain.why(question, name);
            const asked = negotiation.requested.includes(name);
            expect(explanation.verdict === 'granted' && asked).toBe(issued.includes(name));
            if (asked) expect(explanation).toEqual(explanations.find((one) => one.name === name));
          }
          if (person !== undefined) {
            const refreshed = await through(clientId, { grant_type: 'refresh_token', refresh_token: String(answer.body['refresh_token']) });
            expect(claimsOf(refreshed.body['access_token'])['roles']).toEqual(issued);
          }
          const seen = await server.introspect(String(answer.body['access_token']), clientId);
          expect(seen.body['roles']).toEqual(issued);
        }
      }
    }),
    { numRuns: 30, endOnFailure: true },
  );
  expect(carried).toBeGreaterThan(0);
}, 60_000);
