import { beforeAll, expect, it } from '@jest/globals';
import type { Assignment } from '../../src/domain/assignment.ts';
import { describeEachStore } from '../support/stores.ts';
import {
  assignment,
  at,
  client,
  DAY,
  expectRefusal,
  fresh,
  partyClient,
  partyGroup,
  partyOrganization,
  partyUser,
  putMarket,
  securityProfile,
  user,
  type Market,
} from './samples.ts';

describeEachStore('assignments', (suite) => {
  let market: Market;
  beforeAll(async () => {
    market = await putMarket(suite.store);
  });

  const put = (...assignments: Assignment[]) => suite.store.transaction((tx) => tx.assignments.put(assignments));
  const newProfile = async () => {
    const profile = securityProfile();
    await suite.store.transaction((tx) => tx.securityProfiles.put([profile]));
    return profile.id;
  };

  it('gives back what was put, to every kind of party', async () => {
    const profile = await newProfile();
    const full = assignment(profile, partyOrganization(market.buyer), {
      client: market.client,
      includeDescendants: true,
      validFrom: at(0),
      validUntil: at(DAY),
      reason: 'season',
      assignedBy: 'root',
    });
    const plain = [partyUser(market.user), partyGroup(market.group), partyClient(market.client)].map((party) => assignment(profile, party));
    await put(full, ...plain);
    expect(await suite.store.access.assignmentsOf({ securityProfile: profile }, 10)).toEqual([full, ...plain]);
    expect(await suite.store.access.assignmentsOf({ securityProfile: profile }, 2)).toEqual([full, plain[0]]);
    expect(await suite.store.access.assignmentsOf({ party: partyGroup(market.group), securityProfile: profile }, 10)).toEqual([plain[1]]);
    expect(await suite.store.access.assignmentsOf({ party: partyUser(market.group) }, 10)).toEqual([]);
  });

  it('refuses the same assignment under another id, unless client or start differ', async () => {
    const profile = await newProfile();
    const party = partyUser(market.user);
    await put(assignment(profile, party), assignment(profile, party, { client: market.client }), assignment(profile, party, { validFrom: at(1) }));
    const sentence = 'already assigned to this party';
    await expectRefusal(put(assignment(profile, party)), 'already_exists', sentence);
    await expectRefusal(put(assignment(profile, party, { validUntil: at(9) })), 'already_exists', sentence);
    await expectRefusal(put(assignment(profile, party, { client: market.client })), 'already_exists', sentence);
    await expectRefusal(put(assignment(profile, party, { validFrom: at(1), reason: 'x' })), 'already_exists', sentence);
    expect(await suite.store.access.assignmentsOf({ securityProfile: profile }, 10)).toHaveLength(3);
  });

  it('refuses contradictions and names that do not exist', async () => {
    const party = partyUser(market.user);
    await expectRefusal(
      put(assignment(market.profile, party, { includeDescendants: true })),
      'invalid_input',
      'include_descendants goes with an organization only.',
    );
    await expectRefusal(
      put(assignment(market.profile, party, { validFrom: at(2), validUntil: at(2) })),
      'invalid_input',
      'valid_until must be later',
    );
    await expectRefusal(
      put(assignment('nothing', party)),
      'invalid_input',
      'The security profile "nothing", named by an assignment, does not exist.',
    );
    await expectRefusal(put(assignment(market.profile, party, { client: 'nobody' })), 'invalid_input', 'The client "nobody", named by an assignment');
    await expectRefusal(put(assignment(market.profile, partyUser('nobody'))), 'invalid_input', 'The user "nobody", named by an assignment');
    await expectRefusal(put(assignment(market.profile, partyGroup('nobody'))), 'invalid_input', 'The user group "nobody"');
    await expectRefusal(put(assignment(market.profile, partyOrganization('nobody'))), 'invalid_input', 'The organization "nobody"');
    await expectRefusal(put(assignment(market.profile, partyClient('nobody'))), 'invalid_input', 'The client "nobody"');
  });

  it('moves an assignment to another party and tells both', async () => {
    const profile = await newProfile();
    const given = assignment(profile, partyUser(market.user));
    await put(given);
    const { version } = await suite.store.access.readChanges(0);
    await put({ ...given, party: partyGroup(market.group) });
    const { changes } = await suite.store.access.readChanges(version);
    expect(changes).toHaveLength(2);
    expect(changes).toEqual(expect.arrayContaining([partyUser(market.user), partyGroup(market.group)]));
    expect(await suite.store.access.assignmentsOf({ securityProfile: profile }, 9)).toEqual([{ ...given, party: partyGroup(market.group) }]);
  });

  it('lets two assignments exchange their parties at once', async () => {
    const profile = await newProfile();
    const [a, b] = [assignment(profile, partyUser(market.user)), assignment(profile, partyGroup(market.group))];
    await put(a, b);
    await put({ ...a, party: b.party }, { ...b, party: a.party });
    expect(await suite.store.access.assignmentsOf({ securityProfile: profile }, 9)).toEqual([
      { ...a, party: b.party },
      { ...b, party: a.party },
    ]);
  });

  it('goes with its party, and frees its natural key', async () => {
    const profile = await newProfile();
    const [person, program] = [user({ organization: market.site }), client()];
    const putParties = () =>
      suite.store.transaction(async (tx) => {
        await tx.users.put([person]);
        await tx.clients.put([program]);
      });
    await putParties();
    await put(assignment(profile, partyUser(person.id)), assignment(profile, partyClient(program.clientId)));
    await suite.store.transaction(async (tx) => {
      await tx.users.remove([person.id]);
      await tx.clients.remove([program.clientId]);
    });
    expect(await suite.store.access.assignmentsOf({ securityProfile: profile }, 9)).toEqual([]);
    await putParties();
    await put(assignment(profile, partyUser(person.id)), assignment(profile, partyClient(program.clientId)));
  });

  it('is removed by id, telling the party', async () => {
    const profile = await newProfile();
    const given = assignment(profile, partyClient(market.client));
    await put(given);
    const { version } = await suite.store.access.readChanges(0);
    await suite.store.transaction((tx) => tx.assignments.remove([given.id, 'nothing']));
    expect(await suite.store.access.readChanges(version)).toEqual({ version: version + 1, changes: [partyClient(market.client)] });
    expect(await suite.store.access.assignmentsOf({ securityProfile: profile }, 9)).toEqual([]);
  });

  it('keeps impersonation rules until something that they name goes', async () => {
    const profile = await newProfile();
    const rule = {
      id: fresh('rule'),
      impersonator: partyGroup(market.group),
      target: partyOrganization(market.buyer),
      securityProfile: profile,
      client: market.client,
    };
    const timed = { ...rule, id: fresh('rule'), target: partyUser(market.user), maxLifetimeSeconds: 300 };
    await suite.store.transaction(async (tx) => {
      await tx.impersonationRules.put([rule, timed]);
      expect([...(await tx.impersonationRules.findMany([rule.id, timed.id])).values()]).toEqual([rule, timed]);
      expect(await tx.impersonationRules.list({ limit: 10 })).toEqual(expect.arrayContaining([rule, timed]));
      await tx.securityProfiles.remove([profile]);
      expect((await tx.impersonationRules.findMany([rule.id, timed.id])).size).toBe(0);
    });
    const putRule = (given: Partial<typeof rule>) =>
      suite.store.transaction((tx) => tx.impersonationRules.put([{ ...rule, securityProfile: market.profile, ...given }]));
    await expectRefusal(putRule({ impersonator: partyClient(market.client) }), 'invalid_input', 'a client can be neither impersonator nor target');
    await expectRefusal(putRule({ target: partyUser('nobody') }), 'invalid_input', 'The user "nobody", named by an impersonation rule');
    await expectRefusal(
      putRule({ impersonator: partyOrganization('nobody') }),
      'invalid_input',
      'The organization "nobody", named by an impersonation rule',
    );
    await expectRefusal(putRule({ client: 'nobody' }), 'invalid_input', 'The client "nobody", named by an impersonation rule');
  });
});
