/**
 * @module Who administers: a person or a program with a token of ours, judged by what is held now. An administrator acts
 * on a part of the tree (`domain/tenancy.ts`) and can hand out no more than the own ceiling (`ceiling.ts`).
 */
import type { Subject } from '../domain/access.ts';
import type { AuditActor } from '../domain/audit-event.ts';
import type { ResourceName } from '../domain/organization.ts';
import { tenancyOf, type Tenancy } from '../domain/tenancy.ts';
import type { Caller } from '../services/caller.ts';
import type { LiveAccess } from '../services/introspection.ts';

export interface Administrator {
  /** In whose name changes are recorded: the person who acts, also behind an impersonation. */
  readonly actor: AuditActor;
  /** The user whom the actor impersonates. */
  readonly onBehalfOf: AuditActor | undefined;
  /** Client through which the token was issued; assignments limited to another one do not count. */
  readonly clientId: string;
  /** In the token, and held at this instant. */
  readonly roles: ReadonlySet<string>;
  /** Whose roles count: the user, a client's context user, or the client itself. */
  readonly acting: Subject;
  readonly tenancy: Tenancy;
  /** Resources that nobody of the own organization touches, whatever roles are held, and the type that is barred from each. */
  readonly barred: ReadonlyMap<ResourceName, string>;
  readonly requestId: string;
}

/** Who is recorded as having done it. */
export const callerOf = ({ actor, onBehalfOf, clientId, requestId }: Administrator): Caller => ({ actor, onBehalfOf, clientId, requestId });

/** The administrator behind a verified access token. */
export function administratorOf(
  claims: Readonly<Record<string, unknown>>,
  live: LiveAccess,
  { barred, requestId }: Pick<Administrator, 'barred' | 'requestId'>,
): Administrator {
  const { subject, acting, roles } = live;
  const impersonator = (claims['act'] as { readonly sub?: unknown } | undefined)?.sub;
  const self: AuditActor = { kind: subject.kind, id: subject.id };
  return {
    actor: typeof impersonator === 'string' ? { kind: 'user', id: impersonator } : self,
    onBehalfOf: typeof impersonator === 'string' ? self : undefined,
    clientId: String(claims['client_id']),
    roles: new Set(roles),
    acting,
    tenancy: tenancyOf(acting),
    barred,
    requestId,
  };
}
