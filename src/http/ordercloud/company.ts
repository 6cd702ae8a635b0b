/**
 * @module Companies of OrderCloud are organizations here: their types are called `seller`, `buyer` and `supplier`, as in
 * the claim `usrtype`. Ids of OrderCloud are unique below their company, ours are unique everywhere: what a path puts
 * below another company than its own is not there.
 */
import { readable } from '../../administration/nouns.ts';
import type { Administrator } from '../../administration/administrator.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Organization } from '../../domain/organization.ts';
import type { User, UserGroup } from '../../domain/party.ts';
import type { Store } from '../../domain/ports.ts';
import { covers, EVERYTHING } from '../../domain/tenancy.ts';
import { notFound } from './errors.ts';

export const COMPANIES = ['seller', 'buyer', 'supplier'] as const;
export type CompanyType = (typeof COMPANIES)[number];

export const isCompany = (type: string | undefined): type is CompanyType => (COMPANIES as readonly (string | undefined)[]).includes(type);

/** What OrderCloud calls a company of the type. */
export const COMPANY_NAMES: Readonly<Record<CompanyType, string>> = { seller: 'Seller', buyer: 'Buyer', supplier: 'Supplier' };

export interface CompanyParts {
  readonly store: Pick<Store, 'directory'>;
}

/** @throws `not_found`, the same for what does not exist, lies outside, or is another kind of company */
export async function companyOf({ store }: CompanyParts, type: CompanyType, id: string, administrator: Administrator): Promise<Organization> {
  const found = (await store.directory.find('organizations', [id], readable('organizations', administrator))).get(id);
  if (found?.type !== type) throw notFound(COMPANY_NAMES[type], id);
  return found;
}

/**
 * The seller, for people of the seller: the root of the own tree, or the only seller that there is. People of buyers and
 * suppliers have nothing to look for there, whatever roles they hold.
 * @throws `forbidden` for them, and when there is none or no telling which
 */
export async function sellerOf({ store }: CompanyParts, { acting, tenancy }: Administrator): Promise<Organization> {
  const [root] = acting.organization?.path ?? [];
  const found =
    root === undefined
      ? await onlySeller(store, tenancy)
      : (await store.directory.find('organizations', [root], { tenancy: EVERYTHING, inherited: false })).get(root);
  if (found?.type !== 'seller') throw new DomainError('forbidden', 'You do not belong to the marketplace of one seller.');
  if (!covers(tenancy, found.path)) throw new DomainError('forbidden', 'This is for people of the seller, whatever roles are held.');
  return found;
}

async function onlySeller(store: CompanyParts['store'], tenancy: Administrator['tenancy']): Promise<Organization | undefined> {
  const { items } = await store.directory.list('organizations', {
    visibility: { tenancy, inherited: false },
    filters: { type: 'seller' },
    sort: 'id',
    descending: false,
    limit: 2,
    total: false,
  });
  return items.length === 1 ? items[0] : undefined;
}

/** @throws `not_found`, the same for a user who does not exist, lies outside, or belongs to another company */
export async function userOf({ store }: CompanyParts, company: Organization, id: string, administrator: Administrator): Promise<User> {
  const found = (await store.directory.find('users', [id], readable('users', administrator))).get(id);
  if (found?.organization !== company.id) throw notFound('User', id);
  return found;
}

/** {@link userOf} for a group. @throws `not_found` */
export async function userGroupOf({ store }: CompanyParts, company: Organization, id: string, administrator: Administrator): Promise<UserGroup> {
  const found = (await store.directory.find('user_groups', [id], readable('user_groups', administrator))).get(id);
  if (found?.organization !== company.id) throw notFound('UserGroup', id);
  return found;
}
