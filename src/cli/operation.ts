/**
 * @module The seam between asking and doing. A command reads its arguments, files and secrets, and then performs an
 * *operation*: a function of the open application and plain values whose result is the document that `--json` prints.
 *
 * Because both sides are plain JSON, an operation runs either here, or in the server that has the embedded database open
 * (see `operator-socket.ts`): the result is the same, and is shown by the command that asked.
 */
import type { App } from '../app.ts';
import type { AuditActor } from '../domain/audit-event.ts';

export interface OperationContext {
  readonly app: App;
  /** In whose name changes are recorded. */
  readonly actor: AuditActor;
}

/** @typeParam P and R hold nothing but what JSON can carry; instants are ISO 8601 texts */
export interface Operation<P, R> {
  readonly name: string;
  /** May make the embedded database when there is none. Others would answer about an empty one by mistake. */
  readonly mayCreateDatabase?: boolean;
  readonly perform: (context: OperationContext, parameters: P) => Promise<R>;
}

/** An operation whose result is a text of any length, which comes in pieces. */
export interface TextOperation<P> {
  readonly name: string;
  /** @param write takes the next piece; resolves when whoever asked has room for more */
  readonly write: (context: OperationContext, parameters: P, write: (text: string) => Promise<void>) => Promise<void>;
}

/** An operation as the server finds it by its name: its parameters come from a command of the same version. */
export type AnyOperation = Operation<never, unknown> | TextOperation<never>;

export const isoOf = (instant: Date | number | undefined): string | null =>
  instant === undefined || instant === Infinity || instant === -Infinity ? null : new Date(instant).toISOString();
