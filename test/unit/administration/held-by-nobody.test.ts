import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { heldByNobody } from '../../../src/administration/held-by-nobody.ts';
import { compileCatalogue } from '../../../src/domain/catalogue.ts';
import type { Assignment } from '../../../src/domain/assignment.ts';
import type { Store } from '../../../src/domain/ports.ts';
import { EVERYTHING, type Tenancy } from '../../../src/domain/tenancy.ts';
import { openMemoryStore } from '../../../src/storage/memory/store.ts';
import { assignment, client, organization, profile, to, user } from '../../support/market.ts';

const NOW = Date.UTC(2026, 5, 15);
const ROLES = ['Rare', 'Common', 'Scattered', 'Barred', 'Gone'];
const CROWD = 600;

let store: Store;
beforeAll(async () => {
  store = openMemoryStore({ clock: { now: () => NOW } });
  await store.transaction(async (tx) => {
    await tx.roles.put(ROLES.filter((name) => name !== 'Gone').map((name) => ({ name, category: 'custom' as const })));
    await tx.organizationTypes.put([
      { name: 'seller', parents: [], barredRoles: [] },
      { name: 'buyer', parents: ['seller'], barredRoles: ['Barred'] },
    ]);
    await tx.organizations.put([organization('S', 'seller'), organization('B', 'buyer', { parent: 'S' })]);
    await tx.users.put(Array.from({ length: CROWD }, (_, index) => user(`u${String(index).padStart(3, '0')}`, 'B')));
    await tx.users.put([user('boss', 'S'), user('off', 'S', { active: false })]);
    await tx.clients.put([client('shop'), client('program', { organization: 'S' })]);
    await tx.securityProfiles.put([profile('rare', ['Rare']), profile('common', ['Common']), profile('barred', ['Barred'])]);
    await tx.securityProfiles.put(Array.from({ length: 21 }, (_, index) => profile(`scattered-${index}`, ['Scattered'])));
  });
});
afterAll(() => store.close());

/** Asks within a transaction that assigns these, and takes it back. */
function ask(roles: readonly string[], given: readonly Assignment[], tenancy: Tenancy = EVERYTHING): Promise<string[]> {
  return store.transaction(
    async (tx) => {
      await tx.assignments.put(given);
      return heldByNobody(tx, compileCatalogue(await tx.access.loadDefinitions()), { roles, at: NOW, tenancy });
    },
    { rollback: true },
  );
}

const crowd = Array.from({ length: CROWD }, (_, index) => assignment('common', to.user(`u${String(index).padStart(3, '0')}`)));
const below: Tenancy = { kind: 'subtree', organization: 'B', path: ['S', 'B'] };

describe('a role is held by nobody', () => {
  test('when no assignment gives it, or it does not exist any more', async () => {
    expect(await ask(['Rare', 'Gone'], [])).toEqual(['Gone', 'Rare']);
  });

  test('when only a disabled user has it, or one whose assignment has ended or not begun', async () => {
    const given = [
      assignment('rare', to.user('off')),
      assignment('rare', to.user('boss'), { validUntil: new Date(NOW - 1) }),
      assignment('rare', to.user('u000'), { validFrom: new Date(NOW + 1) }),
    ];
    expect(await ask(['Rare'], given)).toEqual(['Rare']);
  });

  test('when those who have it are barred from it', async () => {
    expect(await ask(['Barred'], [assignment('barred', to.user('u001'))])).toEqual(['Barred']);
    expect(await ask(['Barred'], [assignment('barred', to.user('boss'))])).toEqual([]);
  });

  test('when only people outside the organizations that are asked about have it', async () => {
    expect(await ask(['Rare'], [assignment('rare', to.user('boss'))], below)).toEqual(['Rare']);
    expect(await ask(['Rare'], [assignment('rare', to.user('u000'))], below)).toEqual([]);
  });

  test('and is found among roles that a crowd holds', async () => {
    expect(await ask(['Rare', 'Common'], crowd)).toEqual(['Rare']);
  });
});

describe('a role is held', () => {
  test('by a user in tokens for one client, by everybody of an organization, or by a program', async () => {
    expect(await ask(['Rare'], [assignment('rare', to.user('boss'), { client: 'shop' })])).toEqual([]);
    expect(await ask(['Rare'], [assignment('rare', to.organization('S'), { includeDescendants: true })])).toEqual([]);
    expect(await ask(['Rare'], [assignment('rare', to.client('program'))])).toEqual([]);
  });

  test('as far as anybody can tell, when it stands in very many profiles', async () => {
    expect(await ask(['Scattered'], [])).toEqual([]);
  });

  test('as far as anybody can tell, when more have it than are looked at', async () => {
    expect(await ask(['Common'], crowd, { kind: 'subtree', organization: 'elsewhere', path: ['S', 'elsewhere'] })).toEqual([]);
  });
});
