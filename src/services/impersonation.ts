/**
 * @module Who may act as whom. The actor shows an access token of ours; the workspace's rules say whether somebody like
 * this actor may act as somebody like the target through the requesting client, and with which roles. Here the question
 * is decided; `tokens.ts` issues, `introspection.ts` asks again whenever the token is shown.
 */
import type { Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { impersonate, suffices, type Impersonated } from '../domain/impersonation-rule.ts';
import type { Claims, Clock, Store, TokenSigner } from '../domain/ports.ts';
import type { AccessService } from './access.ts';
import { objectionTo } from './admission.ts';
import { eventNow } from './caller.ts';
import type { IntrospectionService } from './introspection.ts';
import type { PreparedClient } from './prepared-client.ts';
import { TokenRefusal } from './token-refusal.ts';
import { traceOf } from './token-trace.ts';

/** What a request to act as somebody else says besides what every token request says. */
export interface ImpersonationRequest {
  /** Access token of the actor, RFC 8693 §2.1. */
  readonly subjectToken: string;
  /** User id of the target. */
  readonly requestedSubject: string;
  readonly requestId?: string | undefined;
}

/** An impersonation that is allowed. */
export interface Authorization {
  readonly actor: Subject;
  readonly target: Subject;
  readonly impersonated: Impersonated;
  /** The actor's sign-in: what ends it ends what came of it. */
  readonly grantId: string | undefined;
  /** When the actor's token ends, in seconds since 1970. */
  readonly subjectTokenExpiresAt: number;
}

export interface ImpersonationOptions {
  readonly issuer: string;
  readonly access: AccessService;
  readonly introspection: Pick<IntrospectionService, 'live'>;
  readonly signer: TokenSigner;
  readonly transaction: Store['transaction'];
  readonly clock: Clock;
}

/** Where the decision is needed: through which client, bound to which key. */
interface Requester {
  readonly client: PreparedClient;
  readonly dpopThumbprint: string | undefined;
}

const CONFIG_ERROR = 'Impersonation.ConfigError';

export class ImpersonationService {
  readonly #options: ImpersonationOptions;

  constructor(options: ImpersonationOptions) {
    this.#options = options;
  }

  /**
   * Decides on what the store says at this instant.
   * @throws TokenRefusal `invalid_request` for a subject token that is not accepted (RFC 8693 §2.2.2), `insufficient_scope`
   * when it lacks the role, `invalid_grant` with `Impersonation.ConfigError` when no rule allows it; whether the target
   * exists is not told apart
   * @throws `unavailable` when the store cannot say
   */
  async authorize(request: ImpersonationRequest, requester: Requester): Promise<Authorization> {
    const { access, introspection } = this.#options;
    const claims = await this.#subjectClaims(request.subjectToken, requester);
    const live = await introspection.live(claims);
    if (live === undefined) throw rejected('it was revoked, or its user, client or organization is disabled');
    const { catalogue, impersonation } = await access.workspace();
    if (!suffices(live.roles, impersonation.role)) {
      throw new TokenRefusal('insufficient_scope', `the subject token must carry the role ${impersonation.role}`);
    }
    const target = await access.subject('user', request.requestedSubject);
    const refuse = (reason: string): TokenRefusal =>
      new TokenRefusal('invalid_grant', `${live.subject.id} cannot act as ${request.requestedSubject}: ${reason}`, CONFIG_ERROR);
    if (target === undefined) throw refuse('there is no such user');
    const { clientId } = requester.client.client;
    const impersonated = impersonate(catalogue, impersonation.rulesOf(clientId), {
      actor: live.subject,
      target,
      client: clientId,
      at: this.#options.clock.now(),
    });
    if (impersonated === undefined) throw refuse(`no rule allows it through ${clientId}`);
    const objection = this.#objection(catalogue, requester, target);
    if (objection !== undefined) throw refuse(objection);
    return {
      actor: live.subject,
      target,
      impersonated,
      grantId: traceOf(claims).grantId,
      subjectTokenExpiresAt: Number(claims['exp']),
    };
  }

  /** Keeps the fact that an impersonation began; resolves when it is durable. */
  async recordStart({ actor, target, impersonated }: Authorization, token: StartedToken): Promise<void> {
    const { transaction, clock } = this.#options;
    const event = eventNow(
      clock,
      {
        actor: { kind: 'user', id: actor.id },
        onBehalfOf: { kind: 'user', id: target.id },
        clientId: token.clientId,
        requestId: token.requestId,
      },
      {
        type: 'impersonation_started',
        target: { kind: 'user', id: target.id },
        after: {
          rules: impersonated.rules,
          client_id: token.clientId,
          jti: token.jti,
          roles: token.roles,
          expires_at: new Date(token.expiresAt * 1000).toISOString(),
        },
      },
    );
    await transaction((tx) => tx.audit(event));
  }

  /**
   * The claims of an access token of ours that a person got for the issuer itself: an API that was given one for its own
   * calls must not be able to make somebody else's of it.
   */
  async #subjectClaims(token: string, { dpopThumbprint }: Requester): Promise<Claims> {
    const claims = await this.#options.signer.verify(token);
    if (claims === undefined) throw rejected('it is no access token of ours, or has expired');
    if (claims['aud'] !== this.#options.issuer) throw rejected('it is meant for an API and not for the issuer');
    if (claims['act'] !== undefined) throw rejected('it is itself the token of an impersonation');
    if (traceOf(claims).userId === undefined) throw rejected('no person stands behind it');
    const bound = claims['cnf'] as { readonly jkt?: unknown } | undefined;
    if (bound !== undefined && (dpopThumbprint === undefined || bound.jkt !== dpopThumbprint)) throw rejected('it is bound to another key');
    return claims;
  }

  /** Whom the client would not let in cannot be impersonated through it. */
  #objection(catalogue: Catalogue, { client: { client } }: Requester, target: Subject): string | undefined {
    return objectionTo({ user: target, client, catalogue, holdings: () => this.#options.access.holdings(catalogue, target, client.clientId) });
  }
}

/** What the audit says of the token that an impersonation began with. */
export interface StartedToken {
  readonly jti: string;
  readonly clientId: string;
  readonly roles: readonly string[];
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly requestId: string | undefined;
}

function rejected(reason: string): TokenRefusal {
  return new TokenRefusal('invalid_request', `subject_token is not accepted: ${reason}`);
}
