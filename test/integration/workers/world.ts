/** @module What the tests of workers run on: a database with one client and one user, and a folder for the keys. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openApp } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config.ts';
import { recordingLogger } from '../../support/log.ts';
import { dropDatabase } from '../../support/postgres.ts';
import { serve, type Served } from '../../support/program.ts';
import { applyFiles } from '../../support/server.ts';
import { createTestDatabase } from '../../support/stores.ts';

export const CLIENT = { client_id: 'robot', client_secret: 'a-secret-of-the-robot-that-is-long-enough' };
export const TOKEN_FORM = new URLSearchParams({ grant_type: 'client_credentials', scope: 'Red Green', ...CLIENT }).toString();
export const signInForm = (password: string) => ({ grant_type: 'password', client_id: 'shop', username: 'ada', password, scope: 'Red' });

const workspace = (roles: readonly string[]) => ({
  rolemint: 1,
  roles: [
    { name: 'Red', category: 'custom' },
    { name: 'Green', category: 'custom' },
  ],
  organization_types: [{ name: 'seller' }],
  organizations: [{ id: 'market', name: 'Market', type: 'seller' }],
  users: [{ id: 'ada', username: 'ada', organization: 'market', password: 'Correct-Horse-7-Battery' }],
  clients: [
    { ...CLIENT, client_name: 'Robot', organization: 'market', grant_types: ['client_credentials'] },
    { client_id: 'shop', client_name: 'Shop', token_endpoint_auth_method: 'none', grant_types: ['password'] },
  ],
  security_profiles: [{ id: 'both', name: 'Both', roles }],
  assignments: [
    { security_profile: 'both', client_id: 'robot' },
    { security_profile: 'both', user: 'ada' },
  ],
});

export interface WorkersWorld {
  readonly folder: string;
  /** Gives the one profile these roles, from another process: this one. */
  setRoles(roles: readonly string[]): Promise<void>;
  /** Starts the program on it. */
  serve(env: Readonly<Record<string, string>>): Promise<Served>;
  /** Kills whatever still runs, and removes everything. */
  close(): Promise<void>;
}

export async function openWorkersWorld(): Promise<WorkersWorld> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rolemint-workers-'));
  const databaseUrl = await createTestDatabase();
  const settings = {
    ROLEMINT_DATABASE_URL: databaseUrl,
    ROLEMINT_KEYS_DIR: path.join(folder, 'keys'),
    ROLEMINT_OUTBOX_DIR: path.join(folder, 'outbox'),
  };
  const running: Served[] = [];
  const setRoles = async (roles: readonly string[]) => {
    const file = path.join(folder, 'workspace.json');
    await writeFile(file, JSON.stringify(workspace(roles)));
    const app = await openApp(loadConfig({ ROLEMINT_ISSUER: 'http://localhost', ...settings }), { log: recordingLogger().logger });
    try {
      await applyFiles(app, [file]);
    } finally {
      await app.close();
    }
  };
  await setRoles(['Red', 'Green']);
  return {
    folder,
    setRoles,
    serve: async (env) => {
      const served = await serve({ env: { ...settings, ...env } });
      running.push(served);
      return served;
    },
    close: async () => {
      for (const { child, ended } of running) {
        child.kill('SIGKILL');
        await ended;
      }
      await dropDatabase(databaseUrl);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
