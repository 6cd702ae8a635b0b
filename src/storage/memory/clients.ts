/** @module Clients, their secrets, and resource servers of the in-memory store. */
import { byCodeUnit } from '../../domain/catalogue.ts';
import type { Client, ClientSecret } from '../../domain/client.ts';
import type { ClientRecord, StoreTransaction, WritableRepository } from '../../domain/ports.ts';
import type { ResourceServer } from '../../domain/resource-server.ts';
import { assertLifetimes, missing, taken, unknownSecret } from '../refusals.ts';
import { assertKey, copy, storableKeys, toJson } from '../values.ts';
import { removeAssignments, removeRules } from './assignments.ts';
import { removeGrants } from './parties.ts';
import { memoryRepository } from './repository.ts';
import type { Draft, Tables } from './tables.ts';

export function memoryClients(draft: Draft): WritableRepository<Client> {
  return memoryRepository<Client>({
    what: 'a client',
    key: (client) => client.clientId,
    table: () => draft.tables.clients,
    put(clients) {
      const { tables } = draft;
      for (const client of clients) {
        assertLifetimes(client);
        if (tables.subjects.get(client.clientId) === 'user') throw taken('clients_subject_fk');
        if (client.organization !== undefined && !tables.organizations.has(client.organization))
          throw missing('clients_organization_fk', client.organization);
        if (client.contextUser !== undefined && !tables.users.has(client.contextUser)) throw missing('clients_context_user_fk', client.contextUser);
        draft.edit('subjects').set(client.clientId, 'client');
        draft.edit('clients').set(client.clientId, client);
        draft.changed('client', client.clientId);
      }
    },
    remove: (ids) => removeClients(draft, ids),
  });
}

function removeClients(draft: Draft, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const gone = new Set(ids);
  for (const id of ids) {
    draft.edit('clients').delete(id);
    draft.edit('secrets').delete(id);
    draft.changed('client', id);
  }
  for (const server of draft.tables.resourceServers.values()) {
    if (!server.clients.some((id) => gone.has(id))) continue;
    draft.edit('resourceServers').set(server.audience, { ...server, clients: server.clients.filter((id) => !gone.has(id)) });
    draft.changed('catalogue', '');
  }
  removeAssignments(draft, ({ party, client }) => (party.kind === 'client' && gone.has(party.id)) || (client !== undefined && gone.has(client)));
  removeRules(
    draft,
    () => false,
    ({ client }) => gone.has(client),
  );
  removeGrants(draft, ({ clientId }) => gone.has(clientId));
  for (const [key, { client }] of draft.tables.usage) if (gone.has(client)) draft.edit('usage').delete(key);
}

export function memoryResourceServers(draft: Draft): WritableRepository<ResourceServer> {
  return memoryRepository<ResourceServer>({
    what: 'a resource server',
    key: (server) => server.audience,
    table: () => draft.tables.resourceServers,
    put(servers) {
      for (const server of servers) {
        const clients = [...new Set(server.clients)].sort(byCodeUnit);
        for (const id of clients) if (!draft.tables.clients.has(id)) throw missing('resource_server_clients_client_fk', id);
        draft.edit('resourceServers').set(server.audience, { ...server, clients });
      }
      if (servers.length > 0) draft.changed('catalogue', '');
    },
    remove(audiences) {
      for (const audience of audiences) draft.edit('resourceServers').delete(audience);
      if (audiences.length > 0) draft.changed('catalogue', '');
    },
  });
}

export function memoryClientSecrets(draft: Draft): Pick<StoreTransaction, 'findClientSecrets' | 'addClientSecret' | 'expireClientSecret'> {
  return {
    findClientSecrets: async (clientIds) => {
      const found = new Map<string, readonly ClientSecret[]>();
      for (const id of storableKeys(clientIds)) {
        const secrets = draft.tables.secrets.get(id);
        if (secrets !== undefined) found.set(id, copy(newestFirst(secrets)));
      }
      return found;
    },
    addClientSecret: async (clientId, secret) => {
      assertKey(secret.id, 'a client secret');
      toJson(secret, 'A client secret');
      if (!draft.tables.clients.has(clientId)) throw missing('client_secrets_client_fk', clientId);
      const secrets = draft.tables.secrets.get(clientId) ?? [];
      if (secrets.some(({ id }) => id === secret.id)) throw taken('client_secrets_pkey');
      draft.edit('secrets').set(clientId, [...secrets, copy(secret)]);
      draft.changed('client', clientId);
    },
    expireClientSecret: async (clientId, secretId, expiresAt) => {
      const secrets = draft.tables.secrets.get(clientId) ?? [];
      if (!secrets.some(({ id }) => id === secretId)) throw unknownSecret(clientId, secretId);
      const changed = secrets.map((secret) => (secret.id === secretId ? { ...secret, expiresAt: copy(expiresAt) } : secret));
      draft.edit('secrets').set(clientId, changed);
      draft.changed('client', clientId);
    },
  };
}

export function findClientRecord(tables: Tables, clientId: string, now: Date): ClientRecord | undefined {
  const client = tables.clients.get(clientId);
  if (client === undefined) return undefined;
  const secrets = (tables.secrets.get(clientId) ?? []).filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
  return copy({ client, secrets: newestFirst(secrets) });
}

const newestFirst = (secrets: readonly ClientSecret[]): ClientSecret[] =>
  [...secrets].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || byCodeUnit(b.id, a.id));
