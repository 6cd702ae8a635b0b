/** @module A transaction of the in-memory store: repositories over a draft. */
import { MOST_REMEMBERED } from '../../domain/password-policy.ts';
import type { AuditEvent } from '../../domain/audit-event.ts';
import type { StoreTransaction } from '../../domain/ports.ts';
import { unknownUser } from '../refusals.ts';
import type { Guard } from '../transaction-scope.ts';
import { assertKey, assertStorable, copy, keepableEvent, storableKeys } from '../values.ts';
import { memoryAccess } from './access.ts';
import { memoryAssignments, memoryImpersonationRules } from './assignments.ts';
import { memoryClients, memoryClientSecrets, memoryResourceServers } from './clients.ts';
import { memoryPermissionTypes, memoryRoles, memorySecurityProfiles } from './definitions.ts';
import { memoryDirectory } from './directory.ts';
import { keepRevocation } from './grants.ts';
import { memoryInvitationTable } from './invitations.ts';
import { memoryLinkTable } from './links.ts';
import { memoryOrganizations, memoryOrganizationTypes } from './organizations.ts';
import { memoryUserGroups, memoryUsers } from './parties.ts';
import { keepRoleLosses } from './revocation-feed.ts';
import type { Draft } from './tables.ts';

export function memoryTransaction(draft: Draft, guard: Guard): StoreTransaction {
  return {
    access: guard(memoryAccess(() => draft)),
    directory: guard(memoryDirectory(() => draft.tables)),
    organizationTypes: guard(memoryOrganizationTypes(draft)),
    roles: guard(memoryRoles(draft)),
    permissionTypes: guard(memoryPermissionTypes(draft)),
    organizations: guard(memoryOrganizations(draft)),
    userGroups: guard(memoryUserGroups(draft)),
    users: guard(memoryUsers(draft)),
    securityProfiles: guard(memorySecurityProfiles(draft)),
    clients: guard(memoryClients(draft)),
    resourceServers: guard(memoryResourceServers(draft)),
    assignments: guard(memoryAssignments(draft)),
    impersonationRules: guard(memoryImpersonationRules(draft)),
    invitations: guard(memoryInvitationTable(draft)),
    links: guard(memoryLinkTable(draft)),
    settings: guard({
      get: async (name: string) => draft.tables.settings.get(name),
      set: async (name: string, value: string) => {
        assertKey(name, 'a setting');
        assertStorable(value, 'A setting');
        draft.edit('settings').set(name, value);
        draft.changed('catalogue', '');
      },
    }),
    ...guard({
      ...memoryClientSecrets(draft),
      setPassword: async (userId: string, hash: string, changedAt: Date) => setPassword(draft, userId, { hash, changedAt }),
      setPasswords: async (hashes: ReadonlyMap<string, string>, changedAt: Date) => {
        for (const [userId, hash] of hashes) setPassword(draft, userId, { hash, changedAt });
      },
      findPasswordOwners: async (userIds: readonly string[]) => new Set(storableKeys(userIds).filter((id) => draft.tables.passwords.has(id))),
      findPasswordHashes: async (userIds: readonly string[]) =>
        new Map(
          storableKeys(userIds).flatMap((id) => {
            const known = draft.tables.passwords.get(id);
            return known === undefined ? [] : [[id, known.hash] as const];
          }),
        ),
      revoke: async (revocation: Parameters<StoreTransaction['revoke']>[0]) => {
        keepRevocation(draft.tables, draft.edit('revocations'), revocation);
      },
      loseRoles: async (losses: Parameters<StoreTransaction['loseRoles']>[0]) => keepRoleLosses(draft.edit('roleLosses'), losses),
      audit: async (event: AuditEvent) => draft.audit(keepableEvent(event)),
    }),
  };
}

function setPassword(draft: Draft, userId: string, { hash, changedAt }: { readonly hash: string; readonly changedAt: Date }): void {
  assertStorable(hash, 'A password hash');
  if (!draft.tables.users.has(userId)) throw unknownUser(userId);
  const known = draft.tables.passwords.get(userId);
  const former = known === undefined ? [] : [known.hash, ...known.former].slice(0, MOST_REMEMBERED - 1);
  draft.edit('passwords').set(userId, { hash, changedAt: copy(changedAt), former });
}
