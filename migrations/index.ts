/**
 * @module The schema, step by step. A step that was released is never edited; a change is a new step.
 *
 * Names carry no file extension, so that one database can be migrated from `.ts` (tests, development) and from `.js`.
 */
import type { Knex } from 'knex';
import * as workspace from './0001_workspace.ts';
import * as parties from './0002_parties.ts';
import * as assignments from './0003_assignments.ts';
import * as tokens from './0004_tokens.ts';
import * as audit from './0005_audit.ts';

interface Step {
  readonly name: string;
  readonly migration: Knex.Migration;
}

const STEPS: readonly Step[] = [
  { name: '0001_workspace', migration: workspace },
  { name: '0002_parties', migration: parties },
  { name: '0003_assignments', migration: assignments },
  { name: '0004_tokens', migration: tokens },
  { name: '0005_audit', migration: audit },
];

export const migrationSource: Knex.MigrationSource<Step> = {
  getMigrations: async () => [...STEPS],
  getMigrationName: (step) => step.name,
  getMigration: async (step) => step.migration,
};
