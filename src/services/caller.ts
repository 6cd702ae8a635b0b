import type { AuditActor, AuditEvent } from '../domain/audit-event.ts';
import type { Clock } from '../domain/ports.ts';

/** Who asks for a change, and in which request. */
export interface Caller extends Pick<AuditEvent, 'onBehalfOf' | 'clientId' | 'requestId'> {
  readonly actor: AuditActor;
}

/** What happened, without who did it and when. */
export type Happening = Pick<AuditEvent, 'type' | 'target' | 'organization' | 'before' | 'after'>;

/** The audit event of a change that is made now. */
export function eventNow(clock: Clock, { actor, onBehalfOf, clientId, requestId }: Caller, event: Happening): AuditEvent {
  return { ...event, at: new Date(clock.now()), actor, onBehalfOf, clientId, requestId };
}
