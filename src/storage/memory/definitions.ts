/** @module Roles, permission types and security profiles of the in-memory store. */
import { versionAfter } from '../../domain/lineage.ts';
import type { WritableRepository } from '../../domain/ports.ts';
import type { Role } from '../../domain/role.ts';
import { assertSecurityProfile, type PermissionType, type SecurityProfile } from '../../domain/security-profile.ts';
import { MAXIMUM_NAMED_PROFILES } from '../options.ts';
import { missing } from '../refusals.ts';
import { removeAssignments, removeRules } from './assignments.ts';
import { memoryRepository } from './repository.ts';
import type { Draft } from './tables.ts';

export function memoryRoles(draft: Draft): WritableRepository<Role> {
  return memoryRepository<Role>({
    what: 'a role',
    key: (role) => role.name,
    table: () => draft.tables.roles,
    put(roles) {
      for (const role of roles) draft.edit('roles').set(role.name, role);
      if (roles.length > 0) draft.changed('catalogue', '');
    },
    remove(names) {
      for (const name of names) draft.edit('roles').delete(name);
      if (names.length > 0) draft.changed('catalogue', '');
    },
  });
}

export function memoryPermissionTypes(draft: Draft): WritableRepository<PermissionType> {
  return memoryRepository<PermissionType>({
    what: 'a permission type',
    key: (type) => type.type,
    table: () => draft.tables.permissionTypes,
    put(types) {
      for (const type of types) draft.edit('permissionTypes').set(type.type, type);
      if (types.length > 0) draft.changed('catalogue', '');
    },
    remove(names) {
      for (const name of names) draft.edit('permissionTypes').delete(name);
      if (names.length > 0) draft.changed('catalogue', '');
    },
  });
}

export function memorySecurityProfiles(draft: Draft): WritableRepository<SecurityProfile> {
  return memoryRepository<SecurityProfile>({
    what: 'a security profile',
    key: (profile) => profile.id,
    table: () => draft.tables.securityProfiles,
    put(profiles) {
      for (const profile of profiles) {
        assertSecurityProfile(profile);
        const { organization } = profile;
        if (organization !== undefined && !draft.tables.organizations.has(organization))
          throw missing('security_profiles_organization_fk', organization);
        const table = draft.edit('securityProfiles');
        table.set(profile.id, { ...profile, version: versionAfter(table.get(profile.id), profile) });
      }
      if (profiles.length > MAXIMUM_NAMED_PROFILES) draft.changed('catalogue', '');
      else for (const { id } of profiles) draft.changed('catalogue', id);
    },
    remove(ids) {
      if (ids.length === 0) return;
      const gone = new Set(ids);
      for (const id of ids) draft.edit('securityProfiles').delete(id);
      removeAssignments(draft, ({ securityProfile }) => gone.has(securityProfile));
      removeRules(
        draft,
        () => false,
        ({ securityProfile }) => gone.has(securityProfile),
      );
      draft.changed('catalogue', '');
    },
  });
}
