import type { RoleCategory } from '../../domain/role.ts';

/** The roles that OrderCloud knows; every other one is a custom role to it. Names of its SDK's type `ApiRole`. */
export const API_ROLES: ReadonlySet<string> = new Set(
  (
    'ApiClientAdmin ApiClientReader AddressAdmin AddressReader AdminAddressAdmin AdminAddressReader AdminUserAdmin AdminUserGroupAdmin ' +
    'AdminUserGroupReader AdminUserReader ApprovalRuleAdmin ApprovalRuleReader BundleAdmin BundleAssignmentAdmin BundleReader BuyerAdmin ' +
    'BuyerImpersonation BuyerReader BuyerUserAdmin BuyerUserReader CatalogAdmin CatalogReader CategoryAdmin CategoryReader CostCenterAdmin ' +
    'CostCenterReader CreditCardAdmin CreditCardReader EntitySyncConfigAdmin FullAccess IncrementorAdmin IncrementorReader LocaleReader LocaleAdmin ' +
    'MeAddressAdmin MeAdmin MeCreditCardAdmin MessageConfigAssignmentAdmin MeSubscriptionAdmin MeXpAdmin OrderAdmin OrderReader OverrideShipping ' +
    'OverrideTax OverrideUnitPrice PasswordReset PriceScheduleAdmin PriceScheduleReader ProductAdmin ProductAssignmentAdmin ProductCollectionReader ' +
    'ProductFacetAdmin ProductFacetReader ProductReader ProductSyncConfigAdmin PromotionAdmin PromotionReader SecurityProfileAdmin ' +
    'SecurityProfileReader SetSecurityProfile ShipmentAdmin ShipmentReader Shopper SpendingAccountAdmin SpendingAccountReader SubscriptionAdmin ' +
    'SubscriptionReader SupplierAddressAdmin SupplierAddressReader SupplierAdmin SupplierReader SupplierUserAdmin SupplierUserGroupAdmin ' +
    'SupplierUserGroupReader SupplierUserReader UnsubmittedOrderReader UserGroupAdmin UserGroupReader OpenIDConnectReader OpenIDConnectAdmin ' +
    'MessageSenderReader MessageSenderAdmin XpIndexAdmin WebhookReader WebhookAdmin IntegrationEventReader IntegrationEventAdmin TrackingEventReader ' +
    'TrackingEventAdmin DeliveryConfigAdmin OrderSyncConfigAdmin ErrorConfigAdmin'
  ).split(' '),
);

const KINDS = [
  ['FullAccess', 'full_access'],
  ['Shopper', 'shopper'],
  ['Me', 'me'],
  ['Override', 'override'],
] as const;

/** A role of this name, for a workspace that has none: the name says which kind OrderCloud takes it for. */
export function roleNamed(name: string): { readonly name: string; readonly category: RoleCategory } {
  if (!API_ROLES.has(name)) return { name, category: 'custom' };
  const kind = KINDS.find(([beginning]) => name.startsWith(beginning) && !name.startsWith('Message'))?.[1];
  return { name, category: kind ?? (name.endsWith('Reader') ? 'reader' : name.endsWith('Admin') ? 'admin' : 'other') };
}

/** Roles in the two lists that OrderCloud keeps them in. */
export function split(roles: readonly string[]): { readonly known: readonly string[]; readonly custom: readonly string[] } {
  return { known: roles.filter((role) => API_ROLES.has(role)), custom: roles.filter((role) => !API_ROLES.has(role)) };
}
