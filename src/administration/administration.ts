/**
 * @module Administration over the network: reading what an administrator may see, and changing it within the
 * administrator's authority. One way for every noun: the fields are those of a workspace file, and a change goes the way
 * that a file goes (`workspace/change.ts`), as a dry run or for good.
 */
import type { ListQuery, NounName, Nouns, Page } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import type { Clock, PasswordHasher, Random, Store, StoreTransaction } from '../domain/ports.ts';
import type { Role } from '../domain/role.ts';
import type { AccessService } from '../services/access.ts';
import type { DefinitionsCache } from '../services/definitions.ts';
import { makeChange, type Wanted, type WrittenChange } from '../workspace/change.ts';
import { prepareSecrets, SecretWork } from '../workspace/credentials.ts';
import { SECTIONS } from '../workspace/sections.ts';
import type { WorkspaceContext } from '../workspace/workspace.ts';
import type { Administrator } from './administrator.ts';
import { openAuthority, type OpenAuthority } from './authority.ts';
import { blastRadiusOf, type BlastRadius } from './blast-radius.ts';
import { asRequestError, entryWorkspace, NOTHING, sentWorkspace, type Json } from './entries.ts';
import { assertUnused } from './in-use.ts';
import { absent, completed, keyed, readable, withKey } from './nouns.ts';
import { fieldsOf, represent } from './representation.ts';
import { assertNotBuiltIn, builtInRole, pageOfRoles } from './roles.ts';

export interface AdministrationOptions {
  readonly store: Store;
  readonly access: AccessService;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: Random;
  /** Audience of the management API. */
  readonly issuer: string;
  readonly definitions: DefinitionsCache;
  /** Longest time, in hours, for which FullAccess is given without confirmation. */
  readonly fullAccessHours: number;
  /** Most users, and most clients, that a change is judged on one by one. Default 2,000; of a workspace 10,000. */
  readonly mostSubjects?: number | undefined;
}

/** A change holds up all others while it is judged, so one of an object looks at fewer than a whole workspace, which names many. */
const MOST_SUBJECTS = { object: 2_000, workspace: 10_000 };

/** A request of an administrator. */
export interface Call {
  readonly administrator: Administrator;
  /** Roles of which one must be held, still when the change is made; FullAccess suffices. */
  readonly needs: readonly string[];
}

export interface WriteCall extends Call {
  readonly dryRun: boolean;
  /** More lists of roles, of each of which one must be held as well. */
  readonly alsoNeeds?: readonly (readonly string[])[] | undefined;
  /** Roles that the object names: those that there are not are made along with it. */
  readonly definesRoles?: readonly Pick<Role, 'name' | 'category'>[] | undefined;
  /** FullAccess may be handed out for long. */
  readonly confirmed?: boolean | undefined;
  /** Looks at what is stored before it is changed; throws `stale_version`. */
  readonly precondition?: ((current: Json) => void) | undefined;
}

/** What became of a write. */
export interface Written<T = undefined> {
  /** The object as it is now, or would be; undefined when it was removed. */
  readonly object: Json | undefined;
  /** For dry runs. */
  readonly blastRadius: BlastRadius | undefined;
  readonly extra: T | undefined;
}

interface Write<T> {
  readonly noun?: NounName | undefined;
  /** Of the one object that is written. */
  readonly key?: string | undefined;
  readonly prepare: (tx: StoreTransaction) => Promise<Wanted>;
  readonly finish?: Finish<T> | undefined;
  readonly work?: SecretWork | undefined;
}

/** What is to become of an object, from its fields and from how it is stored. */
export type Rewrite<N extends NounName> = (current: Json, stored: Nouns[N], tx: StoreTransaction) => Json | Promise<Json>;

/** Does more in the transaction of a write. */
export type Finish<T> = (tx: StoreTransaction, key: string) => Promise<T>;

export class Administration {
  readonly #options: AdministrationOptions;

  constructor(options: AdministrationOptions) {
    this.#options = options;
  }

