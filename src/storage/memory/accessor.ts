import type { AuditEvent } from '../../domain/audit-event.ts';
import type { State, Tables } from './tables.ts';

/** What a single write outside of transactions may touch. It checks everything before it changes anything. */
export interface Writing {
  readonly tables: Tables;
  audit(event: AuditEvent): void;
}

/** How the parts of the store reach its state. */
export interface MemoryAccessor {
  read(): State;
  /** Runs when no transaction is under way; after it returns the change is complete. */
  write<T>(work: (writing: Writing) => T): Promise<T>;
  now(): number;
}
