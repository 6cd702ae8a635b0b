import { expect, it } from '@jest/globals';
import { ConfigError, loadConfig } from '../../../src/config.ts';

const REPLICA = 'postgres://rolemint:a-secret-word@replica/rolemint';

it('a replica needs the database whose replica it is', () => {
  const load = () => loadConfig({ ROLEMINT_DATABASE_REPLICA_URL: REPLICA });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow('ROLEMINT_DATABASE_REPLICA_URL: needs ROLEMINT_DATABASE_URL, whose replica it is');
  expect(load).not.toThrow('a-secret-word');
  const config = loadConfig({ ROLEMINT_DATABASE_REPLICA_URL: REPLICA, ROLEMINT_DATABASE_URL: 'postgres://primary/rolemint' });
  expect(config.replicaUrl?.reveal()).toBe(REPLICA);
  expect(config.replicaLagMilliseconds).toBe(1000);
});
