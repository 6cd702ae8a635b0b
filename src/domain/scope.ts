/**
 * @module What of a requested scope a token carries: requested ∩ effective ∩ the client's maximum ∩ what means something
 * to the resource server. {@link judge} decides a single name; the token issuer, preview and explain all go through it.
 */
import { barredFrom, effectiveRoles, heldUntil, pathsTo, reachState, type AccessPath, type Holdings, type Instant } from './access.ts';
import type { Catalogue } from './catalogue.ts';
import type { OmittedScope } from './client.ts';

/** RFC 6749 §3.3: scope-tokens of visible ASCII without `"` and `\`, separated by exactly one space. */
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/;

export const MAXIMUM_SCOPE_NAMES = 1000;

/**
 * Splits a scope string into its names, each once, in the order of their first appearance. Nothing is trimmed, folded
 * or expanded.
 * @returns undefined when it is not a valid scope, or has more than {@link MAXIMUM_SCOPE_NAMES} names
 * @example
 * parseScope('OrderReader OrderAdmin OrderReader') // ['OrderReader', 'OrderAdmin']
 * parseScope(' OrderReader')                       // undefined
 */
export function parseScope(scope: string): string[] | undefined {
  if (!SCOPE.test(scope)) return undefined;
  const names = scope.split(' ');
  return names.length > MAXIMUM_SCOPE_NAMES ? undefined : [...new Set(names)];
}

export type Verdict =
  | 'granted'
  | 'unknown'
  | 'unheld'
  | 'not_yet_valid'
  | 'expired'
  | 'barred_for_organization_type'
  | 'above_client_maximum'
  | 'outside_resource_server';

/** What a client and a resource server let through; undefined: everything. */
export interface ScopeLimits {
  readonly maximumRoles?: ReadonlySet<string> | undefined;
  readonly resourceServerRoles?: ReadonlySet<string> | undefined;
}

export interface Negotiation {
  /** The names that were asked for, or those that `omitted_scope` stands for. A refresh starts from these again. */
  readonly requested: readonly string[];
  /** Sorted by code unit. */
  readonly granted: readonly string[];
  /** The other names, each with the one reason why. */
  readonly dropped: readonly { readonly name: string; readonly verdict: Verdict }[];
  /** When the first of the granted roles ends; a token must not outlive it. Infinity when none does. */
  readonly until: Instant;
}

/**
 * Decides on one name. The reasons are tried from the outside in, so the first that applies is the one to mend first:
 * nobody knows it, it is not held (yet, any more), the organization's type is barred from it, the client may not carry
 * it, the resource server does not know it.
 */
export function judge(catalogue: Catalogue, held: Holdings, limits: ScopeLimits, name: string): Verdict {
  const role = catalogue.indexOf(name);
  if (role === undefined) return 'unknown';
  if (heldUntil(held, role) === 0) return whyNotHeld(catalogue, held, role);
  if (barredFrom(catalogue, held.subject).has(role)) return 'barred_for_organization_type';
  if (limits.maximumRoles !== undefined && !limits.maximumRoles.has(name)) return 'above_client_maximum';
  if (limits.resourceServerRoles !== undefined && !limits.resourceServerRoles.has(name)) return 'outside_resource_server';
  return 'granted';
}

/** Why each role of a dormant assignment is not held: worked out when a first name is asked for that is not. */
const dormantRoles = new WeakMap<Holdings, ReadonlyMap<number, Verdict>>();

function whyNotHeld(catalogue: Catalogue, held: Holdings, role: number): Verdict {
  if (held.dormant.length === 0) return 'unheld';
  let reasons = dormantRoles.get(held);
  if (reasons === undefined) {
    reasons = reasonsOf(catalogue, held);
    dormantRoles.set(held, reasons);
  }
  return reasons.get(role) ?? 'unheld';
}

/** A role that is still to come is told so, whatever has ended. */
function reasonsOf(catalogue: Catalogue, { client, at, dormant }: Holdings): ReadonlyMap<number, Verdict> {
  const reasons = new Map<number, Verdict>();
  for (const reach of dormant) {
    const coming = reachState(reach, client, at) === 'not_yet_valid';
    for (const role of catalogue.profile(reach.profile)?.roles ?? []) {
      if (coming) reasons.set(role, 'not_yet_valid');
      else if (!reasons.has(role)) reasons.set(role, 'expired');
    }
  }
  return reasons;
}

/**
 * Narrows a request to what the subject may have. Names that are not granted are dropped without an error; an empty
 * result is a success.
 * @param requested distinct names, as {@link parseScope} gives them
 * @example
 * negotiate(catalogue, holdings(catalogue, alice, 'shop', now), {}, ['Shopper', 'Bogus']).granted // ['Shopper']
 */
export function negotiate(catalogue: Catalogue, held: Holdings, limits: ScopeLimits, requested: readonly string[]): Negotiation {
  const granted: number[] = [];
  const dropped: { name: string; verdict: Verdict }[] = [];
  let until: Instant = Infinity;
  for (const name of requested) {
    const verdict = judge(catalogue, held, limits, name);
    if (verdict === 'granted') {
      const role = catalogue.indexOf(name)!;
      granted.push(role);
      until = Math.min(until, heldUntil(held, role));
    } else {
      dropped.push({ name, verdict });
    }
  }
  granted.sort((a, b) => a - b);
  return { requested, granted: granted.map((role) => catalogue.roles[role]!), dropped, until };
}

/** The names that a request without `scope` stands for, each once. */
export function omittedNames(catalogue: Catalogue, held: Holdings, omitted: OmittedScope): readonly string[] {
  if (omitted === 'none') return [];
  if (omitted === 'all') return effectiveRoles(catalogue, held);
  return [...new Set(omitted)];
}

/** A verdict with every path by which the role comes, or would come, to the subject. */
export interface Explanation {
  readonly name: string;
  readonly verdict: Verdict;
  readonly paths: readonly AccessPath[];
}

/** Why each name is granted or not, by the function that issues tokens. */
export function explain(catalogue: Catalogue, held: Holdings, limits: ScopeLimits, names: readonly string[]): Explanation[] {
  return names.map((name) => {
    const role = catalogue.indexOf(name);
    return {
      name,
      verdict: judge(catalogue, held, limits, name),
      paths: role === undefined ? [] : pathsTo(catalogue, held.subject, held.client, held.at, role),
    };
  });
}
