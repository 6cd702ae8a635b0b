/** What is known to have been taken back, by the hashes under which the feed names it. */
import { base64url } from 'jose';
import { BoundedMap } from './bounded-map.ts';
import type { TokenClaims } from './claims.ts';
import type { Feed, Hit, HitKind, Loss } from './revocation-feed.ts';

export interface Judgement {
  readonly isTakenBack: boolean;
  /** Roles that the token still names. */
  readonly lost: ReadonlySet<string>;
}

/** Anybody, every role. */
const EVERY = '*';
const NOTHING: ReadonlySet<string> = new Set();
const GOOD: Judgement = { isTakenBack: false, lost: NOTHING };
const TAKEN_BACK: Judgement = { isTakenBack: true, lost: NOTHING };
/** Separates the id of a sign-in from the token's own in `jti`. */
const GRANT_SEPARATOR = '~';
/** Hashes of subjects and clients that are kept, since they come again. */
const REMEMBERED = 10_000;

export class RevocationLedger {
  readonly #issuer: string;
  readonly #hits: Readonly<Record<HitKind, Map<string, Hit>>> = { token: new Map(), grant: new Map(), user: new Map(), client: new Map() };
  /** By subject. */
  readonly #losses = new Map<string, Loss[]>();
  readonly #hashes = new BoundedMap<string, string>(REMEMBERED);

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  /** @param now seconds since 1970; what has nothing left to hit is forgotten */
  enter({ complete, hits, losses }: Feed, now: number): void {
    if (complete) this.#clear();
    for (const hit of hits) this.#hits[hit.kind].set(hit.hash, hit);
    for (const loss of losses) this.#enterLoss(loss);
    this.#prune(now);
  }

  /** Whether a verified token was taken back, or some of its roles. */
  async judge(claims: TokenClaims): Promise<Judgement> {
    const jti = String(claims['jti']);
    const clientId = String(claims['client_id']);
    const subject = String(claims['sub']);
    const kind = subject === clientId ? 'client' : 'user';
    const issuedAt = issuedAtOf(claims, jti);
    const separator = jti.indexOf(GRANT_SEPARATOR);
    if (await this.#isHit('token', jti, issuedAt)) return TAKEN_BACK;
    if (separator > 0 && (await this.#isHit('grant', jti.slice(0, separator), issuedAt))) return TAKEN_BACK;
    if (await this.#isHit('client', clientId, issuedAt)) return TAKEN_BACK;
    if (kind === 'user' && (await this.#isHit('user', subject, issuedAt))) return TAKEN_BACK;
    const actor = (claims['act'] as { readonly sub?: unknown } | null | undefined)?.sub;
    if (typeof actor === 'string' && (await this.#hasLostAnything(actor, issuedAt))) return TAKEN_BACK;
    return this.#losses.size === 0 ? GOOD : this.#judgeLosses({ subject, kind, clientId, issuedAt, roles: claims['roles'] });
  }

  async #judgeLosses(token: {
    readonly subject: string;
    readonly kind: 'user' | 'client';
    readonly clientId: string;
    readonly issuedAt: number;
    readonly roles: unknown;
  }): Promise<Judgement> {
    const { clientId, issuedAt } = token;
    const carried = new Set(Array.isArray(token.roles) ? (token.roles as readonly unknown[]) : []);
    const lost = new Set<string>();
    for (const subject of [EVERY, await this.#hash(token.kind, token.subject)]) {
      for (const loss of this.#losses.get(subject) ?? []) {
        if (issuedAt > loss.notBefore) continue;
        if (loss.through !== undefined && loss.through !== (await this.#hash('client', clientId))) continue;
        const names = loss.roles.filter((role) => role === EVERY || carried.has(role));
        // Who of all still holds them is not said; a new token says it.
        if (names.includes(EVERY) || (subject === EVERY && names.length > 0)) return TAKEN_BACK;
        for (const name of names) lost.add(name);
      }
    }
    return { isTakenBack: false, lost };
  }

  /** An actor who lost any role may have lost the one to act as others; a new token says so. */
  async #hasLostAnything(actor: string, issuedAt: number): Promise<boolean> {
    if (await this.#isHit('user', actor, issuedAt)) return true;
    if (this.#losses.size === 0) return false;
    return (this.#losses.get(await this.#hash('user', actor)) ?? []).some(({ notBefore }) => issuedAt <= notBefore);
  }

  async #isHit(kind: HitKind, id: string, issuedAt: number): Promise<boolean> {
    const hits = this.#hits[kind];
    if (hits.size === 0) return false;
    const hit = hits.get(kind === 'token' ? await this.#compute(kind, id) : await this.#hash(kind, id));
    return hit !== undefined && issuedAt <= hit.notBefore;
  }

  async #hash(kind: HitKind, id: string): Promise<string> {
    const key = `${kind} ${id}`;
    const known = this.#hashes.get(key);
    if (known !== undefined) return known;
    const hash = await this.#compute(kind, id);
    this.#hashes.set(key, hash);
    return hash;
  }

  async #compute(kind: HitKind, id: string): Promise<string> {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${this.#issuer} ${kind} ${id}`));
    return base64url.encode(new Uint8Array(digest, 0, 16));
  }

  #enterLoss(loss: Loss): void {
    const known = this.#losses.get(loss.subject) ?? [];
    const isSame = (other: Loss): boolean =>
      other.through === loss.through && other.notBefore === loss.notBefore && other.roles.join(' ') === loss.roles.join(' ');
    this.#losses.set(loss.subject, [...known.filter((other) => !isSame(other)), loss]);
  }

  #clear(): void {
    for (const hits of Object.values(this.#hits)) hits.clear();
    this.#losses.clear();
  }

  #prune(now: number): void {
    for (const hits of Object.values(this.#hits)) for (const [hash, { exp }] of hits) if (exp <= now) hits.delete(hash);
    for (const [subject, losses] of this.#losses) {
      const left = losses.filter(({ exp }) => exp > now);
      if (left.length === 0) this.#losses.delete(subject);
      else if (left.length < losses.length) this.#losses.set(subject, left);
    }
  }
}

/** To the millisecond from the id, a UUID of version 7 (RFC 9562 §5.7); `iat` has seconds only. */
function issuedAtOf(claims: TokenClaims, jti: string): number {
  const id = jti.slice(jti.indexOf(GRANT_SEPARATOR) + 1);
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/.test(id)) return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  return Number(claims['iat']) * 1000;
}
