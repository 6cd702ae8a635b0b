/** @module The first administrator: the one change that needs no administrator to make it, and can be made only while there is none. */
import type { Instant } from '../domain/access.ts';
import type { Assignment } from '../domain/assignment.ts';
import type { Client } from '../domain/client.ts';
import { DomainError } from '../domain/errors.ts';
import { assertUsername, assertNaturalId, type Party, type User } from '../domain/party.ts';
import type { Clock, Store, StoreTransaction } from '../domain/ports.ts';
import { BUILT_IN_ROLES } from '../domain/role.ts';
import type { SecurityProfile } from '../domain/security-profile.ts';
import { assignmentId } from './assignment-id.ts';
import { eventNow, type Caller } from './caller.ts';
import type { ClientService } from './clients.ts';
import type { OneTimeLinks } from './one-time-links.ts';

export interface BootstrapOptions {
  readonly store: Store;
  readonly clients: ClientService;
  readonly links: OneTimeLinks;
  readonly clock: Clock;
}

export interface AdministratorRequest {
  readonly username: string;
  /** Where the administrator belongs; unset: the root, and where there are several or none an organization of its own. */
  readonly organization?: string | undefined;
}

export interface BootstrapRequest extends AdministratorRequest {
  readonly clientId: string;
}

/** What is shown once, and can be had from nowhere afterwards. */
export interface FirstAdministrator {
  readonly username: string;
  readonly organization: string;
  readonly oneTimeLink: string;
  readonly oneTimeLinkExpiresAt: Date;
}

/** The same with a client. */
export interface FirstAdministration extends FirstAdministrator {
  readonly clientId: string;
  readonly clientSecret: string;
}

const ROOT = 'rolemint';
const MOST_ASSIGNMENTS = 1000;
const PAGE = 1000;

export const ADMINISTRATOR: SecurityProfile = {
  id: 'Administrator',
  name: 'Administrator',
  description: 'Everything in Rolemint itself.',
  roles: BUILT_IN_ROLES.map(({ name }) => name),
  permissions: [],
  fullAccess: false,
  managed: true,
  version: 1,
};

export class Bootstrap {
  readonly #options: BootstrapOptions;

  constructor(options: BootstrapOptions) {
    this.#options = options;
  }

  /** {@link administrator}, and a client to administer with. */
  async run({ clientId, ...request }: BootstrapRequest, caller: Caller): Promise<FirstAdministration> {
    const { store, clients } = this.#options;
    return store.transaction(async (tx) => {
      const made = await this.#administrator(tx, request, caller);
      const wanted = administrationClient(clientId, made);
      const secret = await clients.createIn(tx, wanted, caller);
      return { ...made, clientId, clientSecret: secret!.secret };
    });
  }

  /**
   * Makes the first administrator, without a password but with a link to set one. Whoever holds roles by a workspace file does not count: this is the way in for the operator of the deployment.
   * @throws `already_exists` when there is an administrator, or something else under one of the names
   * @throws `not_found` when there is no such organization
   */
  async administrator(request: AdministratorRequest, caller: Caller): Promise<FirstAdministrator> {
    return this.#options.store.transaction((tx) => this.#administrator(tx, request, caller));
  }