  /** @throws `not_found`, the same for what does not exist and for what lies outside */
  async get(noun: NounName, key: string, call: Call): Promise<Json> {
    return represent(noun, await this.find(noun, key, call), await this.#catalogue());
  }

  /** {@link get} as it is stored. @throws `not_found` */
  async find<N extends NounName>(noun: N, key: string, { administrator }: Call): Promise<Nouns[N]> {
    const stored = (await this.#options.store.directory.find(noun, [key], readable(noun, administrator))).get(key);
    const object = stored ?? (noun === 'roles' ? (builtInRole(key) as Nouns[N] | undefined) : undefined);
    if (object === undefined) throw absent();
    return object;
  }

  /** One page of what the administrator may see. */
  async list(noun: NounName, query: Omit<ListQuery, 'visibility'>, call: Call): Promise<Page<Json>> {
    const page = noun === 'roles' ? await this.#roles(query) : await this.#page(noun, query, call);
    const catalogue = await this.#catalogue();
    return { ...page, items: page.items.map((object) => represent(noun, object, catalogue)) };
  }

  /**
   * Makes a new object.
   * @param value the fields of a workspace file; an id that is left out is generated
   * @throws `already_exists`, `invalid_input`, `above_ceiling`
   */
  async create<T = undefined>(noun: NounName, value: Json, call: WriteCall, finish?: Finish<T>): Promise<Written<T>> {
    const complete = completed(noun, withKey(noun, value, this.#options.random), call);
    const [key] = entryWorkspace(noun, complete).entries[noun].keys();
    if (noun === 'roles' && key !== undefined) assertNotBuiltIn(key);
    const prepare = async (tx: StoreTransaction): Promise<Wanted> => {
      if (key !== undefined && (await SECTIONS[noun].repository(tx).findMany([key])).size > 0) {
        throw new DomainError('already_exists', `There is a ${SECTIONS[noun].noun.replaceAll('_', ' ')} ${JSON.stringify(key)} already.`);
      }
      return { workspace: entryWorkspace(noun, complete, await this.#missingRoles(tx, call)), generatesSecrets: finish !== undefined };
    };
    return this.#write(call, { prepare, finish, noun, key });
  }

  /**
   * Writes an object anew, depending on how it is: what the new fields do not name gets its default.
   * @throws `not_found`, `stale_version`, `invalid_input`, `above_ceiling`
   */
  async change<N extends NounName>(noun: N, key: string, call: WriteCall, change: Rewrite<N>): Promise<Written> {
    const prepare = async (tx: StoreTransaction): Promise<Wanted> => {
      const stored = await this.#current(tx, noun, key, call);
      const current = fieldsOf(noun, stored);
      const value = keyed(noun, key, await change(current, stored, tx));
      const complete = completed(noun, value, { administrator: call.administrator, current });
      const workspace = entryWorkspace(noun, complete, await this.#missingRoles(tx, call));
      if (!workspace.entries[noun].has(key) && workspace.problems.length === 0) {
        throw new DomainError('invalid_input', 'What makes the object this one cannot be changed: make another one instead.');
      }
      return { workspace, replace: true, generatesSecrets: true };
    };
    return this.#write(call, { prepare, noun, key });
  }

  /**
   * Removes an object that nothing else needs.
   * @throws `not_found`, `stale_version`, and `in_use` naming what needs it
   */
  async remove(noun: NounName, key: string, call: WriteCall): Promise<Written> {
    const prepare = async (tx: StoreTransaction): Promise<Wanted> => {
      await this.#current(tx, noun, key, call);
      await assertUnused(tx, noun, key, call.administrator);
      return { workspace: NOTHING, remove: [{ section: noun, key }] };
    };
    return this.#write(call, { prepare, noun, key });
  }

  /** Applies a whole workspace within the authority of the administrator. @throws `invalid_input`, `not_found`, `above_ceiling` */
  async apply(value: unknown, call: WriteCall, options: { readonly prune: boolean }): Promise<Written> {
    const workspace = sentWorkspace(value);
    const context = this.#context(call);
    const work = new SecretWork(context.hasher, call.dryRun);
    if (workspace.problems.length === 0) await prepareSecrets(context, workspace, work);
    return this.#write(call, { prepare: () => Promise.resolve({ workspace, prune: options.prune }), work });
  }

  /** The authority of the administrator, to be opened in a transaction that somebody else begins. */
  authorityFor({ administrator, needs, alsoNeeds, confirmed = false }: WriteCall): OpenAuthority {
    const { issuer, definitions, clock, fullAccessHours } = this.#options;
    return openAuthority({
      issuer,
      administrator,
      needs,
      alsoNeeds,
      definitions,
      now: () => clock.now(),
      confirmed,
      fullAccessLimit: fullAccessHours * 3_600_000,
    });
  }

  /** Runs something that is no change of an object, but needs the authority of the administrator, in one transaction. */
  async within<T>(call: WriteCall, work: (tx: StoreTransaction, authority: OpenAuthority) => Promise<T>): Promise<T> {
    const authority = this.authorityFor(call);
    return this.#options.store.transaction(
      async (tx) => {
        await authority.open(tx);
        return work(tx, authority);
      },
      { rollback: call.dryRun },
    );
  }

  async #missingRoles(tx: StoreTransaction, { definesRoles = [] }: WriteCall): Promise<readonly Json[]> {
    if (definesRoles.length === 0) return [];
    const { catalogue } = await this.#options.definitions.current(tx.access);
    const missing = definesRoles.filter(({ name }) => catalogue.indexOf(name) === undefined);
    return [...new Map(missing.map(({ name, category }) => [name, { name, category }])).values()];
  }

  #page<N extends NounName>(noun: N, query: Omit<ListQuery, 'visibility'>, { administrator }: Call): Promise<Page<Nouns[N]>> {
    return this.#options.store.pages.directory.list(noun, { ...query, visibility: readable(noun, administrator) });
  }

  async #roles(query: Omit<ListQuery, 'visibility'>): Promise<Page<Role>> {
    const { definitions, store } = this.#options;
    return pageOfRoles((await definitions.current(store.access)).definitions.roles, query);
  }

  async #current<N extends NounName>(tx: StoreTransaction, noun: N, key: string, call: WriteCall): Promise<Nouns[N]> {
    if (noun === 'roles') assertNotBuiltIn(key);
    const object = (await tx.directory.find(noun, [key], { tenancy: call.administrator.tenancy, inherited: false })).get(key);
    if (object === undefined) throw absent();
    if (call.precondition !== undefined) call.precondition(represent(noun, object, (await this.#options.definitions.current(tx.access)).catalogue));
    return object;
  }

  async #write<T>(call: WriteCall, { noun, key, prepare, finish, work }: Write<T>): Promise<Written<T>> {
    const authority = this.authorityFor(call);
    const begin = async (tx: StoreTransaction): Promise<Wanted> => {
      await authority.open(tx);
      return prepare(tx);
    };
    const end = async (tx: StoreTransaction, change: WrittenChange): Promise<Written<T>> => {
      const extra = key === undefined ? undefined : await finish?.(tx, key);
      const blastRadius = call.dryRun ? await blastRadiusOf(tx, change, call.administrator.tenancy) : undefined;
      const stored = key === undefined || noun === undefined ? undefined : (await SECTIONS[noun].repository(tx).findMany([key])).get(key);
      const object = stored === undefined ? undefined : represent(noun!, stored as never, change.meanings.after.catalogue);
      return { object, blastRadius, extra };
    };
    try {
      const { result } = await makeChange(this.#context(call), begin, {
        dryRun: call.dryRun,
        mostSubjects: this.#options.mostSubjects ?? MOST_SUBJECTS[noun === undefined ? 'workspace' : 'object'],
        work,
        authority,
        finish: end,
      });
      return result!;
    } catch (error) {
      throw asRequestError(error);
    }
  }

  #context({ administrator }: Call): WorkspaceContext {
    const { store, hasher, clock, random, definitions } = this.#options;
    const { actor, onBehalfOf, clientId, requestId } = administrator;
    return { store, hasher, clock, random, definitions, actor, onBehalfOf, clientId, requestId };
  }

  async #catalogue() {
    await this.#options.access.refresh(0);
    return (await this.#options.access.workspace()).catalogue;
  }
}
