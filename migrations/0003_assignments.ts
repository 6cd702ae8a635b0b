/** @module Who was given which security profile, and who may act as whom. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE assignments (
      id object_key PRIMARY KEY,
      security_profile_id object_key NOT NULL CONSTRAINT assignments_profile_fk REFERENCES security_profiles ON DELETE CASCADE,
      user_id object_key CONSTRAINT assignments_user_fk REFERENCES users ON DELETE CASCADE,
      user_group_id object_key CONSTRAINT assignments_user_group_fk REFERENCES user_groups ON DELETE CASCADE,
      organization_id object_key CONSTRAINT assignments_organization_fk REFERENCES organizations ON DELETE CASCADE,
      client_id object_key CONSTRAINT assignments_client_fk REFERENCES clients ON DELETE CASCADE,
      via_client_id object_key CONSTRAINT assignments_via_fk REFERENCES clients ON DELETE CASCADE,
      include_descendants boolean NOT NULL,
      valid_from timestamptz,
      valid_until timestamptz,
      reason text,
      assigned_by text,
      assigned_at timestamptz NOT NULL,
      CONSTRAINT assignments_one_party CHECK (num_nonnulls(user_id, user_group_id, organization_id, client_id) = 1),
      CHECK (organization_id IS NOT NULL OR NOT include_descendants),
      CHECK (valid_from < valid_until),
      CONSTRAINT assignments_natural_key
        UNIQUE NULLS NOT DISTINCT (security_profile_id, user_id, user_group_id, organization_id, client_id, via_client_id, valid_from)
        DEFERRABLE INITIALLY IMMEDIATE
    );
    CREATE INDEX assignments_user ON assignments (user_id) WHERE user_id IS NOT NULL;
    CREATE INDEX assignments_user_group ON assignments (user_group_id) WHERE user_group_id IS NOT NULL;
    CREATE INDEX assignments_organization ON assignments (organization_id) WHERE organization_id IS NOT NULL;
    CREATE INDEX assignments_client ON assignments (client_id) WHERE client_id IS NOT NULL;
    CREATE INDEX assignments_via_client ON assignments (via_client_id) WHERE via_client_id IS NOT NULL;

    CREATE TABLE impersonation_rules (
      id object_key PRIMARY KEY,
      impersonator_user_id object_key CONSTRAINT impersonation_rules_impersonator_user_fk REFERENCES users ON DELETE CASCADE,
      impersonator_user_group_id object_key CONSTRAINT impersonation_rules_impersonator_user_group_fk REFERENCES user_groups ON DELETE CASCADE,
      impersonator_organization_id object_key CONSTRAINT impersonation_rules_impersonator_organization_fk REFERENCES organizations ON DELETE CASCADE,
      target_user_id object_key CONSTRAINT impersonation_rules_target_user_fk REFERENCES users ON DELETE CASCADE,
      target_user_group_id object_key CONSTRAINT impersonation_rules_target_user_group_fk REFERENCES user_groups ON DELETE CASCADE,
      target_organization_id object_key CONSTRAINT impersonation_rules_target_organization_fk REFERENCES organizations ON DELETE CASCADE,
      security_profile_id object_key NOT NULL CONSTRAINT impersonation_rules_profile_fk REFERENCES security_profiles ON DELETE CASCADE,
      client_id object_key NOT NULL CONSTRAINT impersonation_rules_client_fk REFERENCES clients ON DELETE CASCADE,
      max_lifetime_seconds integer CHECK (max_lifetime_seconds > 0),
      CHECK (num_nonnulls(impersonator_user_id, impersonator_user_group_id, impersonator_organization_id) = 1),
      CHECK (num_nonnulls(target_user_id, target_user_group_id, target_organization_id) = 1)
    );
  `);
}
