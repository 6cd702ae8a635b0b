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

/** Any one of them suffices. */
export type Roles = readonly [string, ...string[]];

/** The same calls for what belongs to companies of a type, below the path of the type. */
export interface Place<Path extends string> {
  /** Of the SDK: `SupplierUsers`. */
  readonly calls: string;
  readonly type: CompanyType;
  readonly path: Path;
  readonly read: Roles;
  readonly write: Roles;
}

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

/** Finds the company that a request's path is below: the seller where it names none. */
export type CompanyIn = (params: unknown, administrator: Administrator) => Promise<Organization>;

/** @throws as {@link companyOf} and {@link sellerOf} do */
export function companyIn(parts: CompanyParts, type: CompanyType): CompanyIn {
  if (type === 'seller') return (_params, administrator) => sellerOf(parts, administrator);
  return (params, administrator) => companyOf(parts, type, String((params as { readonly company?: string }).company), administrator);
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
