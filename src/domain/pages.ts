/** @module Pages for people and programs to look at. */
import type { AuditReader } from './audit-event.ts';
import type { DirectoryReader } from './directory.ts';
import type { InvitationReader } from './invitation.ts';
import type { RevocationStore } from './revocation.ts';
import type { UsageStore } from './usage.ts';

/**
 * The same answers as those of the store's own parts, from a copy that may be a moment behind. Nothing MUST be decided
 * by them, and nothing be written that follows from them. Never older than any administrative change that this process
 * has heard of, nor than anything that it changed itself.
 */
export interface Pages {
  readonly directory: Pick<DirectoryReader, 'list' | 'listMembers' | 'listHolders' | 'listLeases'>;
  readonly audit: Pick<AuditReader, 'list'>;
  readonly usage: Pick<UsageStore, 'countedSince' | 'list' | 'grantedRoles' | 'profilesInUse'>;
  readonly revocations: Pick<RevocationStore, 'list'>;
  readonly invitations: Pick<InvitationReader, 'list'>;
}
