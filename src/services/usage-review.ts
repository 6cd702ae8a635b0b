/**
 * @module Review of use: what was asked for, what was given, and what nobody needs. Figures come from the clients of the
 * asking administrator's tenancy, are up to ten seconds old, and begin with the day on which counting began.
 */
import { byCodeUnit, type Catalogue } from '../domain/catalogue.ts';
import type { Position, Visibility } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import type { Pages } from '../domain/pages.ts';
import type { Clock } from '../domain/ports.ts';
import { MAXIMUM_SCOPE_NAMES } from '../domain/scope.ts';
import { dayAfter, dayOf, OTHER_NAMES, type Day, type ProfileInUse, type Span, type UsageKind } from '../domain/usage.ts';
import type { AccessService } from './access.ts';

const DAYS = 30;
/** Profiles of an unused role that are named; the rest is counted. */
const PROFILES_NAMED = 20;

export interface ReviewPage {
  /** Today and the days before it; 30 when unset. */
  readonly days?: number | undefined;
  readonly after?: Position | undefined;
  readonly limit: number;
  readonly total?: boolean | undefined;
}

export interface TotalsQuery extends ReviewPage {
  readonly by: UsageKind;
  /** Only what was counted for this client. */
  readonly client?: string | undefined;
  /** Only this role, client or profile. */
  readonly name?: string | undefined;
}

/** Which days an answer speaks of. */
export interface Reviewed {
  readonly days: number;
  /** First day that was looked at: counting may have begun later than asked for. */
  readonly from: Day;
  readonly to: Day;
  /** First day that is counted and still kept; undefined: nothing was ever counted. */
  readonly countedSince: Day | undefined;
}

export interface Reviews<T> extends Reviewed {
  readonly items: readonly T[];
  readonly next: Position | undefined;
  readonly total: number | undefined;
}

export interface Total {
  /** Null: further names that nobody knows, counted together. */
  readonly name: string | null;
  /** For roles: whether the catalogue knows it today. */
  readonly known?: boolean;
  /** For clients: tokens that were issued. */
  readonly tokens?: number;
  /** Names in requests of tokens; for profiles tokens that asked for one of its roles. */
  readonly requested: number;
  readonly granted: number;
  readonly dropped: number;
  readonly lastUsedOn: Day | undefined;
  readonly lastRequestedOn: Day | undefined;
}

export interface UnusedRole {
  readonly name: string;
  /** Up to 20 ids of profiles that give it. */
  readonly securityProfiles: readonly string[];
  readonly securityProfileCount: number;
  /** Whether one of them is assigned to somebody within the tenancy. */
  readonly assigned: boolean;
  /** Last grant, as far back as counts are kept. */
  readonly lastUsedOn: Day | undefined;
}

export interface AskedInVain {
  /** Null: further names that nobody knows, counted together. */
  readonly name: string | null;
  readonly known: boolean;
  readonly requested: number;
  readonly lastRequestedOn: Day | undefined;
}

export interface LeastScope extends Reviewed {
  readonly client: string;
  readonly tokens: number;
  /** How many names. */
  readonly names: number;
  /** Empty when nothing was granted; null when there are more names than one request may have. */
  readonly scope: string | null;
}

export interface UsageReviewOptions {
  readonly usage: Pages['usage'];
  readonly access: AccessService;
  readonly clock: Clock;
  /** Days for which counts are kept. */
  readonly usageDays: number;
}

export class UsageReview {
  readonly #options: UsageReviewOptions;

  constructor(options: UsageReviewOptions) {
    this.#options = options;
  }

  /**
   * Requested, granted and dropped counts with the last use: of every role that was asked for, or of every client or
   * profile that may be seen, the unused ones too.
   * @throws `not_found` when the client may not be seen, `invalid_input` for a number of days that is not kept
   */
  async totals({ by, client, name, ...page }: TotalsQuery, visibility: Visibility): Promise<Reviews<Total>> {
    const span = await this.#span(page.days);
    if (client !== undefined) await this.#tokensOf(client, span, visibility);
    const only = name ?? (by === 'client' ? client : undefined);
    const { after, limit, total = false } = page;
    const catalogue = by === 'role' ? await this.#catalogue() : undefined;
    const names = only === undefined ? undefined : [only];
    const found = await this.#options.usage.list({ by, ...span, visibility, client, names, after, limit, total });
    const items = found.items.map(({ tokens, ...counts }) => ({
      name: shown(counts.name),
      ...(catalogue === undefined ? {} : { known: catalogue.indexOf(counts.name) !== undefined }),
      ...(tokens === undefined ? {} : { tokens }),
      requested: counts.granted + counts.dropped,
      granted: counts.granted,
      dropped: counts.dropped,
      lastUsedOn: counts.lastUsedOn,
      lastRequestedOn: counts.lastRequestedOn,
    }));
    return { ...span, items, next: found.next, total: found.total };
  }

