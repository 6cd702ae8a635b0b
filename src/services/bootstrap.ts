/** @module The first administrator: the one change that needs no administrator to make it, and can be made only while there is none. */
import type { Instant } from '../domain/access.ts';
import { compileCatalogue } from '../domain/catalogue.ts';
import type { Assignment } from '../domain/assignment.ts';
import { DomainError } from '../domain/errors.ts';
import { assertUsername, assertNaturalId, type Party } from '../domain/party.ts';
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

export interface BootstrapRequest {
  readonly username: string;
  readonly clientId: string;
}

/** What is shown once, and can be had from nowhere afterwards. */
export interface FirstAdministrator {
  readonly username: string;
  readonly oneTimeLink: string;
  readonly oneTimeLinkExpiresAt: Date;
  readonly clientId: string;
  readonly clientSecret: string;
}

const ROOT = 'rolemint';
/** Whoever holds one of these can give every other role. */
const ADMINISTRATORS_HOLD = ['FullAccess', 'SecurityProfileAdmin'];
const MOST_ASSIGNMENTS = 1000;

export const ADMINISTRATOR: SecurityProfile = {
  id: 'Administrator',
  name: 'Administrator',
  description: 'Everything in Rolemint itself.',
  roles: BUILT_IN_ROLES.map(({ name }) => name),
  permissions: [],
  fullAccess: false,
  managed: true,
};

export class Bootstrap {
  readonly #options: BootstrapOptions;

  constructor(options: BootstrapOptions) {
    this.#options = options;
  }

  /**
   * Makes the first administrator, without a password but with a link to set one, and a client to administer with.
   * @throws `already_exists` when there is an administrator, or something else under one of the names
   */
  async run({ username, clientId }: BootstrapRequest, caller: Caller): Promise<FirstAdministrator> {
    const { store, clients, links, clock } = this.#options;
    assertUsername(username);
    assertNaturalId(username);
    return store.transaction(async (tx) => {
      const administrator = await findAdministrator(tx, clock.now());
      if (administrator !== undefined) {
        throw new DomainError(
          'already_exists',
          `There is an administrator already: ${administrator}. Give that one a new password with \`rolemint user password ${administrator}\`.`,
        );
      }
      await this.#ensureRoot(tx, caller);
      await this.#ensureProfile(tx, caller);
      await this.#createUser(tx, username, caller);
      const secret = await clients.createIn(
        tx,
        {
          clientId,
          clientName: 'Rolemint administration',
          organization: ROOT,
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
        },
        caller,
      );
      const link = await links.createIn(tx, username, caller);
      return { username, oneTimeLink: link.url, oneTimeLinkExpiresAt: link.expiresAt, clientId, clientSecret: secret!.secret };
    });
  }

  async #ensureRoot(tx: StoreTransaction, caller: Caller): Promise<void> {
    const { clock } = this.#options;
    if ((await tx.organizations.findMany([ROOT])).size > 0) return;
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

  async #createUser(tx: StoreTransaction, username: string, caller: Caller): Promise<void> {
    const { clock } = this.#options;
    if ((await tx.users.findMany([username])).size > 0) {
      throw new DomainError(
        'already_exists',
        `There is a user ${JSON.stringify(username)} already, who is no administrator. Choose another name with --username.`,
      );
    }
    await tx.users.put([{ id: username, username, organization: ROOT, active: true, authorizedOrganizations: [], memberships: [] }]);
    await tx.audit(
      eventNow(clock, caller, { type: 'user_created', target: { kind: 'user', id: username }, after: { username, organization: ROOT } }),
    );
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

/** Id of a user whom an assignment in force gives one of the administrators' roles; undefined: there is none. */
async function findAdministrator(tx: StoreTransaction, at: Instant): Promise<string | undefined> {
  const catalogue = compileCatalogue(await tx.access.loadDefinitions());
  const decisive = ADMINISTRATORS_HOLD.map((name) => catalogue.indexOf(name)!);
  const profiles = [...catalogue.profiles()].filter(({ roles }) => decisive.some((role) => roles.includes(role)));
  for (const { profile } of profiles) {
    const assignments = await tx.access.assignmentsOf({ securityProfile: profile.id }, MOST_ASSIGNMENTS);
    const parties = assignments.filter((assignment) => isInForce(assignment, at)).map((assignment): Party => assignment.party);
    const [user] = parties.length === 0 ? [] : await tx.access.usersReachedBy(parties, 1);
    if (user !== undefined) return user;
  }
  return undefined;
}

function isInForce({ validFrom, validUntil }: Assignment, at: Instant): boolean {
  return (validFrom?.getTime() ?? -Infinity) <= at && at < (validUntil?.getTime() ?? Infinity);
}