  async #administrator(tx: StoreTransaction, { username, organization }: AdministratorRequest, caller: Caller): Promise<FirstAdministrator> {
    const { links, clock } = this.#options;
    assertUsername(username);
    assertNaturalId(username);
    const administrator = await findAdministrator(tx, clock.now());
    if (administrator !== undefined) {
      throw new DomainError(
        'already_exists',
        `There is an administrator already: ${administrator}. Give that one a new password with \`rolemint user password ${administrator}\`.`,
      );
    }
    const home = await this.#home(tx, organization, caller);
    await this.#ensureProfile(tx, caller);
    await this.#createUser(tx, { username, organization: home }, caller);
    const link = await links.createIn(tx, username, caller);
    return { username, organization: home, oneTimeLink: link.url, oneTimeLinkExpiresAt: link.expiresAt };
  }

  async #home(tx: StoreTransaction, chosen: string | undefined, caller: Caller): Promise<string> {
    if (chosen !== undefined) {
      if ((await tx.organizations.findMany([chosen])).size === 0)
        throw new DomainError('not_found', `There is no organization ${JSON.stringify(chosen)}.`);
      return chosen;
    }
    const roots = await findRoots(tx);
    if (roots.length === 1) return roots[0]!;
    if (!roots.includes(ROOT)) await this.#createRoot(tx, caller);
    return ROOT;
  }

  async #createRoot(tx: StoreTransaction, caller: Caller): Promise<void> {
    const { clock } = this.#options;
    if ((await tx.organizationTypes.findMany([ROOT])).size === 0) {
      await tx.organizationTypes.put([{ name: ROOT, parents: [], barredRoles: [] }]);
      await tx.audit(eventNow(clock, caller, { type: 'organization_type_created', target: { kind: 'organization_type', id: ROOT } }));
    }
    await tx.organizations.put([{ id: ROOT, name: 'Rolemint', type: ROOT, active: true, path: [ROOT] }]);
    await tx.audit(eventNow(clock, caller, { type: 'organization_created', target: { kind: 'organization', id: ROOT }, after: { type: ROOT } }));
  }

  async #ensureProfile(tx: StoreTransaction, caller: Caller): Promise<void> {
    const found = (await tx.securityProfiles.findMany([ADMINISTRATOR.id])).get(ADMINISTRATOR.id);
    if (found === undefined) {
      await tx.securityProfiles.put([ADMINISTRATOR]);
      const target = { kind: 'security_profile', id: ADMINISTRATOR.id };
      await tx.audit(eventNow(this.#options.clock, caller, { type: 'security_profile_created', target, after: { roles: ADMINISTRATOR.roles } }));
    } else if (!found.fullAccess && !found.roles.includes('FullAccess')) {
      throw new DomainError(
        'already_exists',
        `There is a security profile ${ADMINISTRATOR.id} without the role FullAccess: rename it, or give it that role.`,
      );
    }
  }

  async #createUser(tx: StoreTransaction, { username, organization }: Pick<User, 'username' | 'organization'>, caller: Caller): Promise<void> {
    const { clock } = this.#options;
    if ((await tx.users.findMany([username])).size > 0) {
      throw new DomainError(
        'already_exists',
        `There is a user ${JSON.stringify(username)} already, who is no administrator. Choose another name with --username.`,
      );
    }
    await tx.users.put([{ id: username, username, organization, active: true, authorizedOrganizations: [], memberships: [] }]);
    await tx.audit(eventNow(clock, caller, { type: 'user_created', target: { kind: 'user', id: username }, after: { username, organization } }));
    const what = { securityProfile: ADMINISTRATOR.id, party: { kind: 'user', id: username } as const };
    const assignment: Assignment = {
      ...what,
      id: assignmentId(what),
      includeDescendants: false,
      reason: 'first administrator',
      assignedBy: caller.actor.id,
      assignedAt: new Date(clock.now()),
    };
    await tx.assignments.put([assignment]);
    const after = { security_profile: ADMINISTRATOR.id, user: username };
    await tx.audit(eventNow(clock, caller, { type: 'assignment_created', target: { kind: 'assignment', id: assignment.id }, after }));
  }
}

function administrationClient(clientId: string, { username, organization }: FirstAdministrator): Client {
  return {
    clientId,
    clientName: 'Rolemint administration',
    organization,
    active: true,
    grantTypes: ['password', 'client_credentials', 'refresh_token'],
    tokenEndpointAuthMethod: 'client_secret_basic',
    redirectUris: [],
    postLogoutRedirectUris: [],
    dpopBoundAccessTokens: false,
    contextUser: username,
    allowedOrganizations: {},
    minimumRoles: [],
    omittedScope: 'none',
  };
}

/** Ids of the organizations that hang under no other; two are as good as many. */
async function findRoots(tx: StoreTransaction): Promise<string[]> {
  const roots: string[] = [];
  for (let after: string | undefined; roots.length < 2;) {
    const page = await tx.organizations.list({ after, limit: PAGE });
    roots.push(...page.filter(({ parent }) => parent === undefined).map(({ id }) => id));
    if (page.length < PAGE) break;
    after = page.at(-1)!.id;
  }
  return roots;
}

/** Id of a user whom an assignment in force makes an administrator; undefined: there is none. */
async function findAdministrator(tx: StoreTransaction, at: Instant): Promise<string | undefined> {
  const assignments = await tx.access.assignmentsOf({ securityProfile: ADMINISTRATOR.id }, MOST_ASSIGNMENTS);
  const parties = assignments.filter((assignment) => isInForce(assignment, at)).map((assignment): Party => assignment.party);
  const [user] = parties.length === 0 ? [] : await tx.access.usersReachedBy(parties, 1);
  return user;
}

function isInForce({ validFrom, validUntil }: Assignment, at: Instant): boolean {
  return (validFrom?.getTime() ?? -Infinity) <= at && at < (validUntil?.getTime() ?? Infinity);
}
