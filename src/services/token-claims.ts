/** @module What stands in an access token: RFC 9068 with the roles, the organization, who acts and the key binding. */
import type { Subject } from '../domain/access.ts';
import type { Claims } from '../domain/ports.ts';
import type { PreparedResourceServer } from './access.ts';

export interface TokenTimes {
  readonly iss: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly scope: string;
  readonly roles: readonly string[];
}

/** Who and what a token is for. */
export interface TokenSubject {
  readonly subject: Subject;
  readonly acting: Subject;
  readonly request: { readonly client: { readonly client: { readonly clientId: string } }; readonly dpopThumbprint: string | undefined };
  readonly resourceServer: PreparedResourceServer;
  /** User who acts as the subject. */
  readonly actor?: string | undefined;
}

/** The claims of an access token: RFC 9068 with the roles, the organization, who acts and the key binding. */
export function accessTokenClaims(times: TokenTimes, { subject, acting, request, resourceServer, actor }: TokenSubject): Claims {
  const organization = acting.organization;
  const { clientId } = request.client.client;
  return {
    ...times,
    sub: subject.id,
    aud: resourceServer.audience,
    client_id: clientId,
    ...(acting.username === undefined ? {} : { username: acting.username }),
    ...(organization === undefined ? {} : { org_id: organization.id, org_type: organization.type, org_path: organization.path }),
    org_ids: organization === undefined ? [] : [organization.id, ...acting.authorizedOrganizations.filter((id) => id !== organization.id)],
    ...(actor === undefined ? {} : { act: { sub: actor } }),
    ...(request.dpopThumbprint === undefined ? {} : { cnf: { jkt: request.dpopThumbprint } }),
    ...(resourceServer.claims === 'ordercloud' ? orderCloudClaims(times.roles, acting, clientId) : {}),
  };
}

/** The names under which APIs written for OrderCloud look for the same facts. */
function orderCloudClaims(roles: readonly string[], acting: Subject, clientId: string): Claims {
  const type = acting.organization?.type;
  return {
    ...(acting.username === undefined ? {} : { usr: acting.username }),
    cid: clientId,
    ...(type === undefined ? {} : { usrtype: type === 'seller' ? 'admin' : type }),
    role: roles,
  };
}
