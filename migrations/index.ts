/**
 * @module The schema, step by step. A step that was released is never edited; a change, also one that takes something
 * back, is a new step: there is no way down, because going down would throw away what was granted meanwhile.
 *
 * Names carry no file extension, so that one database can be migrated from `.ts` (tests, development) and from `.js`.
 */
import type { Knex } from 'knex';
import * as workspace from './0001_workspace.ts';
import * as parties from './0002_parties.ts';
import * as assignments from './0003_assignments.ts';
import * as tokens from './0004_tokens.ts';
import * as audit from './0005_audit.ts';
import * as directory from './0006_directory.ts';
import * as auditChain from './0007_audit_chain.ts';
import * as usage from './0008_usage.ts';
import * as invitations from './0009_invitations.ts';
import * as lineage from './0010_lineage.ts';
import * as leases from './0011_leases.ts';
import * as names from './0012_names.ts';
import * as revocationFeed from './0013_revocation_feed.ts';
import * as artifacts from './0014_artifacts.ts';
import * as referenceIndexes from './0015_reference_indexes.ts';
import * as revocationOfEverybody from './0017_revocation_of_everybody.ts';
import * as profiles from './0019_profiles.ts';
import * as browserSignIn from './0021_browser_sign_in.ts';
import * as clientSignIn from './0022_client_sign_in.ts';

interface Step {
  readonly name: string;
  readonly up: (knex: Knex) => Promise<void>;
}

const STEPS: readonly Step[] = [
  { name: '0001_workspace', up: workspace.up },
  { name: '0002_parties', up: parties.up },
  { name: '0003_assignments', up: assignments.up },
  { name: '0004_tokens', up: tokens.up },
  { name: '0005_audit', up: audit.up },
  { name: '0006_directory', up: directory.up },
  { name: '0007_audit_chain', up: auditChain.up },
  { name: '0008_usage', up: usage.up },
  { name: '0009_invitations', up: invitations.up },
  { name: '0010_lineage', up: lineage.up },
  { name: '0011_leases', up: leases.up },
  { name: '0012_names', up: names.up },
  { name: '0013_revocation_feed', up: revocationFeed.up },
  { name: '0014_artifacts', up: artifacts.up },
  { name: '0015_reference_indexes', up: referenceIndexes.up },
  { name: '0017_revocation_of_everybody', up: revocationOfEverybody.up },
  { name: '0019_profiles', up: profiles.up },
  { name: '0021_browser_sign_in', up: browserSignIn.up },
  { name: '0022_client_sign_in', up: clientSignIn.up },
];

export const migrationSource: Knex.MigrationSource<Step> = {
  getMigrations: async () => [...STEPS],
  getMigrationName: (step) => step.name,
  getMigration: async ({ name, up }) => ({ up, down: () => refuseToGoBack(name) }),
};

/** knex wants a way down of every step. */
async function refuseToGoBack(name: string): Promise<void> {
  throw new Error(`The step ${name} cannot be taken back; restore a backup instead.`);
}
