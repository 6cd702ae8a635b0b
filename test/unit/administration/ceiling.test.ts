import { describe, expect, it } from '@jest/globals';
import type { Subject } from '../../../src/domain/access.ts';
import type { Catalogue } from '../../../src/domain/catalogue.ts';
import { above, aboveCeiling, ceilingOf, gainsOf, rolesFromNowOn, type Gain } from '../../../src/administration/ceiling.ts';
import type { Client } from '../../../src/domain/client.ts';
import { tenancyOf } from '../../../src/domain/tenancy.ts';
import { client } from '../../support/market.ts';
import { alice, catalogueOf, HOUR, market, NOW, profile, reach, role } from '../domain/fixtures.ts';

/** What Alice gains when she becomes somebody else. */
function gained(
  was: Subject | undefined,
  becomes: Subject | undefined,
  catalogues: { readonly before?: Catalogue; readonly after?: Catalogue } = {},
): readonly string[] {
  const snapshot = (catalogue: Catalogue, subject: Subject | undefined) => ({
    catalogue,
    users: new Map(subject === undefined ? [] : [['alice', subject]]),
    clients: new Map<string, never>(),
  });
  const { before = market, after = market } = catalogues;
  const gains = gainsOf(
    snapshot(before, was),
    snapshot(after, becomes),
    { users: ['alice'], clients: [], parties: [], cut: false, partiesCut: false },
    NOW,
  );
  return gains.flatMap((gain) => gain.roles);
}

describe('the ceiling', () => {
  const at = { clientId: 'console', now: NOW, tenancy: tenancyOf(alice()) };

  it('is what is held now, through the client in use', () => {
    const subject = alice(
      reach('shopper'),
      reach('invoices', { from: NOW + HOUR }),
      reach('approval', { client: 'other' }),
      reach('orders', { client: 'console', until: NOW + 1 }),
    );
    expect([...ceilingOf(market, subject, at).roles]).toEqual(['OrderReader', 'Shopper']);
  });

  it('has no role that the type is barred from', () => {
    expect(above(ceilingOf(market, alice(reach('orders')), at), ['OrderAdmin', 'OrderReader', 'OrderAdmin'])).toEqual(['OrderAdmin']);
  });

  it('is nothing for who is disabled', () => {
    expect([...ceilingOf(market, { ...alice(reach('shopper')), active: false }, at).roles]).toEqual([]);
  });

  it('is every role with FullAccess, and for how long', () => {
    const catalogue = catalogueOf({ securityProfiles: [profile('full', { roles: ['FullAccess'] })] });
    const ceiling = ceilingOf(catalogue, alice(reach('full', { until: NOW + HOUR })), at);
    expect(ceiling).toMatchObject({ everyRole: true, everyRoleUntil: NOW + HOUR });
    expect(above(ceiling, ['Anything'])).toEqual([]);
    expect(ceilingOf(catalogue, alice(reach('full'), reach('full', { until: NOW + HOUR })), at).everyRoleUntil).toBe(Infinity);
  });

  it('of a client that acts for itself ends at its maximum', () => {
    const catalogue = catalogueOf({ securityProfiles: [profile('full', { roles: ['FullAccess', 'UserAdmin'] })] });
    const ceiling = ceilingOf(catalogue, alice(reach('full')), { ...at, maximumRoles: ['UserAdmin'] });
    expect(ceiling.everyRole).toBe(false);
    expect(above(ceiling, ['UserAdmin', 'FullAccess'])).toEqual(['FullAccess']);
  });
});

