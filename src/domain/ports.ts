/**
 * @module What the rules and use-cases need from the outside. Every store MUST pass `test/contract`; the in-memory twin
 * is as strict as Postgres.
 *
 * For all stores: a call that cannot be answered (store down, deadline passed) MUST throw DomainError `unavailable` and
 * MUST NOT guess. A write MUST be durable when its promise resolves, as far as the store promises durability at all.
 * Strings come in as they were received: a store MUST treat them as values, never as part of a statement.
 */
import type { Instant, Subject } from './access.ts';
import type { ArtifactStore } from './artifact.ts';
import type { Assignment } from './assignment.ts';
import type { AuditEvent, AuditReader } from './audit-event.ts';
import type { Definitions } from './catalogue.ts';
import type { Client, ClientSecret } from './client.ts';
import type { DirectoryReader } from './directory.ts';
import type { ImpersonationRule } from './impersonation-rule.ts';
import type { InvitationReader, InvitationTable } from './invitation.ts';
import type { LinkStore, LinkTable } from './one-time-link.ts';
import type { Organization, OrganizationType } from './organization.ts';
import type { Party, User, UserGroup } from './party.ts';
import type { ResourceServer, SigningAlgorithm } from './resource-server.ts';
import type { Pages } from './pages.ts';
import type { Revocation, RevocationStore } from './revocation.ts';
import type { RevocationFeedReader, RoleLoss } from './revocation-feed.ts';
import type { Role } from './role.ts';
import type { PermissionType, SecurityProfile } from './security-profile.ts';
import type { UsageStore } from './usage.ts';

/** The only source of the time of day. */
export interface Clock {
  now(): Instant;
}

/** The only source of random identifiers and secrets. */
export interface Random {
  /** Sortable by time of making, never guessable enough to be a secret: UUID version 7. */
  id(): string;
  /** 256 bits, base64url. */
  secret(): string;
}

