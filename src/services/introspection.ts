/**
 * @module Whether a token is good at this instant, and for what; RFC 7662. Roles are those minted that are still held,
 * and everything is read from the store as it is now. Whoever may not see a token sees what garbage gets.
 */
import { isEffective, type Subject } from '../domain/access.ts';
import type { Claims, Clock, GrantStore, RevocationStore, TokenSigner, TokenTrace } from '../domain/ports.ts';
import type { AccessService, Workspace } from './access.ts';
import { digest } from './client-authentication.ts';
import { admitsOrganization } from '../domain/client.ts';
import { GRANT_SEPARATOR } from './tokens.ts';

/** RFC 7662 §2.2; `{ active: false }` alone for everything that the caller may not see. */
export type Introspection = { readonly active: false } | ({ readonly active: true } & Claims);

const INACTIVE: Introspection = { active: false };

/** 48 bits of milliseconds at the head of a UUID version 7. */
const UUID_TIME = 12;

/** What is left of an access token at this instant. */
export interface LiveAccess {
  /** Minted and still held, in the order of the token. */
  readonly roles: readonly string[];
  readonly subject: Subject;
  /** Whose roles count: the subject, or a client's context user. */
  readonly acting: Subject;
}

export interface IntrospectionOptions {
  readonly access: AccessService;
  readonly grants: GrantStore;
  readonly revocations: RevocationStore;
  readonly signer: TokenSigner;
  readonly clock: Clock;
}

export class IntrospectionService {
  readonly #options: IntrospectionOptions;

  constructor(options: IntrospectionOptions) {
    this.#options = options;
  }

  /**
   * @param callerId an authenticated client: it sees its own tokens and those meant for resource servers it serves
   * @throws `unavailable` when the store cannot say
   */
  async introspect(token: string, callerId: string): Promise<Introspection> {
    const { access } = this.#options;
    await access.refresh(0);
    const workspace = await access.workspace();
    return looksLikeJwt(token) ? this.#accessToken(workspace, token, callerId) : this.#refreshToken(workspace, token, callerId);
  }

  async #accessToken(workspace: Workspace, token: string, callerId: string): Promise<Introspection> {
    const claims = await this.#options.signer.verify(token);
    if (claims === undefined) return INACTIVE;
    const trace = traceOf(claims);
    if (trace.clientId !== callerId && workspace.resourceServers.get(String(claims['aud']))?.clients.includes(callerId) !== true) return INACTIVE;
    const live = await this.live(claims);
    if (live === undefined) return INACTIVE;
    const { roles } = live;
    return { ...claims, active: true, token_type: claims['cnf'] === undefined ? 'Bearer' : 'DPoP', scope: roles.join(' '), roles };
  }

  /**
   * What a verified access token is worth on what the store says now.
   * @returns undefined when it was revoked, or its subject, its client or an organization of theirs is disabled
   * @throws `unavailable` when the store cannot say
   */
  async live(claims: Claims): Promise<LiveAccess | undefined> {
    const { access, revocations } = this.#options;
    await access.refresh(0);
    const trace = traceOf(claims);
    if (await revocations.isRevoked(trace)) return undefined;
    const acting = await this.#actingSubject(trace);
    if (acting === undefined) return undefined;
    const subject = trace.userId === undefined ? await access.subject('client', trace.clientId) : acting;
    if (subject === undefined) return undefined;
    return { roles: this.#stillHeld(await access.workspace(), acting, trace.clientId, claims['roles'] as readonly string[]), subject, acting };
  }

  /** Whose roles count now for a token: undefined when the subject, its client or an organization of theirs is disabled. */
  async #actingSubject({ clientId, userId }: TokenTrace): Promise<Subject | undefined> {
    const { access } = this.#options;
    const client = await access.client(clientId);
    if (client === undefined) return undefined;
    const subject = userId === undefined ? await access.subject('client', clientId) : await access.subject('user', userId);
    if (subject?.active !== true) return undefined;
    if (userId !== undefined) {
      return subject.organization !== undefined && admitsOrganization(client.client.allowedOrganizations, subject.organization) ? subject : undefined;
    }
    const { contextUser } = client.client;
    if (contextUser === undefined) return subject;
    const acting = await access.subject('user', contextUser);
    return acting?.active === true ? acting : undefined;
  }

  async #refreshToken(workspace: Workspace, token: string, callerId: string): Promise<Introspection> {
    const found = await this.#options.grants.findRefreshToken(digest(token));
    if (found === undefined || found.consumedAt !== undefined || found.grant.clientId !== callerId) return INACTIVE;
    const { grant } = found;
    if (grant.expiresAt.getTime() <= this.#options.clock.now()) return INACTIVE;
    const trace = { jti: '', grantId: grant.id, userId: grant.userId, clientId: grant.clientId, issuedAt: grant.createdAt };
    if (await this.#options.revocations.isRevoked(trace)) return INACTIVE;
    const user = await this.#actingSubject(trace);
    if (user === undefined) return INACTIVE;
    const roles = this.#stillHeld(workspace, user, grant.clientId, grant.requestedScope);
    return {
      active: true,
      client_id: grant.clientId,
      sub: grant.userId,
      aud: grant.audience,
      scope: roles.join(' '),
      roles,
      iat: Math.floor(found.createdAt.getTime() / 1000),
      exp: Math.floor(grant.expiresAt.getTime() / 1000),
      ...(user.username === undefined ? {} : { username: user.username }),
    };
  }

  #stillHeld({ catalogue }: Workspace, subject: Subject, clientId: string, minted: readonly string[]): string[] {
    const held = this.#options.access.holdings(catalogue, subject, clientId);
    return minted.filter((name) => {
      const role = catalogue.indexOf(name);
      return role !== undefined && isEffective(catalogue, held, role);
    });
  }
}

/** Three segments: an access token. Refresh tokens have no dot. */
export function looksLikeJwt(token: string): boolean {
  return token.includes('.');
}

/** What of a verified access token revocations are matched against. */
export function traceOf(claims: Claims): TokenTrace {
  const jti = String(claims['jti']);
  const clientId = String(claims['client_id']);
  const separator = jti.indexOf(GRANT_SEPARATOR);
  const uuid = jti.slice(separator + 1);
  return {
    jti,
    grantId: separator === -1 ? undefined : jti.slice(0, separator),
    // `sub` is the client itself in a client credentials token, and no user has a client's id.
    userId: claims['sub'] === clientId ? undefined : String(claims['sub']),
    clientId,
    issuedAt: new Date(Number.parseInt(uuid.replaceAll('-', '').slice(0, UUID_TIME), 16)),
  };
}
