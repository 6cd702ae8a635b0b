/** @module Organizations form trees; the type of an organization says under which types it may hang and what its people can never do. */

export interface OrganizationType {
  readonly name: string;
  /** Types that it may hang under; empty: it is a root. */
  readonly parents: readonly string[];
  /** Roles that no user of such an organization can have in a token, whatever is assigned. */
  readonly barredRoles: readonly string[];
}

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly parent?: string | undefined;
  readonly active: boolean;
  /** Ids from the root to this organization, itself last. Kept by the store. */
  readonly path: readonly string[];
}
