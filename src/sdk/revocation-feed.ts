/** The feed of revocations as it is published: read strictly, because what is not understood must not pass for nothing. */

/** What an entry hits by an id, which stands in it as a hash. */
export type HitKind = 'token' | 'grant' | 'user' | 'client';

export interface Hit {
  readonly kind: HitKind;
  readonly hash: string;
  /** Issued up to here, in milliseconds since 1970. */
  readonly notBefore: number;
  /** Seconds since 1970 from which on there is nothing left to hit. */
  readonly exp: number;
}

export interface Loss {
  /** Hash of the subject; `*`: anybody. */
  readonly subject: string;
  /** `*`: the token itself. */
  readonly roles: readonly string[];
  /** Hash of the client; undefined: any. */
  readonly through: string | undefined;
  readonly notBefore: number;
  readonly exp: number;
}

export interface Feed {
  /** It replaces what was known. */
  readonly complete: boolean;
  readonly cursor: string;
  readonly hits: readonly Hit[];
  readonly losses: readonly Loss[];
}

const KINDS: readonly HitKind[] = ['token', 'grant', 'user', 'client'];

/** @throws Error in words for the log when it is not the feed of this issuer */
export function parseFeed(json: unknown, issuer: string): Feed {
  const feed = json as Partial<Record<string, unknown>> | null;
  if (feed?.['issuer'] !== issuer) throw new Error('The feed of revocations is of another issuer.');
  const { complete, cursor, entries } = feed;
  if (typeof complete !== 'boolean' || typeof cursor !== 'string' || !Array.isArray(entries)) throw unreadable(feed);
  const hits: Hit[] = [];
  const losses: Loss[] = [];
  for (const entry of entries as readonly Partial<Record<string, unknown>>[]) {
    const kind = KINDS.find((name) => typeof entry[name] === 'string');
    const exp = entry['exp'];
    if (typeof exp !== 'number') throw unreadable(entry);
    const notBefore = instantOf(entry);
    if (kind !== undefined) hits.push({ kind, hash: entry[kind] as string, notBefore, exp });
    else losses.push(lossOf(entry, notBefore, exp));
  }
  return { complete, cursor, hits, losses };
}

function lossOf(entry: Partial<Record<string, unknown>>, notBefore: number, exp: number): Loss {
  const { subject, roles, through } = entry;
  const isText = (value: unknown): value is string => typeof value === 'string';
  if (!isText(subject) || !Array.isArray(roles) || !roles.every(isText)) throw unreadable(entry);
  if (through !== undefined && !isText(through)) throw unreadable(entry);
  return { subject, roles, through, notBefore, exp };
}

function instantOf(entry: Partial<Record<string, unknown>>): number {
  const seconds = entry['not_before'];
  if (seconds === undefined) return Infinity;
  if (typeof seconds !== 'number') throw unreadable(entry);
  return Math.round(seconds * 1000);
}

const unreadable = (part: unknown): Error => new Error(`The feed of revocations cannot be read: ${JSON.stringify(part).slice(0, 200)}`);
