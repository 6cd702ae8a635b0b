/**
 * @module A party is whom a security profile can be assigned to: a user, a user group, an organization or a client.
 */
import { DomainError } from './errors.ts';

export type PartyKind = 'user' | 'user_group' | 'organization' | 'client';

export interface Party {
  readonly kind: PartyKind;
  readonly id: string;
}

export interface UserGroup {
  readonly id: string;
  readonly name: string;
  readonly organization: string;
  readonly description?: string | undefined;
}

/** Membership in a user group, in force from `validFrom` to `validUntil` where these are set. */
export interface Membership {
  readonly userGroup: string;
  readonly validFrom?: Date | undefined;
  readonly validUntil?: Date | undefined;
  readonly reason?: string | undefined;
}

export interface User {
  readonly id: string;
  readonly username: string;
  readonly organization: string;
  readonly email?: string | undefined;
  /** The names and number as OpenID Connect calls them; no rule depends on them. */
  readonly givenName?: string | undefined;
  readonly familyName?: string | undefined;
  readonly phoneNumber?: string | undefined;
  readonly active: boolean;
  /** Organizations besides the own one that the user may act for; `org_ids` in the token. */
  readonly authorizedOrganizations: readonly string[];
  readonly memberships: readonly Membership[];
}

/** Natural ids: what people choose for organizations, groups, users, profiles and clients. They are kept as written. */
export const NATURAL_ID = /^[A-Za-z0-9][A-Za-z0-9._:@~-]{0,99}$/;

/** @throws `invalid_input` when the string cannot be an id */
export function assertNaturalId(id: string, pointer?: string): void {
  if (!NATURAL_ID.test(id)) {
    throw new DomainError(
      'invalid_input',
      `${JSON.stringify(id.slice(0, 120))} cannot be an id: 1 to 100 of A-Z a-z 0-9 . _ : @ ~ - are allowed, starting with a letter or digit.`,
      { pointer },
    );
  }
}

/** Control, format (zero-width, bidirectional), private-use and unassigned characters, and U+FFFD, the mark of invalid UTF-8. */
const UNSEEABLE = /[\p{C}\uFFFD]/u;

/**
 * The one form under which a user name is unique and looked up: NFKC, lower case, no outer space (RFC 8265, simplified
 * to what a form field can carry).
 * @returns undefined when the string cannot be anybody's user name
 */
export function canonicalUsername(username: string): string | undefined {
  const canonical = username.normalize('NFKC').toLowerCase();
  if (canonical.length === 0 || canonical.length > 200 || canonical.trim() !== canonical || UNSEEABLE.test(canonical)) return undefined;
  return canonical;
}

/** @throws `invalid_input` when nobody can be called that */
export function assertUsername(username: string, pointer?: string): void {
  if (canonicalUsername(username) === undefined) {
    throw new DomainError(
      'invalid_input',
      `${JSON.stringify(username.slice(0, 120))} cannot be a user name: 1 to 200 visible characters, no space at either end.`,
      {
        pointer,
      },
    );
  }
}
