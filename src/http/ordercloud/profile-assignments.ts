/**
 * Who has which security profile. An assignment names a company, or a user or group and the company they are of; with no
 * id at all it is the seller's, and the seller's *only*: nothing of it reaches those below.
 */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import type { Administrator } from '../../administration/administrator.ts';
import { readable } from '../../administration/nouns.ts';
import type { Assignment } from '../../domain/assignment.ts';
import type { FieldCondition } from '../../domain/browse.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Party } from '../../domain/party.ts';
import type { Store } from '../../domain/ports.ts';
import { id, optionalId, strict } from './bodies.ts';
import { COMPANIES, companyOf, sellerOf, userGroupOf, userOf, type CompanyParts, type CompanyType } from './company.ts';
import { notFound } from './errors.ts';
import { exactly, pageOf, PAGE_PARAMETERS } from './list.ts';
import { route, type OrderCloudRoute } from './route.ts';

export interface ProfileAssignmentRouteParts extends CompanyParts {
  readonly administration: Administration;
  readonly store: Pick<Store, 'directory'>;
}

const READERS = ['SetSecurityProfile', 'SecurityProfileReader', 'SecurityProfileAdmin'] as const;
const WRITERS = ['SetSecurityProfile', 'SecurityProfileAdmin'] as const;

const LEVELS = { User: 'user', Group: 'user_group', Company: 'organization' } as const;
const parameter = id.optional();

const body = strict({ SecurityProfileID: id, BuyerID: optionalId, SupplierID: optionalId, UserID: optionalId, UserGroupID: optionalId });

/** Whom a request is about, by OrderCloud's ids. */
interface Named {
  readonly buyer: string | undefined;
  readonly supplier: string | undefined;
  readonly user: string | undefined;
  readonly userGroup: string | undefined;
}

export function profileAssignmentRoutes(parts: ProfileAssignmentRouteParts): readonly OrderCloudRoute[] {
  const { administration, store } = parts;
  const common = { about: 'SecurityProfileAssignment', resource: 'assignments' } as const;
  return [
    route({
      ...common,
      call: 'SecurityProfiles.ListAssignments',
      method: 'GET',
      path: '/securityprofiles/assignments',
      roles: READERS,
      query: z.object({
        ...PAGE_PARAMETERS,
        buyerID: parameter,
        supplierID: parameter,
        securityProfileID: parameter,
        userID: parameter,
        userGroupID: parameter,
        commerceRole: z.enum(['Buyer', 'Seller', 'Supplier']).optional(),
        level: z.enum(['User', 'Group', 'Company']).optional(),
      }),
      handle: async ({ query, administrator }) => {
        const { page, pageSize, securityProfileID, userID, userGroupID, buyerID, supplierID, commerceRole, level } = query;
        const is = (field: string, ...values: readonly string[]): FieldCondition => ({
          field,
          oneOf: values.map((value) => ({ not: false, is: { like: [value] } })),
        });
        const found = await store.directory.browse('assignments', {
          visibility: readable('assignments', administrator),
          filters: {
            ...(securityProfileID === undefined ? {} : { security_profile: securityProfileID }),
            ...(userID === undefined ? {} : { user: userID }),
            ...(userGroupID === undefined ? {} : { user_group: userGroupID }),
          },
          conditions: [
            is('level', ...(level === undefined ? Object.values(LEVELS) : [LEVELS[level]])),
            is('organization_type', ...(commerceRole === undefined ? COMPANIES : [commerceRole.toLowerCase()])),
            ...[buyerID, supplierID].flatMap((company) => (company === undefined ? [] : exactly('organization', company))),
            ...(buyerID === undefined ? [] : [is('organization_type', 'buyer')]),
            ...(supplierID === undefined ? [] : [is('organization_type', 'supplier')]),
          ],
          order: [],
          skip: (page - 1) * pageSize,
          limit: pageSize,
        });
        return { status: 200, body: pageOf({ page, pageSize }, { items: await shown(parts, found.items), total: found.total }) };
      },
    }),
    route({
      ...common,
      call: 'SecurityProfiles.SaveAssignment',
      method: 'POST',
      path: '/securityprofiles/assignments',
      roles: WRITERS,
      body,
      handle: async ({ body: { SecurityProfileID, BuyerID, SupplierID, UserID, UserGroupID }, call, administrator }) => {
        await assertProfile(parts, SecurityProfileID, administrator);
        const party = await partyOf(parts, { buyer: BuyerID, supplier: SupplierID, user: UserID, userGroup: UserGroupID }, administrator);
        // OrderCloud has no word of confirmation: the profile's name in the request is taken for one.
        const confirmed = { ...call, confirmed: true };
        await administration
          .create('assignments', { security_profile: SecurityProfileID, [party.kind]: party.id }, confirmed)
          .catch((error: unknown) => {
            if (!(error instanceof DomainError) || error.code !== 'already_exists') throw error;
          });
        return { status: 204 };
      },
    }),
    route({
      ...common,
      call: 'SecurityProfiles.DeleteAssignment',
      method: 'DELETE',
      path: '/securityprofiles/{id}/assignments',
      roles: WRITERS,
      query: z.object({ buyerID: parameter, supplierID: parameter, userID: parameter, userGroupID: parameter }),
      handle: async ({ params, query: { buyerID, supplierID, userID, userGroupID }, call, administrator }) => {
        await assertProfile(parts, params.id, administrator);
        const party = await partyOf(parts, { buyer: buyerID, supplier: supplierID, user: userID, userGroup: userGroupID }, administrator);
        const given = await store.directory.list('assignments', {
          visibility: readable('assignments', administrator),
          filters: { security_profile: params.id, [party.kind]: party.id },
          sort: 'id',
          descending: false,
          limit: MOST_BETWEEN_TWO,
          total: false,
        });
        if (given.items.length === 0) throw notFound('SecurityProfileAssignment', params.id);
        // Whoever takes a profile away means it: those for one client only, or for a time, too.
        for (const assignment of given.items) await administration.remove('assignments', assignment.id, call);
        return { status: 204 };
      },
    }),
  ];
}

