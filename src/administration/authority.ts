/**
 * @module The limits of one administrator in one change. What lies outside the tenancy does not exist; what is changed is
 * the administrator's own before and after; and nothing that the change gives lies above the ceiling. Everything is read
 * inside the transaction that writes, so that a right that was lost a moment ago is lost.
 */
import type { Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import type { NounName, Visibility } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { tenancyOf } from '../domain/tenancy.ts';
import { FULL_ACCESS } from '../domain/role.ts';
import type { DefinitionsCache } from '../services/definitions.ts';
import type { Authority } from '../workspace/change.ts';
import type { ObjectChange } from '../workspace/object-change.ts';
import { batches, SECTION_NAMES, SECTIONS } from '../workspace/sections.ts';
import type { Administrator } from './administrator.ts';
import { aboveCeiling, ceilingOf, type Ceiling } from './ceiling.ts';
import { judgeChange } from './judgement.ts';

export interface AuthorityOptions {
  readonly administrator: Administrator;
  /** Roles of which one must still be held when the change is made; FullAccess suffices. */
  readonly needs: readonly string[];
  /** More lists of that kind, each of which must be satisfied as well. */
  readonly alsoNeeds?: readonly (readonly string[])[] | undefined;
  readonly definitions: DefinitionsCache;
  readonly now: () => number;
  /** Said yes to handing out FullAccess for long. */
  readonly confirmed: boolean;
  /** Audience of the management API. */
  readonly issuer: string;
  /** Longest time, in milliseconds, for which FullAccess is given without confirmation. */
  readonly fullAccessLimit: number;
}

/** An {@link Authority} that reads who the administrator is when the transaction begins. */
export interface OpenAuthority extends Authority {
  /**
   * To be called first inside the transaction.
   * @throws `insufficient_roles` when what the token was accepted for is not held any more
   */
  open(tx: StoreTransaction): Promise<void>;
  /** Known once it is open. */
  state(): AuthorityState;
}

/** Who the administrator is when the change begins. */
export interface AuthorityState {
  readonly ceiling: Ceiling;
  /** Whose roles count. */
  readonly acting: Subject;
  readonly catalogue: Catalogue;
  readonly now: number;
}

/** Definitions, profiles and clients from above can be used, though not changed. */
const INHERITED: ReadonlySet<NounName> = new Set([
  'organization_types',
  'roles',
  'permission_types',
  'security_profiles',
  'clients',
  'resource_servers',
]);

export function openAuthority(options: AuthorityOptions): OpenAuthority {
  const { administrator, definitions } = options;
  const { tenancy } = administrator;
  let opened: AuthorityState | undefined;
  const own: Visibility = { tenancy, inherited: false };
  const owns: Authority['owns'] = (tx, section, keys) => find(tx, section, { keys, visibility: own });
  const exists: Authority['exists'] = (tx, section, keys) => find(tx, section, { keys, visibility: { tenancy, inherited: INHERITED.has(section) } });
  const state = () => {
    if (opened === undefined) throw new DomainError('internal', 'An authority was used before it was opened.');
    return opened;
  };
  return {
    async open(tx) {
      const { catalogue } = await definitions.current(tx.access);
      const { acting, maximumRoles } = await actingNow(tx, administrator);
      const now = options.now();
      const ceiling = ceilingOf(catalogue, acting, { clientId: administrator.clientId, now, tenancy: tenancyOf(acting), maximumRoles });
      for (const needs of [options.needs, ...(options.alsoNeeds ?? [])]) assertStillHeld(needs, ceiling);
      if (JSON.stringify(ceiling.tenancy) !== JSON.stringify(tenancy)) throw lost();
      opened = { ceiling, acting, catalogue, now };
    },
    state,
    exists,
    owns,
    async admit(tx, { changes, stored }) {
      for (const section of SECTION_NAMES) {
        const changed = new Set(keysOf(changes, section, 'before'));
        const known = await owns(tx, section, [...changed]);
        const foreign = changes.find((change) => change.section === section && change.action === 'remove' && !known.has(change.key));
        // Nobody asked for it: it would go along with what somebody asked for.
        if (foreign !== undefined) throw new DomainError('in_use', 'What is to be removed is still needed elsewhere.', { details: { used_by: [] } });
        assertAll(section, [...changed], known);
        // What is named and stays as it is would tell by that that it is there, and is as it was said to be.
        const named = [...stored[section].keys()].filter((key) => !changed.has(key));
        assertAll(section, named, await exists(tx, section, named));
      }
    },
    async judge(tx, change) {
      const { passwords, secrets } = change.credentials;
      assertAll('users', [...passwords.keys()], await owns(tx, 'users', [...passwords.keys()]));
      assertAll('clients', [...secrets.keys()], await owns(tx, 'clients', [...secrets.keys()]));
      for (const section of SECTION_NAMES) {
        const keys = keysOf(change.objects, section, 'after');
        const known = await owns(tx, section, keys);
        if (keys.some((key) => !known.has(key)))
          throw aboveCeiling(`This ${noun(section)} would lie outside the organizations that you administer.`, []);
      }
      await judgeChange(tx, change, { ...state(), ...options, actor: administrator.actor, clientId: administrator.clientId });
    },
  };
}

const noun = (section: NounName): string => SECTIONS[section].noun.replaceAll('_', ' ');

const keysOf = (changes: readonly ObjectChange[], wanted: NounName, side: 'before' | 'after'): string[] =>
  changes.filter((change) => change.section === wanted && change[side] !== undefined).map(({ key }) => key);

async function find(
  tx: StoreTransaction,
  section: NounName,
  { keys, visibility }: { readonly keys: readonly string[]; readonly visibility: Visibility },
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const batch of batches(keys)) for (const key of (await tx.directory.find(section, batch, visibility)).keys()) found.add(key);
  return found;
}

/** @throws `not_found` */
function assertAll(section: NounName, keys: readonly string[], known: ReadonlySet<string>): void {
  const foreign = keys.find((key) => !known.has(key));
  if (foreign !== undefined) throw new DomainError('not_found', `There is no ${noun(section)} ${JSON.stringify(foreign)}.`);
}

interface ActingNow {
  readonly acting: Subject;
  readonly maximumRoles?: readonly string[] | undefined;
}

/** Whose roles count at this instant: the user, the client's context user, or the client; and how far a client may go. */
async function actingNow(tx: StoreTransaction, { actor, acting }: Administrator): Promise<ActingNow> {
  const found = actor.kind === 'client' ? await actingClient(tx, actor.id) : { acting: await tx.access.findUser(acting.id) };
  if (found?.acting?.active !== true) throw lost();
  return { ...found, acting: found.acting };
}

/** What {@link ActingNow} says of a client, besides the client itself; undefined when it is not let in. */
export async function actingClient(tx: StoreTransaction, clientId: string) {
  const client = (await tx.clients.findMany([clientId])).get(clientId);
  const self = await tx.access.findClient(clientId);
  if (client?.active !== true || self?.active !== true) return undefined;
  const { contextUser, maximumRoles } = client;
  return { self, acting: contextUser === undefined ? self : await tx.access.findUser(contextUser), maximumRoles };
}

function assertStillHeld(needs: readonly string[], ceiling: Ceiling): void {
  if (needs.length === 0 || ceiling.everyRole || needs.some((role) => ceiling.roles.has(role))) return;
  throw new DomainError('insufficient_roles', 'You do not hold the roles that this call needs any more.', {
    details: { sufficient_roles: [FULL_ACCESS, ...needs] },
  });
}

const lost = (): DomainError => new DomainError('unauthenticated', 'The access token is not good any more.');
