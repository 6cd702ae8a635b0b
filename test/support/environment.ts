/** @module Names of the variables by which the set-up of a run reaches its workers. */

/** File with the image of a migrated embedded database. */
export const SNAPSHOT_VARIABLE = 'ROLEMINT_TEST_SNAPSHOT';
/** URL of a migrated database to copy; unset when there is no Postgres. */
export const TEMPLATE_VARIABLE = 'ROLEMINT_TEST_TEMPLATE_URL';
/** URL by which the databases of the tests are reached through a pooler; unset: directly. */
export const POOLER_VARIABLE = 'ROLEMINT_TEST_POOLER_URL';
/** Set by whoever starts the tests: the store of those that need some store; `memory` when unset. */
export const STORE_VARIABLE = 'ROLEMINT_TEST_STORE';
/** Set by whoever starts the tests: `pgbouncer` runs what runs on Postgres through it, and on no other store. */
export const THROUGH_VARIABLE = 'ROLEMINT_TEST_THROUGH';
