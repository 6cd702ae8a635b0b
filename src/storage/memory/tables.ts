/** @module What the in-memory store keeps, and drafts of it: a draft copies a table when it first writes to it. */
import type { Assignment } from '../../domain/assignment.ts';
import type { AuditEvent, RecordedAuditEvent } from '../../domain/audit-event.ts';
import type { Client, ClientSecret } from '../../domain/client.ts';
import type { ImpersonationRule } from '../../domain/impersonation-rule.ts';
import type { Invitation } from '../../domain/invitation.ts';
import type { KeptLink } from '../../domain/one-time-link.ts';
import type { Organization, OrganizationType } from '../../domain/organization.ts';
import type { User, UserGroup } from '../../domain/party.ts';
import type { Change, Grant } from '../../domain/ports.ts';
import type { Revocation } from '../../domain/revocation.ts';
import type { ResourceServer } from '../../domain/resource-server.ts';
import type { RoleLoss } from '../../domain/revocation-feed.ts';
import type { Role } from '../../domain/role.ts';
import type { PermissionType, SecurityProfile } from '../../domain/security-profile.ts';
import type { UsageCount } from '../../domain/usage.ts';
import type { KeptArtifact } from '../artifact-values.ts';

export interface ChangeRow extends Change {
  readonly version: number;
  readonly at: number;
}

export interface AttemptRow {
  readonly failures: number;
  readonly lockedUntil: number;
  readonly countedAt: number;
}

export interface RefreshTokenRow {
  readonly grantId: string;
  readonly createdAt: Date;
  readonly consumedAt?: Date | undefined;
}

export interface ArtifactRow extends KeptArtifact {
  readonly consumedAt?: Date | undefined;
}

export interface Tables {
  settings: Map<string, string>;
  organizationTypes: Map<string, OrganizationType>;
  roles: Map<string, Role>;
  permissionTypes: Map<string, PermissionType>;
  organizations: Map<string, Organization>;
  userGroups: Map<string, UserGroup>;
  /** Every id that a user or a client ever had. */
  subjects: Map<string, 'user' | 'client'>;
  users: Map<string, User>;
  /** Canonical user name to user id. */
  usernames: Map<string, string>;
  /** `users:id` and `organizations:id` to when it was made. */
  madeAt: Map<string, Date>;
  passwords: Map<string, { readonly hash: string; readonly changedAt: Date; readonly former: readonly string[] }>;
  securityProfiles: Map<string, SecurityProfile>;
  clients: Map<string, Client>;
  secrets: Map<string, readonly ClientSecret[]>;
  resourceServers: Map<string, ResourceServer>;
  assignments: Map<string, Assignment>;
  /** `kind:id` of a party to what is assigned to it. */
  assignmentsByParty: Map<string, readonly Assignment[]>;
  /** Natural key to assignment id. */
  assignmentKeys: Map<string, string>;
  impersonationRules: Map<string, ImpersonationRule>;
  grants: Map<string, Grant>;
  refreshTokens: Map<string, RefreshTokenRow>;
  revocations: Map<string, Revocation>;
  roleLosses: Map<string, RoleLoss>;
  replays: Map<string, number>;
  /** By kind and id. */
  artifacts: Map<string, ArtifactRow>;
  attempts: Map<string, AttemptRow>;
  invitations: Map<string, Invitation>;
  /** By purpose and target. */
  links: Map<string, KeptLink>;
  usage: Map<string, UsageCount>;
  changes: Map<string, ChangeRow>;
}

/** The part of the state that is not a table. */
export interface Heading {
  version: number;
  /** The change log is complete after this version. */
  logStart: number;
}

export interface State {
  readonly tables: Tables;
  readonly heading: Heading;
  /** In the order of their numbers. */
  readonly auditEvents: RecordedAuditEvent[];
}

export function emptyState(): State {
  const tables: Tables = {
    settings: new Map(),
    organizationTypes: new Map(),
    roles: new Map(),
    permissionTypes: new Map(),
    organizations: new Map(),
    userGroups: new Map(),
    subjects: new Map(),
    users: new Map(),
    usernames: new Map(),
    madeAt: new Map(),
    passwords: new Map(),
    securityProfiles: new Map(),
    clients: new Map(),
    secrets: new Map(),
    resourceServers: new Map(),
    assignments: new Map(),
    assignmentsByParty: new Map(),
    assignmentKeys: new Map(),
    impersonationRules: new Map(),
    grants: new Map(),
    refreshTokens: new Map(),
    revocations: new Map(),
    roleLosses: new Map(),
    replays: new Map(),
    artifacts: new Map(),
    attempts: new Map(),
    invitations: new Map(),
    links: new Map(),
    usage: new Map(),
    changes: new Map(),
  };
  return { tables, heading: { version: 0, logStart: 0 }, auditEvents: [] };
}

/** A change in the making. Nothing of it is in the state before {@link Draft.commit}. */
export class Draft {
  /** To be read; written to through {@link Draft.edit} only. */
  readonly tables: Tables;
  readonly heading: Heading;
  readonly #state: State;
  readonly #now: number;
  readonly #copied = new Set<keyof Tables>();
  readonly #events: AuditEvent[] = [];
  #bumped = false;

  constructor(state: State, now: number) {
    this.#state = state;
    this.#now = now;
    this.tables = { ...state.tables };
    this.heading = { ...state.heading };
  }

  /** The table, safe to be written to. */
  edit<Name extends keyof Tables>(name: Name): Tables[Name] {
    if (!this.#copied.has(name)) {
      // The copy has the type of the original; TypeScript cannot follow a generic key that far.
      this.tables[name] = new Map(this.tables[name] as Map<string, never>);
      this.#copied.add(name);
    }
    return this.tables[name];
  }

  /** Records a change under the version that this draft will have. */
  changed(kind: Change['kind'], id: string): void {
    if (!this.#bumped) {
      this.#bumped = true;
      this.heading.version += 1;
    }
    const { version } = this.heading;
    this.edit('changes').set(`${version} ${kind} ${id}`, { version, kind, id, at: this.#now });
  }

  /** Keeps when something was made; what was made before stays as old as it is. */
  made(noun: 'users' | 'organizations', id: string): void {
    const key = `${noun}:${id}`;
    if (!this.tables.madeAt.has(key)) this.edit('madeAt').set(key, new Date(this.#now));
  }

  audit(event: AuditEvent): void {
    this.#events.push(event);
  }

  /** Makes the change true; what happened is still to be kept. */
  commit(): readonly AuditEvent[] {
    Object.assign(this.#state.tables, this.tables);
    Object.assign(this.#state.heading, this.heading);
    return this.#events;
  }
}

export const partyKey = (party: { readonly kind: string; readonly id: string }): string => `${party.kind}:${party.id}`;
