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
  /** Every organization that the subject may act for, its own first. */
  readonly ids: readonly string[];
}

/**
 * Reads the claims of a token that was verified. What is missing, or is not what it should be, gives nothing: a token
 * without a list of roles has an empty set.
 */
export function accessOf(claims: Readonly<Record<string, unknown>>): Access {
  const act = claims['act'] as { readonly sub?: unknown } | null | undefined;
  return {
    subject: textOf(claims['sub']) ?? '',
    clientId: textOf(claims['client_id']) ?? '',
    roles: new Set(textsOf(claims['roles'])),
    scope: textOf(claims['scope']) ?? '',
    organization: organizationOf(claims),
    username: textOf(claims['username']),
    actor: textOf(act?.sub),
    tokenId: textOf(claims['jti']) ?? '',
    expiresAt: new Date(Number(claims['exp']) * 1000),
  };
}

function organizationOf(claims: Readonly<Record<string, unknown>>): AccessOrganization | undefined {
  const id = textOf(claims['org_id']);
  if (id === undefined) return undefined;
  return { id, type: textOf(claims['org_type']) ?? '', path: textsOf(claims['org_path']), ids: textsOf(claims['org_ids']) };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const isText = (value: unknown): value is string => typeof value === 'string';
const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter(isText) : []);
