/** Who calls, and what the call may do: a verified access token in the words of this SDK. */
export interface Access {
  /** User id, or client id in a client_credentials token. */
  readonly subject: string;
  readonly clientId: string;
  /** Exact names; there is no hierarchy and no wildcard among them. */
  readonly roles: ReadonlySet<string>;
  readonly scope: string;
  /** Undefined: the subject belongs to none. */
  readonly organization: AccessOrganization | undefined;
  /** Every organization that the subject may act for, its own first. */
  readonly organizationIds: readonly string[];
  readonly username: string | undefined;
  /** RFC 8693: who acts as the subject, in impersonation tokens. */
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

/** Reads verified claims. A token without roles has an empty set; the scope string is never searched in. */
export function accessOf(claims: Readonly<Record<string, unknown>>): Access {
  const text = (name: string): string | undefined => (typeof claims[name] === 'string' ? claims[name] : undefined);
  const list = (name: string): readonly string[] => {
    const value = claims[name];
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  };
  const organizationId = text('org_id');
  const act = claims['act'] as { readonly sub?: unknown } | undefined;
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