describe('a gain', () => {
  it('is what is held after and was not before', () => {
    expect(gained(alice(reach('shopper')), alice(reach('shopper'), reach('approval')))).toEqual(['OrderApprover']);
    expect(gained(alice(reach('shopper')), alice())).toEqual([]);
    expect(gained(undefined, alice(reach('shopper')))).toEqual(['OrderReader', 'Shopper']);
    expect(gained(alice(reach('shopper')), undefined)).toEqual([]);
  });

  it('is a role between two later instants only', () => {
    expect(gained(alice(), alice(reach('shopper', { from: NOW + HOUR, until: NOW + 2 * HOUR })))).toEqual(['OrderReader', 'Shopper']);
  });

  it('is a role for longer than before', () => {
    const lease = (until: number) => alice(reach('shopper', { assignment: 'lease', until }));
    expect(gained(lease(NOW + HOUR), lease(NOW + 2 * HOUR))).toEqual(['OrderReader', 'Shopper']);
    expect(gained(lease(NOW + 2 * HOUR), lease(NOW + HOUR))).toEqual([]);
    expect(gained(lease(NOW + HOUR), lease(Infinity))).toEqual(['OrderReader', 'Shopper']);
  });

  it('is a role from earlier than before', () => {
    const lease = (from: number) => alice(reach('shopper', { assignment: 'lease', from }));
    expect(gained(lease(NOW + 2 * HOUR), lease(NOW + HOUR))).toEqual(['OrderReader', 'Shopper']);
    expect(gained(lease(NOW + HOUR), lease(NOW + 2 * HOUR))).toEqual([]);
  });

  it('is none where one path takes over from another without a break', () => {
    const handedOver = alice(reach('shopper', { until: NOW + HOUR }), reach('shopper', { from: NOW + HOUR }));
    expect(gained(alice(reach('shopper')), handedOver)).toEqual([]);
    const late = alice(reach('shopper', { until: NOW + HOUR }), reach('shopper', { from: NOW + 2 * HOUR }));
    expect(gained(late, handedOver)).toEqual(['OrderReader', 'Shopper']);
  });

  it('is none in the past, nor in a window that is empty', () => {
    expect(gained(alice(), alice(reach('shopper', { until: NOW })))).toEqual([]);
    expect(gained(alice(), alice(reach('shopper', { from: NOW + 2 * HOUR, until: NOW + HOUR })))).toEqual([]);
  });

  it('is a role in tokens for one client only', () => {
    expect(gained(alice(), alice(reach('shopper', { client: 'shop' })))).toEqual(['OrderReader', 'Shopper']);
    expect(gained(alice(reach('shopper', { client: 'web' })), alice(reach('shopper', { client: 'shop' })))).toEqual(['OrderReader', 'Shopper']);
    expect(gained(alice(reach('shopper')), alice(reach('shopper'), reach('shopper', { client: 'shop' })))).toEqual([]);
  });

  it('is everything for who is let in again', () => {
    const out = { ...alice(reach('shopper')), active: false };
    expect(gained(out, alice(reach('shopper')))).toEqual(['OrderReader', 'Shopper']);
    expect(gained(alice(reach('shopper')), out)).toEqual([]);
  });

  it('is what a type is no longer barred from', () => {
    const unbarred = catalogueOf({
      roles: ['OrderAdmin', 'OrderReader'].map(role),
      organizationTypes: [{ name: 'buyer', parents: ['seller'], barredRoles: [] }],
      securityProfiles: [profile('orders', { roles: ['OrderAdmin', 'OrderReader'] })],
    });
    expect(gained(alice(reach('orders')), alice(reach('orders')), { after: unbarred })).toEqual(['OrderAdmin']);
  });

  it('is no role that is new to the catalogue', () => {
    const grown = catalogueOf({
      roles: ['Shopper', 'OrderReader', 'Novelty'].map(role),
      securityProfiles: [profile('shopper', { fullAccess: true })],
    });
    const before = catalogueOf({ roles: ['Shopper', 'OrderReader'].map(role), securityProfiles: [profile('shopper', { fullAccess: true })] });
    expect(gained(alice(reach('shopper')), alice(reach('shopper')), { before, after: grown })).toEqual([]);
  });

  it('is everything where it is held over another part of the tree', () => {
    const at = (path: readonly string[]) => ({ ...alice(reach('shopper')), organization: { id: path.at(-1)!, type: 'buyer', path } });
    const both = ['OrderReader', 'Shopper'];
    expect(gained(at(['market', 'acme']), at(['market']))).toEqual(both);
    expect(gained(at(['market', 'acme']), at(['market', 'other']))).toEqual(both);
    expect(gained(at(['market', 'acme']), at(['acme']))).toEqual(both);
    expect(gained(at(['market', 'acme']), at(['market', 'acme', 'site']))).toEqual([]);
    expect(gained(at(['market', 'acme']), at(['market', 'region', 'acme']))).toEqual([]);
  });
});

describe('the gain of a client', () => {
  const subject: Subject = { ...alice(reach('shopper'), reach('approval')), kind: 'client', id: 'job' };
  function gainedByClient(was: Partial<Client> | undefined, becomes: Partial<Client>, acting = subject): readonly string[] {
    const reached = (given: Partial<Client>) => ({ client: client('job', { grantTypes: ['client_credentials'], ...given }), self: subject, acting });
    const snapshot = (given: Partial<Client> | undefined) => ({
      catalogue: market,
      users: new Map<string, never>(),
      clients: new Map(given === undefined ? [] : [['job', reached(given)]]),
    });
    const gains: Gain[] = gainsOf(snapshot(was), snapshot(becomes), { users: [], clients: ['job'], parties: [], cut: false, partiesCut: false }, NOW);
    return gains.flatMap(({ roles }) => roles);
  }
  const every = ['OrderApprover', 'OrderReader', 'Shopper'];

  it('is what its maximum lets through more', () => {
    expect(gainedByClient({ maximumRoles: ['Shopper'] }, { maximumRoles: ['Shopper', 'OrderReader'] })).toEqual(['OrderReader']);
    expect(gainedByClient({ maximumRoles: ['Shopper'] }, {})).toEqual(['OrderApprover', 'OrderReader']);
    expect(gainedByClient({}, { maximumRoles: ['Shopper'] })).toEqual([]);
  });

  it('is everything when it comes to act at all', () => {
    expect(gainedByClient(undefined, {})).toEqual(every);
    expect(gainedByClient({ active: false }, {})).toEqual(every);
    expect(gainedByClient({ grantTypes: ['password'] }, {})).toEqual(every);
    expect(gainedByClient({}, { grantTypes: ['password'] })).toEqual([]);
  });

  it('is nothing without an organization, when nothing changes', () => {
    expect(gainedByClient({}, {}, { ...subject, organization: undefined })).toEqual([]);
  });
});

describe('roles from now on', () => {
  it('are those of every window to come, through every client that is named, also of who is disabled', () => {
    const subject = alice(
      reach('shopper', { from: NOW + HOUR, until: NOW + 2 * HOUR }),
      reach('approval', { client: 'shop' }),
      reach('invoices', { until: NOW - 1 }),
      reach('orders'),
    );
    expect(rolesFromNowOn(market, { ...subject, active: false }, NOW, []).sort()).toEqual(['OrderApprover', 'OrderReader', 'Shopper']);
  });
});

describe('a refusal', () => {
  it('names at most twenty roles in its title, and all of them besides', () => {
    const roles = Array.from({ length: 25 }, (_, index) => `R${index}`);
    expect(aboveCeiling('Too much:', roles)).toMatchObject({
      code: 'above_ceiling',
      message: `Too much: ${roles.slice(0, 20).join(', ')} and 5 more.`,
      details: { roles },
    });
    expect(aboveCeiling('Too much.', []).message).toBe('Too much.');
  });
});
