/** @module What happens at the protocol's endpoints, as log lines and counts. A token is an event here, never a database row. */
import type { EndpointRefusal } from '../engine/provider.ts';
import type { TokenIssued } from '../services/tokens.ts';
import { cut, type Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** Names written out in one log line at most; the rest is counted. */
const NAMES_LOGGED = 100;

export function recordIssued(log: Logger, metrics: Metrics, event: TokenIssued): void {
  const { requested, granted, dropped } = event.negotiation;
  metrics.tokens.inc({ grant_type: event.grantType, outcome: 'issued' });
  metrics.roles.inc({ result: 'requested' }, requested.length);
  metrics.roles.inc({ result: 'granted' }, granted.length);
  for (const { verdict } of dropped) metrics.roles.inc({ result: verdict });
  log.info({
    event: 'token_issued',
    grant_type: event.grantType,
    jti: event.jti,
    client_id: event.clientId,
    sub: event.subject,
    aud: event.audience,
    requested: requested.slice(0, NAMES_LOGGED),
    granted: granted.slice(0, NAMES_LOGGED),
    dropped: Object.fromEntries(dropped.slice(0, NAMES_LOGGED).map(({ name, verdict }) => [name, verdict])),
    ...(requested.length > NAMES_LOGGED ? { names: requested.length } : {}),
  });
}

export function recordRefusal(log: Logger, metrics: Metrics, refusal: EndpointRefusal & { readonly requestId: string; readonly knownGrant: boolean }): void {
  const { endpoint, error, detail, clientId, grantType, requestId, fault } = refusal;
  if (endpoint === 'token') metrics.tokens.inc({ grant_type: refusal.knownGrant ? grantType! : 'other', outcome: error });
  const line = { event: `${endpoint}_refused`, error, reason: cut(detail), client_id: cut(clientId), grant_type: cut(grantType), request_id: requestId };
  if (fault === undefined) log.info(line);
  else log.error({ ...line, err: fault });
}
