/** @module Users and user groups of the in-memory store. */
import { assertUsername, canonicalUsername, type User, type UserGroup } from '../../domain/party.ts';
import type { WritableRepository } from '../../domain/ports.ts';
import { assertMemberships, missing, stillNeeded, taken } from '../refusals.ts';
import { removeAssignments, removeRules } from './assignments.ts';
import { removeUserLinks } from './links.ts';
import { memoryRepository } from './repository.ts';
import type { Draft } from './tables.ts';

export function memoryUserGroups(draft: Draft): WritableRepository<UserGroup> {
  return memoryRepository<UserGroup>({
    what: 'a user group',
    key: (group) => group.id,
    table: () => draft.tables.userGroups,
    put(groups) {
      for (const group of groups) {
        if (!draft.tables.organizations.has(group.organization)) throw missing('user_groups_organization_fk', group.organization);
        draft.edit('userGroups').set(group.id, group);
        draft.changed('user_group', group.id);
      }
    },
    remove(ids) {
      if (ids.length === 0) return;
      const gone = new Set(ids);
      for (const user of draft.tables.users.values()) {
        if (!user.memberships.some(({ userGroup }) => gone.has(userGroup))) continue;
        draft.edit('users').set(user.id, { ...user, memberships: user.memberships.filter(({ userGroup }) => !gone.has(userGroup)) });
      }
      for (const id of ids) {
        draft.edit('userGroups').delete(id);
        draft.changed('user_group', id);
      }
      removeAssignments(draft, ({ party }) => party.kind === 'user_group' && gone.has(party.id));
      removeRules(draft, (party) => party.kind === 'user_group' && gone.has(party.id));
    },
  });
}

export function memoryUsers(draft: Draft): WritableRepository<User> {
  return memoryRepository<User>({
    what: 'a user',
    key: (user) => user.id,
    table: () => draft.tables.users,
    put: (users) => putUsers(draft, users),
    remove: (ids) => removeUsers(draft, ids),
  });
}

function putUsers(draft: Draft, users: readonly User[]): void {
  const { tables } = draft;
  for (const user of users) {
    assertUsername(user.username);
    assertMemberships(user);
    if (tables.subjects.get(user.id) === 'client') throw taken('users_subject_fk');
    if (!tables.organizations.has(user.organization)) throw missing('users_organization_fk', user.organization);
    for (const id of user.authorizedOrganizations) if (!tables.organizations.has(id)) throw missing('users_authorized_organizations', id);
    for (const { userGroup } of user.memberships) if (!tables.userGroups.has(userGroup)) throw missing('user_group_members_group_fk', userGroup);
  }
  const usernames = draft.edit('usernames');
  for (const { id } of users) forgetUsername(draft, id);
  for (const user of users) {
    const canonical = canonicalUsername(user.username)!;
    if (usernames.has(canonical)) throw taken('users_username_key');
    usernames.set(canonical, user.id);
    draft.edit('subjects').set(user.id, 'user');
    draft.made('users', user.id);
    draft.edit('users').set(user.id, { ...user, memberships: [...user.memberships].sort((a, b) => (a.userGroup < b.userGroup ? -1 : 1)) });
    draft.changed('user', user.id);
  }
}

function forgetUsername(draft: Draft, id: string): void {
  const known = draft.tables.users.get(id);
  if (known !== undefined) draft.edit('usernames').delete(canonicalUsername(known.username)!);
}

function removeUsers(draft: Draft, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const gone = new Set(ids);
  for (const { contextUser } of draft.tables.clients.values()) {
    if (contextUser !== undefined && gone.has(contextUser)) throw stillNeeded('clients_context_user_fk', contextUser);
  }
  for (const id of ids) {
    forgetUsername(draft, id);
    draft.edit('users').delete(id);
    draft.edit('passwords').delete(id);
    draft.edit('madeAt').delete(`users:${id}`);
    draft.changed('user', id);
  }
  removeAssignments(draft, ({ party }) => party.kind === 'user' && gone.has(party.id));
  removeRules(draft, (party) => party.kind === 'user' && gone.has(party.id));
  removeGrants(draft, ({ userId }) => gone.has(userId));
  removeUserLinks(draft, gone);
}

/** Nobody who comes later under the same id may refresh what was signed in before. */
export function removeGrants(draft: Draft, doomed: (grant: { readonly userId: string; readonly clientId: string }) => boolean): void {
  for (const grant of draft.tables.grants.values()) {
    if (doomed(grant)) draft.edit('grants').delete(grant.id);
  }
  for (const [hash, { grantId }] of draft.tables.refreshTokens) {
    if (!draft.tables.grants.has(grantId)) draft.edit('refreshTokens').delete(hash);
  }
}
