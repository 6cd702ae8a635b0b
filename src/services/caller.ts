import type { AuditActor, AuditEvent } from '../domain/audit-event.ts';
import type { Clock } from '../domain/ports.ts';

/** Who asks for a change, and in which request. */
export interface Caller {
  readonly actor: AuditActor;
  readonly requestId?: string | undefined;
}

/** The audit event of a change that is made now. */
export function eventNow(clock: Clock, { actor, requestId }: Caller, event: Pick<AuditEvent, 'type' | 'target' | 'before' | 'after'>): AuditEvent {
  return { ...event, at: new Date(clock.now()), actor, requestId };
}
