/** @module What happens at the protocol's endpoints, as log lines and counts. A token is an event here, never a database row. */
import { GRANT_TYPES, type GrantType } from '../domain/client.ts';
import type { EndpointRefusal } from '../services/token-refusal.ts';
import type { TokenIssued } from '../services/token-request.ts';
import { cut, type Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** Names written out in one log line at most; the rest is counted. */
const NAMES_LOGGED = 100;

export interface TokenEvents {
  issued(event: TokenIssued): void;
  refused(refusal: EndpointRefusal & { readonly requestId: string }): void;
}

/** Grant types that are counted by name; others are counted as one. */
const KNOWN_GRANTS: ReadonlySet<string> = new Set(GRANT_TYPES);

export function tokenEvents(log: Logger, metrics: Metrics): TokenEvents {
  // Every member of these lines is chosen here, so there is nothing to search for secrets in.
  const events = log.child({}, { redact: [] });
  const issued = new Map(GRANT_TYPES.map((name) => [name, metrics.tokens.labels({ grant_type: name, outcome: 'issued' })]));
  const requestedRoles = metrics.roles.labels({ result: 'requested' });
  const grantedRoles = metrics.roles.labels({ result: 'granted' });
  return {
    issued({ grantType, jti, clientId, subject, actor, audience, negotiation: { requested, granted, dropped } }) {
      issued.get(grantType as GrantType)?.inc();
      requestedRoles.inc(requested.length);
      grantedRoles.inc(granted.length);
      for (const { verdict } of dropped) metrics.roles.inc({ result: verdict });
      events.info({
        event: 'token_issued',
        grant_type: grantType,
        jti,
        client_id: clientId,
        sub: subject,
        act: actor,
        aud: audience,
        requested: requested.slice(0, NAMES_LOGGED),
        granted: granted.slice(0, NAMES_LOGGED),
        dropped: Object.fromEntries(dropped.slice(0, NAMES_LOGGED).map(({ name, verdict }) => [name, verdict])),
        ...(requested.length > NAMES_LOGGED ? { names: requested.length } : {}),
      });
    },
    refused({ endpoint, error, detail, clientId, grantType, requestId, fault }) {
      if (endpoint === 'token') metrics.tokens.inc({ grant_type: KNOWN_GRANTS.has(grantType ?? '') ? grantType! : 'other', outcome: error });
      const line = {
        event: `${endpoint}_refused`,
        error,
        reason: cut(detail),
        client_id: cut(clientId),
        grant_type: cut(grantType),
        request_id: requestId,
      };
      if (fault === undefined) events.info(line);
      else log.error({ ...line, err: fault });
    },
  };
}
