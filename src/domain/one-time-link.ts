/**
 * @module A link whose secret lets its holder do one thing once: set a password, or accept an invitation. Of the secret
 * only a digest is kept.
 */

/** `password`: made by an administrator. `password_reset`: asked for by somebody who gave a name or an address. */
export type LinkPurpose = 'password' | 'password_reset' | 'invitation';

/** Links with which a user's password can be set. */
export const PASSWORD_LINKS: readonly LinkPurpose[] = ['password', 'password_reset'];

export interface KeptLink {
  readonly purpose: LinkPurpose;
  /** Id of the user, or of the invitation. */
  readonly target: string;
  /** SHA-256 of the secret, base64url. */
  readonly hash: string;
  readonly expiresAt: Date;
}

export interface LinkStore {
  /** The link with this digest, expired or not. One statement. */
  find(hash: string): Promise<KeptLink | undefined>;
  /**
   * Keeps a link. There is one for each purpose and target: an earlier one is gone. Links go with their user or invitation.
   * @throws `invalid_input` when the target does not exist
   */
  put(link: KeptLink): Promise<void>;
}

/** {@link LinkStore} inside a transaction. */
export interface LinkTable extends LinkStore {
  /** Removes the links for these purposes; those that do not exist are passed over. */
  remove(purposes: readonly LinkPurpose[], target: string): Promise<void>;
  removeAll(): Promise<void>;
}