  /**
   * Roles that a profile gives and no token got. Profiles with full access are left out: they give every role there is.
   * @throws `invalid_input` for a number of days that is not kept
   */
  async unusedRoles({ days, after, limit, total = false }: ReviewPage, visibility: Visibility): Promise<Reviews<UnusedRole>> {
    const { usage, clock } = this.#options;
    const span = await this.#span(days);
    const catalogue = await this.#catalogue();
    const given = rolesOf(catalogue, await usage.profilesInUse(visibility, new Date(clock.now())));
    for (const name of await usage.grantedRoles({ ...span, visibility })) given.delete(name);
    const unused = [...given.keys()].sort(byCodeUnit);
    const rest = after === undefined ? unused : unused.filter((name) => name > after.key);
    const names = rest.slice(0, limit);
    const lastUse = await this.#lastUse(names, span, visibility);
    const last = names.at(-1);
    return {
      ...span,
      items: names.map((name) => {
        const { profiles, assigned } = given.get(name)!;
        return {
          name,
          securityProfiles: profiles.slice(0, PROFILES_NAMED),
          securityProfileCount: profiles.length,
          assigned,
          lastUsedOn: lastUse.get(name),
        };
      }),
      next: rest.length > limit && last !== undefined ? { value: last, key: last } : undefined,
      total: total ? unused.length : undefined,
    };
  }

  /**
   * Names that a client asked for and never got.
   * @throws `not_found` when the client may not be seen, `invalid_input` for a number of days that is not kept
   */
  async askedInVain({ client, ...page }: ReviewPage & { readonly client: string }, visibility: Visibility): Promise<Reviews<AskedInVain>> {
    const span = await this.#span(page.days);
    await this.#tokensOf(client, span, visibility);
    const catalogue = await this.#catalogue();
    const { after, limit, total = false } = page;
    const found = await this.#options.usage.list({ by: 'role', ...span, visibility, client, inVain: true, after, limit, total });
    const items = found.items.map(({ name, dropped, lastRequestedOn }) => ({
      name: shown(name),
      known: catalogue.indexOf(name) !== undefined,
      requested: dropped,
      lastRequestedOn,
    }));
    return { ...span, items, next: found.next, total: found.total };
  }

  /**
   * The shortest scope with which a client would have got everything that its tokens carried.
   * @throws `not_found` when the client may not be seen, `invalid_input` for a number of days that is not kept
   */
  async leastScope({ client, days }: { readonly client: string; readonly days?: number | undefined }, visibility: Visibility): Promise<LeastScope> {
    const span = await this.#span(days);
    const tokens = await this.#tokensOf(client, span, visibility);
    const names = await this.#options.usage.grantedRoles({ ...span, visibility, client });
    return { ...span, client, tokens, names: names.length, scope: names.length > MAXIMUM_SCOPE_NAMES ? null : names.join(' ') };
  }

  async #span(days = DAYS): Promise<Reviewed> {
    const { usage, clock, usageDays } = this.#options;
    if (!Number.isSafeInteger(days) || days < 1 || days > usageDays) {
      throw new DomainError('invalid_input', `days must be a whole number from 1 to ${usageDays}: counts are not kept for longer.`);
    }
    const began = await usage.countedSince();
    const to = dayOf(clock.now());
    const countedSince = began === undefined ? undefined : later(began, dayAfter(to, 1 - usageDays));
    return { days, from: later(dayAfter(to, 1 - days), countedSince ?? to), to, countedSince };
  }

  async #catalogue(): Promise<Catalogue> {
    const { access } = this.#options;
    await access.refresh(0);
    return (await access.workspace()).catalogue;
  }

  /** Tokens of a client that may be seen. */
  async #tokensOf(client: string, span: Span, visibility: Visibility): Promise<number> {
    const { from, to } = span;
    const { items } = await this.#options.usage.list({ by: 'client', from, to, visibility, names: [client], limit: 1, total: false });
    if (items[0] === undefined) throw new DomainError('not_found', `There is no client ${JSON.stringify(client)}.`);
    return items[0].tokens ?? 0;
  }

  async #lastUse(names: readonly string[], { countedSince, to }: Reviewed, visibility: Visibility): Promise<ReadonlyMap<string, Day>> {
    if (names.length === 0 || countedSince === undefined) return new Map();
    const limit = names.length;
    const { items } = await this.#options.usage.list({ by: 'role', from: countedSince, to, visibility, names, limit, total: false });
    return new Map(items.flatMap(({ name, lastUsedOn }) => (lastUsedOn === undefined ? [] : [[name, lastUsedOn] as const])));
  }
}

const later = (a: Day, b: Day): Day => (a > b ? a : b);

const shown = (name: string): string | null => (name === OTHER_NAMES ? null : name);

interface GivenRole {
  readonly profiles: string[];
  assigned: boolean;
}

function rolesOf(catalogue: Catalogue, profiles: readonly ProfileInUse[]): Map<string, GivenRole> {
  const given = new Map<string, GivenRole>();
  for (const { id, assigned } of profiles) {
    const resolved = catalogue.profile(id);
    if (resolved === undefined || resolved.profile.fullAccess) continue;
    for (const position of resolved.roles) {
      const name = catalogue.roles[position]!;
      const role = given.get(name) ?? { profiles: [], assigned: false };
      role.profiles.push(id);
      role.assigned ||= assigned;
      given.set(name, role);
    }
  }
  return given;
}
