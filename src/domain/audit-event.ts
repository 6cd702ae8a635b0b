/** @module An audit event is a fact that happened, written in the transaction that made it true. */

export interface AuditActor {
  readonly kind: 'user' | 'client' | 'operator' | 'system';
  /** User id, client id, or the operating system's name of who ran the command. */
  readonly id: string;
}

export interface AuditEvent {
  /** Past tense: `profile_assigned`, `user_locked_out`, `refresh_token_reuse_detected`, `signing_key_rotated`. */
  readonly type: string;
  readonly at: Date;
  readonly actor: AuditActor;
  /** What it happened to, `user` `alice`. */
  readonly target: { readonly kind: string; readonly id: string };
  readonly before?: unknown;
  readonly after?: unknown;
  readonly requestId?: string | undefined;
}