/** Assignments of one profile to one party: one for good, others with a client or a beginning. */
const MOST_BETWEEN_TWO = 1000;

async function assertProfile({ store }: ProfileAssignmentRouteParts, profile: string, administrator: Administrator): Promise<void> {
  const found = await store.directory.find('security_profiles', [profile], readable('security_profiles', administrator));
  if (!found.has(profile)) throw notFound('SecurityProfile', profile);
}

/** @throws `invalid_input` for what names two companies, or two parties; `not_found` for who is not of the company */
async function partyOf(parts: CompanyParts, { buyer, supplier, user, userGroup }: Named, administrator: Administrator): Promise<Party> {
  if (buyer !== undefined && supplier !== undefined)
    throw new DomainError('invalid_input', 'BuyerID and SupplierID do not go together.', { pointer: '/SupplierID' });
  if (user !== undefined && userGroup !== undefined)
    throw new DomainError('invalid_input', 'UserID and UserGroupID do not go together.', { pointer: '/UserGroupID' });
  const company =
    buyer !== undefined
      ? await companyOf(parts, 'buyer', buyer, administrator)
      : supplier !== undefined
        ? await companyOf(parts, 'supplier', supplier, administrator)
        : await sellerOf(parts, administrator);
  if (user !== undefined) return { kind: 'user', id: (await userOf(parts, company, user, administrator)).id };
  if (userGroup !== undefined) return { kind: 'user_group', id: (await userGroupOf(parts, company, userGroup, administrator)).id };
  return { kind: 'organization', id: company.id };
}

async function shown({ store: { directory } }: ProfileAssignmentRouteParts, assignments: readonly Assignment[]) {
  const everywhere = { tenancy: { kind: 'everything' }, inherited: false } as const;
  const idsOf = (kind: Party['kind']): string[] => assignments.flatMap(({ party }) => (party.kind === kind ? [party.id] : []));
  const [users, groups] = await Promise.all([
    directory.find('users', idsOf('user'), everywhere),
    directory.find('user_groups', idsOf('user_group'), everywhere),
  ]);
  const companyIdOf = ({ kind, id: key }: Party): string =>
    kind === 'organization' ? key : ((kind === 'user' ? users : groups).get(key)?.organization ?? '');
  const companies = await directory.find(
    'organizations',
    assignments.map(({ party }) => companyIdOf(party)),
    everywhere,
  );
  return assignments.map(({ securityProfile, party }) => {
    const company = companies.get(companyIdOf(party));
    const of = (type: CompanyType): string | null => (company?.type === type ? company.id : null);
    return {
      SecurityProfileID: securityProfile,
      BuyerID: of('buyer'),
      SupplierID: of('supplier'),
      UserID: party.kind === 'user' ? party.id : null,
      UserGroupID: party.kind === 'user_group' ? party.id : null,
    };
  });
}
