/**
 * @module The feed that APIs follow which verify tokens by themselves: what was taken back, and who lost which roles. It
 * is open to everybody, so it names nobody: ids stand in it as hashes that only those recognize who know the id.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../domain/ports.ts';
import { EVERYBODY, type Revocation } from '../domain/revocation.ts';
import { WHOLE_TOKEN, type RevocationFeedReader, type RevocationNews, type RoleLoss } from '../domain/revocation-feed.ts';
import { LONGEST_TOKEN } from './tokens.ts';

/** Times are NumericDates, RFC 7519 §2; `not_before` has fractions. */
export type FeedEntry = {
  /** What was issued up to this instant is hit; without it, whenever it was issued. */
  readonly not_before?: number;
  /** The entry vanishes: everything that it hits has ended. */
  readonly exp: number;
} & (
  | { readonly token: string }
  | { readonly grant: string }
  | { readonly user: string }
  | { readonly client: string }
  /** `*`: anybody; then the token is to be asked for anew. The role `*` is every role and the token itself. */
  | { readonly subject: string; readonly roles: readonly string[]; readonly through?: string }
);

/** JSON as it is. */
export interface RevocationFeed {
  readonly issuer: string;
  /** Everything that is in force; otherwise what was written since the cursor, at least. */
  readonly complete: boolean;
  readonly cursor: string;
  readonly entries: readonly FeedEntry[];
}

export interface RevocationFeedOptions {
  readonly issuer: string;
  readonly revocationFeed: RevocationFeedReader;
  readonly clock: Clock;
}

export class RevocationFeedService {
  readonly #options: RevocationFeedOptions;
  /** Readings under way: what many followers ask at once is read once. */
  readonly #underWay = new Map<string, Promise<RevocationFeed>>();

  constructor(options: RevocationFeedOptions) {
    this.#options = options;
  }

  /**
   * @param since cursor of an earlier answer; one that is not known gets everything
   * @throws `unavailable` when the store cannot say
   */
  async read(since: string | undefined): Promise<RevocationFeed> {
    const key = since ?? '';
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    const reading = this.#read(since).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, reading);
    return reading;
  }

  async #read(since: string | undefined): Promise<RevocationFeed> {
    const { issuer, revocationFeed, clock } = this.#options;
    const at = clock.now();
    const news = await revocationFeed.news({ since, now: new Date(at), notBeforeAfter: new Date(at - LONGEST_TOKEN) });
    const entries = entriesOf(issuer, news);
    // Who has seen everything keeps the cursor, so that the answer stays the same until there is something to tell.
    const cursor = entries.length === 0 && since !== undefined && !news.complete ? since : news.cursor;
    return { issuer, complete: news.complete, cursor, entries };
  }
}

/**
 * How an id stands in the feed: 128 bits of SHA-256 over issuer, kind and id, base64url. The issuer keeps tables of
 * hashes from being of use for more than one deployment.
 */
export function feedHash(issuer: string, kind: HashedKind, id: string): string {
  return createHash('sha256').update(`${issuer} ${kind} ${id}`).digest().subarray(0, 16).toString('base64url');
}

/** Everybody stands in it as such. */
type HashedKind = Exclude<Revocation['kind'], 'everybody'>;

function entriesOf(issuer: string, { revocations, roleLosses }: RevocationNews): FeedEntry[] {
  const hits = revocations.map(({ kind, id, notBefore, expiresAt }) => {
    const exp = secondsOf(Math.min(expiresAt.getTime(), notBefore.getTime() + LONGEST_TOKEN));
    if (kind === 'everybody') return { subject: EVERYBODY, roles: [WHOLE_TOKEN], not_before: notBefore.getTime() / 1000, exp };
    const hash = feedHash(issuer, kind, id);
    if (kind === 'token') return { token: hash, exp };
    if (kind === 'grant') return { grant: hash, exp };
    const timed = { not_before: notBefore.getTime() / 1000, exp };
    return kind === 'user' ? { user: hash, ...timed } : { client: hash, ...timed };
  });
  return [...hits, ...lossEntries(issuer, roleLosses)];
}

/** One entry for what somebody lost by one change. */
function lossEntries(issuer: string, losses: readonly RoleLoss[]): FeedEntry[] {
  const groups = new Map<string, { readonly first: RoleLoss; readonly roles: string[] }>();
  for (const loss of losses) {
    const key = JSON.stringify([loss.subject, loss.client, loss.notBefore, loss.expiresAt]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: loss, roles: [loss.role] });
    else group.roles.push(loss.role);
  }
  return [...groups.values()].map(({ first: { subject, client, notBefore, expiresAt }, roles }) => ({
    subject: subject === undefined ? EVERYBODY : feedHash(issuer, subject.kind, subject.id),
    roles: roles.sort(),
    ...(client === undefined ? {} : { through: feedHash(issuer, 'client', client) }),
    not_before: notBefore.getTime() / 1000,
    exp: secondsOf(expiresAt.getTime()),
  }));
}

const secondsOf = (milliseconds: number): number => Math.ceil(milliseconds / 1000);
