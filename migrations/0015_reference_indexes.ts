/**
 * @module Indexes from both sides of every impersonation rule: removing whom a rule names looks for it, and so does the
 * list of what names something.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX impersonation_rules_impersonator_user ON impersonation_rules (impersonator_user_id) WHERE impersonator_user_id IS NOT NULL;
    CREATE INDEX impersonation_rules_impersonator_user_group ON impersonation_rules (impersonator_user_group_id) WHERE impersonator_user_group_id IS NOT NULL;
    CREATE INDEX impersonation_rules_impersonator_organization ON impersonation_rules (impersonator_organization_id) WHERE impersonator_organization_id IS NOT NULL;
    CREATE INDEX impersonation_rules_target_user ON impersonation_rules (target_user_id) WHERE target_user_id IS NOT NULL;
    CREATE INDEX impersonation_rules_target_user_group ON impersonation_rules (target_user_group_id) WHERE target_user_group_id IS NOT NULL;
    CREATE INDEX impersonation_rules_target_organization ON impersonation_rules (target_organization_id) WHERE target_organization_id IS NOT NULL;
    CREATE INDEX impersonation_rules_security_profile ON impersonation_rules (security_profile_id);
    CREATE INDEX impersonation_rules_client ON impersonation_rules (client_id);
  `);
}
