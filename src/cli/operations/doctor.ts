/** What can be checked only where the database is open. */
import { readDemo } from '../demo.ts';
import type { Operation } from '../operation.ts';

export interface StoreReport {
  /** Clients whose secret is the one that the demo publishes. */
  readonly demo_clients: readonly string[];
  /** Users whose password is the one that the demo publishes. */
  readonly demo_users: readonly string[];
  readonly workspace: string | null;
  readonly has_users: boolean;
}

export const inspectStore: Operation<Record<string, never>, StoreReport> = {
  name: 'doctor store',
  perform: async ({ app }) => {
    await app.store.ping();
    const demo = await readDemo();
    const demoClients: string[] = [];
    for (const [id, { declared }] of demo.entries.clients) {
      const client = declared?.client_secret === undefined ? undefined : await app.services.access.client(id);
      if (client !== undefined && (await app.services.authentication.verifySecret(client, declared!.client_secret!.reveal()))) demoClients.push(id);
    }
    const demoUsers: string[] = [];
    for (const [id, { declared }] of demo.entries.users) {
      const hash = declared?.password === undefined ? undefined : (await app.store.signIn.findCredentialOf(id))?.passwordHash;
      if (hash !== undefined && (await app.hasher.verify(hash, declared!.password!.reveal()))) demoUsers.push(id);
    }
    const workspace = await app.store.transaction((tx) => tx.settings.get('workspace'), { rollback: true });
    return { demo_clients: demoClients, demo_users: demoUsers, workspace: workspace ?? null, has_users: await app.store.access.hasUsers() };
  },
};

export const DOCTOR_OPERATIONS = [inspectStore];
