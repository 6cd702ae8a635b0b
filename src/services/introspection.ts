/**
 * @module Whether a token is good at this instant, and for what; RFC 7662. Roles are those minted that are still held,
 * and everything is read from the store as it is now. Whoever may not see a token sees what garbage gets.
 */
import { isEffective, type Holdings, type Subject } from '../domain/access.ts';
import type { Claims, Clock, GrantStore, TokenSigner } from '../domain/ports.ts';
import type { RevocationStore, TokenTrace } from '../domain/revocation.ts';
import { impersonate, mayStillImpersonate } from '../domain/impersonation-rule.ts';
import type { AccessService, Workspace } from './access.ts';
import { digest } from './client-authentication.ts';
import { admitsOrganization, mayActFor, type Client, type GrantType } from '../domain/client.ts';
import { looksLikeJwt, traceOf } from './token-trace.ts';

/** RFC 7662 §2.2; `{ active: false }` alone for everything that the caller may not see. */
export type Introspection = { readonly active: false } | ({ readonly active: true } & Claims);

const INACTIVE: Introspection = { active: false };

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
   * @returns undefined when it was revoked, or its subject, its client or an organization of theirs is disabled; when the
   * client lost the grant types by which it could have come; and when who acts as the subject is disabled or may no longer do so
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
    const workspace = await access.workspace();
    const held =
      trace.actorId === undefined
        ? access.holdings(workspace.catalogue, acting, trace.clientId)
        : await this.#heldByActor(workspace, trace.actorId, { target: acting, client: trace.clientId });
    return held && { roles: stillHeld(workspace, held, claims['roles'] as readonly string[]), subject, acting };
  }

  /** What an actor may still do as somebody else; undefined when nothing at all, not even with an empty token. */
  async #heldByActor(
    { catalogue, impersonation }: Workspace,
    actorId: string,
    { target, client }: { readonly target: Subject; readonly client: string },
  ): Promise<Holdings | undefined> {
    const actor = await this.#options.access.subject('user', actorId);
    const at = this.#options.clock.now();
    if (actor?.active !== true || !mayStillImpersonate(catalogue, actor, { role: impersonation.role, at })) return undefined;
    return impersonate(catalogue, impersonation.rulesOf(client), { actor, target, client, at })?.held;
  }

  /** Whose roles count now for a token: undefined when the subject, its client or an organization of theirs is disabled. */
  async #actingSubject(trace: TokenTrace): Promise<Subject | undefined> {
    const { access } = this.#options;
    const { clientId, userId } = trace;
    const client = await access.client(clientId);
    if (client === undefined || !couldStillCome(client.client, trace)) return undefined;
    const subject = userId === undefined ? await access.subject('client', clientId) : await access.subject('user', userId);
    if (subject?.active !== true) return undefined;
    if (userId !== undefined) {
      return subject.organization !== undefined && admitsOrganization(client.client.allowedOrganizations, subject.organization) ? subject : undefined;
    }
    const { contextUser } = client.client;
    if (contextUser === undefined) return subject;
    const acting = await access.subject('user', contextUser);
    return acting?.active === true && mayActFor(client.client, acting.organization) ? acting : undefined;
  }

  async #refreshToken(workspace: Workspace, token: string, callerId: string): Promise<Introspection> {
    const found = await this.#options.grants.findRefreshToken(digest(token));
    if (found === undefined || found.consumedAt !== undefined || found.grant.clientId !== callerId) return INACTIVE;
    const { grant } = found;
    if (grant.expiresAt.getTime() <= this.#options.clock.now()) return INACTIVE;
    if ((await this.#options.access.client(callerId))?.client.grantTypes.includes('refresh_token') !== true) return INACTIVE;
    const trace = { jti: '', grantId: grant.id, userId: grant.userId, clientId: grant.clientId, issuedAt: grant.createdAt };
    if (await this.#options.revocations.isRevoked(trace)) return INACTIVE;
    const user = await this.#actingSubject(trace);
    if (user === undefined) return INACTIVE;
    const roles = stillHeld(workspace, this.#options.access.holdings(workspace.catalogue, user, grant.clientId), grant.requestedScope);
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
}

const FOR_PEOPLE: readonly GrantType[] = [
  'password',
  'authorization_code',
  'urn:ietf:params:oauth:grant-type:device_code',
  // Who signed in earlier stays signed in when only the ways to sign in are taken away.
  'refresh_token',
];

/** Whether the client has a grant type by which such an access token is issued: with the last of them goes what came by it. */
function couldStillCome({ grantTypes }: Pick<Client, 'grantTypes'>, { userId, actorId }: TokenTrace): boolean {
  if (actorId !== undefined) return grantTypes.includes('urn:ietf:params:oauth:grant-type:token-exchange');
  return userId === undefined ? grantTypes.includes('client_credentials') : grantTypes.some((grant) => FOR_PEOPLE.includes(grant));
}

function stillHeld({ catalogue }: Workspace, held: Holdings, minted: readonly string[]): string[] {
  return minted.filter((name) => {
    const role = catalogue.indexOf(name);
    return role !== undefined && isEffective(catalogue, held, role);
  });
}
