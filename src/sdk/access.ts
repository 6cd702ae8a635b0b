/** Who calls, and what the call may do: a verified access token in the words of this SDK. */
export interface Access {
  /** User id, or client id in a client_credentials token. */
  readonly subject: string;
  /** Client through which the token was issued. */
  readonly clientId: string;
  /** Exact names; there is no hierarchy and no wildcard among them. */
  readonly roles: ReadonlySet<string>;
  /** As it stands in the token. Not to be searched in: `Order` is a part of `OrderAdmin`. */
  readonly scope: string;
  /** Undefined: the subject belongs to none. */
  readonly organization: AccessOrganization | undefined;
  /** Every organization that the subject may act for, its own first. */
  readonly organizationIds: readonly string[];
  /** Undefined: no user stands behind the token. */
  readonly username: string | undefined;
  /** RFC 8693 §4.1: the user who really acts, in impersonation tokens. */
  readonly actor: string | undefined;
  readonly tokenId: string;
  readonly expiresAt: Date;
}

export interface AccessOrganization {
  readonly id: string;
  readonly type: string;
  /** Ids from the root to the organization, itself last. */
  readonly path: readonly string[];
}

/**
 * Reads the claims of a token that was verified. What is missing, or is not what it should be, gives nothing: a token
 * without a list of roles has an empty set.
 */
export function accessOf(claims: Readonly<Record<string, unknown>>): Access {
  const text = (name: string): string | undefined => (typeof claims[name] === 'string' ? claims[name] : undefined);
  const list = (name: string): readonly string[] => {
    const value = claims[name];
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  };
  const organizationId = text('org_id');
  const act = claims['act'] as { readonly sub?: unknown } | null | undefined;
  return {
    subject: text('sub') ?? '',
    clientId: text('client_id') ?? '',
    roles: new Set(list('roles')),
    scope: text('scope') ?? '',
    organization: organizationId === undefined ? undefined : { id: organizationId, type: text('org_type') ?? '', path: list('org_path') },
    organizationIds: list('org_ids'),
    username: text('username'),
    actor: typeof act?.sub === 'string' ? act.sub : undefined,
    tokenId: text('jti') ?? '',
    expiresAt: new Date(Number(claims['exp']) * 1000),
  };
}
