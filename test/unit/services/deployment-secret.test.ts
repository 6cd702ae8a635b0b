import { expect, it } from '@jest/globals';
import { SYSTEM_RANDOM } from '../../../src/app.ts';
import { deploymentSecret } from '../../../src/services/deployment-secret.ts';
import { openMemoryStore } from '../../../src/storage/memory/store.ts';

it('is made once, the same for all who ask at the same time and later, and another one elsewhere', async () => {
  const parts = { store: openMemoryStore(), random: SYSTEM_RANDOM };
  const made = await Promise.all([deploymentSecret(parts), deploymentSecret(parts)]);
  expect(new Set([...made, await deploymentSecret(parts)]).size).toBe(1);
  expect(made[0]).toMatch(/^[\w-]{43}$/);
  expect(await deploymentSecret({ ...parts, store: openMemoryStore() })).not.toBe(made[0]);
});
