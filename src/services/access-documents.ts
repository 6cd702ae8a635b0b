/** @module What is answered to "why?", "what would a token carry?" and "which roles?": plain JSON, the same for the command line and the management API. */
import type { AccessPath, Instant, Subject } from '../domain/access.ts';
import type { Party } from '../domain/party.ts';
import type { Verdict } from '../domain/scope.ts';

export interface SubjectDocument {
  readonly kind: 'user' | 'client';
  readonly id: string;
  readonly username: string | null;
  readonly organization: string | null;
  readonly organization_type: string | null;
}

export interface PartyDocument {
  readonly kind: Party['kind'];
  readonly id: string;
  /** What people call it; the id where it may not be seen. */
  readonly name: string;
  /** Of a user group. */
  readonly organization: string | null;
}

export interface PathDocument {
  readonly state: AccessPath['state'];
  readonly assignment: string;
  readonly security_profile: { readonly id: string; readonly name: string };
  readonly party: PartyDocument;
  /** Ids from the organization that it was assigned to down to the subject's own; empty when it comes another way. */
  readonly organizations: readonly string[];
  readonly include_descendants: boolean;
  readonly client: string | null;
  readonly from: string | null;
  readonly until: string | null;
  readonly assigned_by: string | null;
  readonly assigned_at: string;
  readonly reason: string | null;
}

export interface WhyDocument {
  readonly at: string;
  readonly role: string;
  readonly subject: SubjectDocument;
  /** Whose roles count when it is not the subject: the client's context user. */
  readonly context_user: SubjectDocument | null;
  readonly client: string | null;
  readonly audience: string | null;
  readonly verdict: Verdict;
  /** Why there would be no token at all. */
  readonly objection: string | null;
  readonly paths: readonly PathDocument[];
  /** Profiles that have the role, with the one assignment that would give it, and what would be decided then. */
  readonly remedies: readonly {
    readonly security_profile: { readonly id: string; readonly name: string };
    readonly assignment: Readonly<Record<string, string>>;
    readonly verdict: Verdict;
  }[];
  /** A role of nearly that name, when there is none of that name. */
  readonly did_you_mean: string | null;
}

export interface PreviewDocument {
  readonly at: string;
  readonly subject: SubjectDocument;
  readonly context_user: SubjectDocument | null;
  readonly client: string;
  readonly audience: string;
  readonly objection: string | null;
  readonly names: readonly { readonly name: string; readonly verdict: Verdict }[];
  readonly scope: string;
  readonly roles: readonly string[];
  /** When the first of the granted roles ends, which ends the token. */
  readonly roles_until: string | null;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Of the signed token. */
  readonly bytes: number;
}

export interface EffectiveRolesDocument {
  readonly at: string;
  readonly subject: SubjectDocument;
  readonly client: string | null;
  readonly roles: readonly {
    readonly role: string;
    /** Held, but no token carries it: the organization's type is barred from it. */
    readonly barred: boolean;
    readonly until: string | null;
    /** Assignments that bring it; each is one of the paths. */
    readonly assignments: readonly string[];
  }[];
  /** Each once, however many roles come by it. */
  readonly paths: readonly PathDocument[];
}

/** What of a party may be told; undefined: it may not be seen. */
export type SeenParties = (party: Party) => PartyDocument | undefined;

const STATES: readonly AccessPath['state'][] = ['in_force', 'not_yet_valid', 'other_client', 'expired'];

/** Those in force first. */
export function pathDocuments(paths: readonly AccessPath[], subject: Subject, seen: SeenParties): PathDocument[] {
  return paths.map((path) => pathDocument(path, subject, seen)).sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
}

/** Of what was assigned by others, farther up, only the fact is told. */
function pathDocument({ reach, profileName, state }: AccessPath, { organization }: Subject, seen: SeenParties): PathDocument {
  const party = seen(reach.party);
  const lineage = organization?.path ?? [];
  return {
    state,
    assignment: reach.assignment,
    security_profile: { id: reach.profile, name: profileName },
    party: party ?? { ...reach.party, name: reach.party.id, organization: null },
    organizations: reach.party.kind === 'organization' ? lineage.slice(lineage.indexOf(reach.party.id)) : [],
    include_descendants: reach.includeDescendants,
    client: reach.client ?? null,
    from: isoOrNull(reach.from),
    until: isoOrNull(reach.until),
    assigned_by: (party && reach.assignedBy) ?? null,
    assigned_at: new Date(reach.assignedAt).toISOString(),
    reason: (party && reach.reason) ?? null,
  };
}

/** @param isSeen false: nothing but the id is told */
export function subjectDocument({ kind, id, username, organization }: Subject, isSeen = true): SubjectDocument {
  if (!isSeen) return { kind, id, username: null, organization: null, organization_type: null };
  return { kind, id, username: username ?? null, organization: organization?.id ?? null, organization_type: organization?.type ?? null };
}

/** Windows without a bound have none in JSON. */
export function isoOrNull(instant: Instant): string | null {
  return Number.isFinite(instant) ? new Date(instant).toISOString() : null;
}
