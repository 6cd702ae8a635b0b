/** @module The market of `access.ts` in miniature: Alice of Acme, the group of approvers, the Storefront. */
import type { Holdings, Instant, Reach, Subject } from '../../../src/domain/access.ts';
import { holdings } from '../../../src/domain/access.ts';
import { compileCatalogue, type Catalogue, type Definitions } from '../../../src/domain/catalogue.ts';
import type { Role } from '../../../src/domain/role.ts';
import type { SecurityProfile } from '../../../src/domain/security-profile.ts';

export const NOW: Instant = Date.UTC(2026, 5, 15, 12);
export const HOUR = 3_600_000;

export const role = (name: string): Role => ({ name, category: 'custom' });

export function profile(id: string, given: Partial<SecurityProfile> = {}): SecurityProfile {
  return { id, name: `Profile ${id}`, roles: [], permissions: [], fullAccess: false, managed: false, version: 1, ...given };
}

export function catalogueOf(definitions: Partial<Definitions>): Catalogue {
  return compileCatalogue({ roles: [], permissionTypes: [], organizationTypes: [], securityProfiles: [], ...definitions });
}

/** Shopper and order approval are plain roles; buyers are barred from `OrderAdmin`. */
export const market = catalogueOf({
  roles: ['Shopper', 'OrderReader', 'OrderAdmin', 'OrderApprover', 'InvoiceReader', 'orderadmin'].map(role),
  organizationTypes: [
    { name: 'seller', parents: [], barredRoles: [] },
    { name: 'buyer', parents: ['seller'], barredRoles: ['OrderAdmin', 'NobodyKnowsThis'] },
  ],
  securityProfiles: [
    profile('shopper', { roles: ['Shopper', 'OrderReader'] }),
    profile('approval', { roles: ['OrderApprover', 'OrderReader'] }),
    profile('invoices', { roles: ['InvoiceReader'] }),
    profile('orders', { roles: ['OrderAdmin', 'OrderReader'] }),
  ],
});

let made = 0;

/** An assignment of a profile that reaches its subject directly, without end, unless told otherwise. */
export function reach(profileId: string, given: Partial<Reach> = {}): Reach {
  made += 1;
  return {
    assignment: `assignment-${made}`,
    profile: profileId,
    party: { kind: 'user', id: 'alice' },
    includeDescendants: false,
    from: -Infinity,
    until: Infinity,
    assignedAt: NOW - HOUR,
    ...given,
  };
}

/** Alice, who buys for Acme. */
export function alice(...reaches: readonly Reach[]): Subject {
  return {
    kind: 'user',
    id: 'alice',
    username: 'alice',
    active: true,
    organization: { id: 'acme', type: 'buyer', path: ['market', 'acme'] },
    authorizedOrganizations: [],
    memberships: [],
    reaches,
  };
}

/** What Alice holds now, through no client in particular. */
export const aliceHolds = (...reaches: readonly Reach[]): Holdings => holdings(market, alice(...reaches), undefined, NOW);