/** Objects of one noun under their natural key, all methods in one statement (or one per batch of at most 1,000). */
export interface Repository<T> {
  /** Those that exist, by key. */
  findMany(keys: readonly string[]): Promise<ReadonlyMap<string, T>>;
  /** At most `limit` objects with keys after `after` in code-unit order; for walking through all of them. */
  list(options: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly T[]>;
}

/** A {@link Repository} inside a transaction. Every write is recorded as a change, so that caches learn of it. */
export interface WritableRepository<T> extends Repository<T> {
  /**
   * Inserts, or replaces under the same key.
   * @throws `already_exists` when another unique value is taken (a user name, an id of a user or client)
   * @throws `invalid_input` when something that it names does not exist
   */
  put(objects: readonly T[]): Promise<void>;
  /**
   * Removes; keys that do not exist are passed over.
   * @throws `in_use` when something else still needs one of them; assignments, memberships, secrets and rules that
   * name a removed party or profile go with it
   */
  remove(keys: readonly string[]): Promise<void>;
}

/** What changed since a version, so that caches drop exactly that. */
export interface Change {
  readonly kind: 'catalogue' | 'organization' | 'user_group' | 'user' | 'client';
  /** Key of the object; for `catalogue` that of the profile that was put, or empty when it was anything else. */
  readonly id: string;
}

export interface ChangeLog {
  readonly version: number;
  /** undefined: the log does not reach back that far; everything may have changed. */
  readonly changes: readonly Change[] | undefined;
}

/**
 * How nodes tell each other that something changed. It makes what they know fresh sooner, never right: who hears nothing
 * MUST read by itself in time.
 */
export interface ChangeChannel {
  /** Tells all nodes, after the change was committed. Never fails, and takes no longer than a fraction of a second. */
  announce(): Promise<void>;
  /**
   * Calls `changed` for every announcement, and when announcements may have been missed: whenever the channel is lost, and
   * when it is there again. It may be called for nothing, and for several announcements once.
   * @returns ends it
   */
  subscribe(changed: () => void): () => Promise<void>;
}

export interface WorkspaceDefinitions extends Definitions {
  readonly resourceServers: readonly ResourceServer[];
  /** By id. */
  readonly impersonationRules: readonly ImpersonationRule[];
  /** The role that impersonation needs, when the workspace names one. */
  readonly impersonationRole: string | undefined;
}

/** All that are set must match. */
export interface AssignmentFilter {
  readonly securityProfile?: string | undefined;
  readonly party?: Party | undefined;
  /** Counting only in tokens for this client. */
  readonly client?: string | undefined;
}

/** Everything that decisions read. */
export interface AccessReader {
  /** Version of the workspace and the changes after `since`, in one consistent read. Versions become visible in order. */
  readChanges(since: number): Promise<ChangeLog>;
  /** The definitions that a catalogue is compiled from, and what else counts for the whole workspace, in one consistent read. */
  loadDefinitions(): Promise<WorkspaceDefinitions>;
  /** Those of the profiles that exist, by id; one statement per 1,000 ids. */
  findSecurityProfiles(ids: readonly string[]): Promise<ReadonlyMap<string, SecurityProfile>>;
  /** The user with every assignment that reaches it, ended ones included, in one statement. */
  findUser(id: string): Promise<Subject | undefined>;
  /** The client with what is assigned to itself and to its organization; its context user is a subject of its own. */
  findClient(id: string): Promise<Subject | undefined>;
  /** What {@link findUser} gives, for those who exist, by id; one statement per 1,000 ids. */
  findUsers(ids: readonly string[]): Promise<ReadonlyMap<string, Subject>>;
  /** What {@link findClient} gives, for those that exist, by id; one statement per 1,000 ids. */
  findClients(ids: readonly string[]): Promise<ReadonlyMap<string, Subject>>;
  /** Ids of users whom an assignment to one of these parties reaches, at most `limit`, in code-unit order. */
  usersReachedBy(parties: readonly Party[], limit: number): Promise<readonly string[]>;
  /** How many users {@link usersReachedBy} would name without a limit. */
  countUsersReachedBy(parties: readonly Party[]): Promise<number>;
  /**
   * Ids of clients whose tokens an assignment to one of these parties can change: the party itself, clients of such an
   * organization or of one below it, clients that act with the roles of one of `contextUsers`; at most `limit`, in
   * code-unit order. Clients that act for users of the parties are found by naming these users.
   */
  clientsReachedBy(parties: readonly Party[], contextUsers: readonly string[], limit: number): Promise<readonly string[]>;
  /** Whether any user at all exists. */
  hasUsers(): Promise<boolean>;
  /** Every assignment of a profile, to a party, or limited to a client, for explaining; at most `limit`. */
  assignmentsOf(filter: AssignmentFilter, limit: number): Promise<readonly Assignment[]>;
}

export interface ClientRecord {
  readonly client: Client;
  /** Unexpired ones, newest first. */
  readonly secrets: readonly ClientSecret[];
}

export interface PasswordCredential {
  readonly userId: string;
  /** PHC string; undefined: the user cannot sign in with a password. */
  readonly passwordHash: string | undefined;
  readonly passwordChangedAt: Date | undefined;
}

/** One count of attempts under a key, an account or a name that nobody has. */
export interface AttemptLimit {
  /** Failures in a row that are free of delay. */
  readonly allowed: number;
  /** Shortest lock once they are used up; each further failure doubles the growing delay that also applies. */
  readonly lockSeconds: number;
}

export interface SignInStore {
  /** @param username canonical form */
  findCredential(username: string): Promise<PasswordCredential | undefined>;
  findCredentialOf(userId: string): Promise<PasswordCredential | undefined>;
  /** Ids of the users with this mail address, compared as `comparableMailAddress` does, in code-unit order; at most `limit`. */
  findUsersByEmail(email: string, limit: number): Promise<readonly string[]>;
  /** Hashes of the user's passwords, newest first, the one in force included; at most `limit`. */
  findPasswordHistory(userId: string, limit: number): Promise<readonly string[]>;
  /** Replaces the hash only while it still is `expected`: for re-hashing at sign-in. False when it was changed meanwhile. */
  replaceHash(userId: string, expected: string, hash: string): Promise<boolean>;
  /**
   * Counts an attempt before the password is looked at, in one atomic statement. Once `allowed` attempts in a row are
   * counted the key is locked for the longer of `lockSeconds` and 30 s doubled with every further failure, at most
   * 1 hour; the attempt that reaches the limit is still let through. Counts that rest for 24 hours start anew.
   * @returns `counted: false`: locked until `lockedUntil`, and the password MUST NOT be looked at
   */
  beginAttempt(
    key: string,
    limit: AttemptLimit,
    now: Date,
  ): Promise<{ readonly counted: boolean; readonly failures: number; readonly lockedUntil?: Date | undefined }>;
  /**
   * Takes back an attempt whose password was not looked at after all, and the lock that came with it; not when others
   * were counted since.
   * @param failures as {@link beginAttempt} told
   */
  uncountAttempt(key: string, failures: number): Promise<void>;
  /** Failures in a row of these keys, of those that have any that still count. */
  findFailures(keys: readonly string[], now: Date): Promise<ReadonlyMap<string, number>>;
  /** After a right password: the count starts anew. */
  clearAttempts(key: string): Promise<void>;
  /** After a wrong password that used up the last attempt: keeps the audit event. */
  recordLockOut(event: AuditEvent): Promise<void>;
  /** Ends a lock for an administrator, with the audit event, in one transaction. */
  unlock(key: string, event: AuditEvent): Promise<void>;
}

/** A sign-in that can be refreshed. Its id stands in the `jti` of every access token that comes of it. */
export interface Grant {
  readonly id: string;
  readonly clientId: string;
  readonly userId: string;
  /** The names that were asked for at first; every refresh narrows these again. */
  readonly requestedScope: readonly string[];
  readonly audience: string;
  /** RFC 9449 thumbprint of the key that refresh tokens of a public client are bound to. */
  readonly dpopThumbprint?: string | undefined;
  /** Scopes of OpenID Connect that go with the roles, sorted. */
  readonly oidcScope: readonly string[];
  /** The sign-in in a browser that it came from; unset: none. */
  readonly browser?: { readonly sessionId: string; readonly signedInAt: Date } | undefined;
  readonly createdAt: Date;
  /** Absolute: no rotation moves it. */
  readonly expiresAt: Date;
}

export interface RefreshToken {
  /** SHA-256 of the token, base64url. The token itself is never kept. */
  readonly hash: string;
  readonly grant: Grant;
  readonly createdAt: Date;
  readonly consumedAt?: Date | undefined;
}

export interface GrantStore {
  /** Keeps a new grant and its first refresh token, if it has one, in one transaction. */
  create(grant: Grant, refreshTokenHash: string | undefined): Promise<void>;
  /** Also when consumed or revoked; undefined when expired or unknown. */
  findRefreshToken(hash: string): Promise<RefreshToken | undefined>;
  /**
   * Consumes one token and keeps its successor in one atomic statement, which succeeds at most once per token, and not
   * when the grant has expired or a revocation hits it (by grant, by its session, by user or by client).
   */
  rotate(hash: string, successorHash: string, now: Date): Promise<boolean>;
  /** Also when revoked; undefined when expired or unknown. */
  find(id: string): Promise<Grant | undefined>;
  /** Unexpired ones that came from a sign-in in a browser, revoked ones too; at most 1,000, the newest. */
  ofSession(sessionId: string): Promise<readonly Grant[]>;
}

export interface ReplayStore {
  /** True for exactly one caller per id until it expires. */
  useOnce(id: string, expiresAt: Date): Promise<boolean>;
}

/** Everything that administration writes, inside one transaction; readers see what it wrote. */
export interface StoreTransaction {
  readonly access: AccessReader;
  readonly directory: DirectoryReader;
  readonly organizationTypes: WritableRepository<OrganizationType>;
  readonly roles: WritableRepository<Role>;
  readonly permissionTypes: WritableRepository<PermissionType>;
  /** `path` is computed by the store; the one that is put is ignored. Moving one moves everything below. */
  readonly organizations: WritableRepository<Organization>;
  readonly userGroups: WritableRepository<UserGroup>;
  /** Memberships come with the user and are replaced with it. */
  readonly users: WritableRepository<User>;
  readonly securityProfiles: WritableRepository<SecurityProfile>;
  readonly clients: WritableRepository<Client>;
  readonly resourceServers: WritableRepository<ResourceServer>;
  readonly assignments: WritableRepository<Assignment>;
  readonly impersonationRules: WritableRepository<ImpersonationRule>;
  /** Unexpired and expired secrets of these clients. */
  findClientSecrets(clientIds: readonly string[]): Promise<ReadonlyMap<string, readonly ClientSecret[]>>;
  addClientSecret(clientId: string, secret: ClientSecret): Promise<void>;
  /** @throws `not_found` */
  expireClientSecret(clientId: string, secretId: string, expiresAt: Date): Promise<void>;
  /** Sets or changes a password hash; the one before is remembered as a former one. */
  setPassword(userId: string, passwordHash: string, changedAt: Date): Promise<void>;
  /** The same for many users, whose hashes come by their ids. */
  setPasswords(passwordHashes: ReadonlyMap<string, string>, changedAt: Date): Promise<void>;
  /** Which of these users have a password. */
  findPasswordOwners(userIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** The hashes of those who have one. */
  findPasswordHashes(userIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  readonly settings: { get(name: string): Promise<string | undefined>; set(name: string, value: string): Promise<void> };
  readonly invitations: InvitationTable;
  readonly links: LinkTable;
  revoke(revocation: Revocation): Promise<void>;
  /** Keeps what is to be told, each once; of two losses of the same the later instants. */
  loseRoles(losses: readonly RoleLoss[]): Promise<void>;
  /** The event takes its place in the chain when the transaction commits, after all others of that moment. */
  audit(event: AuditEvent): Promise<void>;
}

export interface TransactionOptions {
  readonly rollback?: boolean | undefined;
  readonly snapshot?: boolean | undefined;
}

export interface Store {
  readonly access: AccessReader;
  /** Never waits for an administrative change. */
  readonly directory: DirectoryReader;
  readonly signIn: SignInStore;
  readonly grants: GrantStore;
  readonly revocations: RevocationStore;
  readonly revocationFeed: RevocationFeedReader;
  readonly replays: ReplayStore;
  readonly artifacts: ArtifactStore;
  readonly invitations: InvitationReader;
  readonly links: LinkStore;
  readonly usage: UsageStore;
  readonly audit: AuditReader;
  readonly pages: Pages;
  findClient(clientId: string, now: Date): Promise<ClientRecord | undefined>;
  /**
   * Runs an administrative change. Changes run one after the other, on all nodes, so what `work` reads stays true until
   * it commits; nothing is visible outside before. An error, or `rollback`, leaves no trace.
   *
   * With `snapshot` it is for reading alone: everything is as it was at one moment, however long it takes, and no change
   * waits for it. A store with one session keeps everybody else waiting all the same.
   */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Deletes at most `limit` expired rows of each kind; returns how many went. */
  reap(now: Date, limit: number): Promise<number>;
  /**
   * Lets the database count what is there, after very much was written: until then it looks things up as if there were as
   * little as before. Best effort.
   */
  analyze(): Promise<void>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  /** The time of day by the store's own clock, whatever clock it was opened with. */
  time(): Promise<Date>;
  close(): Promise<void>;
}

/** Hashes passwords and chosen client secrets; argon2id, off the event loop, behind a bounded queue. */
export interface PasswordHasher {
  /** @throws `unavailable` with `retryAfterSeconds` when the queue is full */
  hash(password: string): Promise<string>;
  /**
   * Whether the password, as it was typed, is the one that was hashed (`password-hash.ts` lists the hashes).
   * @throws `unavailable` with `retryAfterSeconds` when the queue is full
   */
  verify(hash: string, password: string): Promise<boolean>;
  /** Hashed with other parameters than today's, or by another algorithm. */
  needsRehash(hash: string): boolean;
  /** How long the slowest hash that {@link needsRehash} and was verified here took; 0: there was none. */
  slowestForeignMilliseconds(): number;
  /** A hash that no password matches, with today's parameters: verifying it costs what a real one costs. */
  readonly decoy: string;
}

export type KeyStatus = 'next' | 'current' | 'retired';

export interface SigningKeyInfo {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly status: KeyStatus;
  readonly createdAt: Date;
  /** When it began, or will begin, to sign. */
  readonly activatedAt?: Date | undefined;
  /** When it leaves JWKS. */
  readonly removedAt?: Date | undefined;
}

export type Claims = Readonly<Record<string, unknown>>;

/** Signs and verifies access tokens with the deployment's keys. */
export interface TokenSigner {
  /** @returns a compact JWS with `typ: at+jwt` */
  sign(claims: Claims, algorithm: SigningAlgorithm): Promise<string>;
  /** The claims when signature, `typ`, `iss`, `iat` and `exp` hold; undefined for everything else, without telling why. */
  verify(token: string): Promise<Claims | undefined>;
  /** @returns a compact JWS with `typ: JWT`, which is never taken for an access token */
  signIdToken(claims: Claims, algorithm: SigningAlgorithm): Promise<string>;
  /** @returns a compact JWS with `typ: logout+jwt` (OpenID Connect Back-Channel Logout 1.0 §2.4) */
  signLogoutToken(claims: Claims, algorithm: SigningAlgorithm): Promise<string>;
  /** The claims of an ID token of ours, expired or not: it tells which session is meant and gives no right (OpenID Connect Core 1.0 §3.1.2.1). */
  verifyIdTokenHint(token: string): Promise<Claims | undefined>;
}
