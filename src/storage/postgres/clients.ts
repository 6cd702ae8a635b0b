/** @module Clients, their secrets, and resource servers in Postgres. */
import type { AllowedOrganizations, Client, ClientAuthenticationMethod, ClientSecret, GrantType, OmittedScope } from '../../domain/client.ts';
import type { ClientRecord, StoreTransaction, WritableRepository } from '../../domain/ports.ts';
import type { ResourceServer, SigningAlgorithm } from '../../domain/resource-server.ts';
import { assertLifetimes, unknownSecret } from '../refusals.ts';
import { assertKey, isStorable, storableKeys, toJson } from '../values.ts';
import { postgresRepository, withoutNulls, type Writing } from './repository.ts';
import type { Session, Statement } from './session.ts';

export interface ClientRow {
  readonly client_id: string;
  readonly client_name: string;
  readonly organization_id: string | null;
  readonly active: boolean;
  readonly grant_types: readonly GrantType[];
  readonly token_endpoint_auth_method: ClientAuthenticationMethod;
  readonly redirect_uris: readonly string[];
  readonly post_logout_redirect_uris: readonly string[];
  readonly backchannel_logout_uri: string | null;
  readonly require_consent: boolean;
  readonly jwks: { readonly keys: readonly Record<string, unknown>[] } | null;
  readonly dpop_bound_access_tokens: boolean;
  readonly context_user_id: string | null;
  readonly is_anonymous_buyer: boolean;
  readonly anonymous_token_lifetime_seconds: number | null;
  readonly allowed_organization_types: readonly string[] | null;
  readonly allowed_organization_ids: readonly string[] | null;
  readonly maximum_roles: readonly string[] | null;
  readonly minimum_roles: readonly string[];
  readonly omitted_scope: OmittedScope;
  readonly access_token_lifetime_seconds: number | null;
  readonly refresh_token_lifetime_seconds: number | null;
}

export function fromClientRow(row: ClientRow): Client {
  return withoutNulls<Client>({
    clientId: row.client_id,
    clientName: row.client_name,
    organization: row.organization_id,
    active: row.active,
    grantTypes: row.grant_types,
    tokenEndpointAuthMethod: row.token_endpoint_auth_method,
    redirectUris: row.redirect_uris,
    postLogoutRedirectUris: row.post_logout_redirect_uris,
    backchannelLogoutUri: row.backchannel_logout_uri,
    requireConsent: row.require_consent ? null : false,
    jwks: row.jwks,
    dpopBoundAccessTokens: row.dpop_bound_access_tokens,
    contextUser: row.context_user_id,
    isAnonymousBuyer: row.is_anonymous_buyer ? true : null,
    anonymousTokenLifetimeSeconds: row.anonymous_token_lifetime_seconds,
    allowedOrganizations: withoutNulls<AllowedOrganizations>({ types: row.allowed_organization_types, ids: row.allowed_organization_ids }),
    maximumRoles: row.maximum_roles,
    minimumRoles: row.minimum_roles,
    omittedScope: row.omitted_scope,
    accessTokenLifetimeSeconds: row.access_token_lifetime_seconds,
    refreshTokenLifetimeSeconds: row.refresh_token_lifetime_seconds,
  });
}

function toClientRow(client: Client): ClientRow {
  return {
    client_id: client.clientId,
    client_name: client.clientName,
    organization_id: client.organization ?? null,
    active: client.active,
    grant_types: client.grantTypes,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    backchannel_logout_uri: client.backchannelLogoutUri ?? null,
    require_consent: client.requireConsent ?? true,
    jwks: client.jwks ?? null,
    dpop_bound_access_tokens: client.dpopBoundAccessTokens,
    context_user_id: client.contextUser ?? null,
    is_anonymous_buyer: client.isAnonymousBuyer ?? false,
    anonymous_token_lifetime_seconds: client.anonymousTokenLifetimeSeconds ?? null,
    allowed_organization_types: client.allowedOrganizations.types ?? null,
    allowed_organization_ids: client.allowedOrganizations.ids ?? null,
    maximum_roles: client.maximumRoles ?? null,
    minimum_roles: client.minimumRoles,
    omitted_scope: client.omittedScope,
    access_token_lifetime_seconds: client.accessTokenLifetimeSeconds ?? null,
    refresh_token_lifetime_seconds: client.refreshTokenLifetimeSeconds ?? null,
  };
}

const COLUMNS = [
  'client_id',
  'client_name',
  'organization_id',
  'active',
  'grant_types',
  'token_endpoint_auth_method',
  'redirect_uris',
  'post_logout_redirect_uris',
  'backchannel_logout_uri',
  'require_consent',
  'jwks',
  'dpop_bound_access_tokens',
  'context_user_id',
  'is_anonymous_buyer',
  'anonymous_token_lifetime_seconds',
  'allowed_organization_types',
  'allowed_organization_ids',
  'maximum_roles',
  'minimum_roles',
  'omitted_scope',
  'access_token_lifetime_seconds',
  'refresh_token_lifetime_seconds',
] as const;

const PUT_CLIENTS: Statement = {
  sql: `
    WITH r AS (SELECT * FROM jsonb_to_recordset(?::jsonb) AS r (client_id text, client_name text, organization_id text, active boolean,
      grant_types text[], token_endpoint_auth_method text, redirect_uris text[], post_logout_redirect_uris text[], backchannel_logout_uri text,
      require_consent boolean, jwks jsonb,
      dpop_bound_access_tokens boolean, context_user_id text, is_anonymous_buyer boolean, anonymous_token_lifetime_seconds integer, allowed_organization_types text[], allowed_organization_ids text[],
      maximum_roles text[], minimum_roles text[], omitted_scope jsonb, access_token_lifetime_seconds integer, refresh_token_lifetime_seconds integer)),
    entered AS (INSERT INTO subjects (id, kind) SELECT client_id, 'client' FROM r ON CONFLICT DO NOTHING)
    INSERT INTO clients (client_id, client_name, organization_id, active, grant_types, token_endpoint_auth_method, redirect_uris,
      post_logout_redirect_uris, backchannel_logout_uri, require_consent, jwks, dpop_bound_access_tokens, context_user_id, is_anonymous_buyer, anonymous_token_lifetime_seconds,
      allowed_organization_types, allowed_organization_ids,
      maximum_roles, minimum_roles, omitted_scope, access_token_lifetime_seconds, refresh_token_lifetime_seconds)
    SELECT client_id, client_name, organization_id, active, grant_types, token_endpoint_auth_method, redirect_uris,
      post_logout_redirect_uris, backchannel_logout_uri, require_consent, jwks, dpop_bound_access_tokens, context_user_id, is_anonymous_buyer, anonymous_token_lifetime_seconds,
      allowed_organization_types, allowed_organization_ids,
      maximum_roles, minimum_roles, omitted_scope, access_token_lifetime_seconds, refresh_token_lifetime_seconds
    FROM r
    ON CONFLICT (client_id) DO UPDATE SET client_name = excluded.client_name, organization_id = excluded.organization_id,
      active = excluded.active, grant_types = excluded.grant_types, token_endpoint_auth_method = excluded.token_endpoint_auth_method,
      redirect_uris = excluded.redirect_uris, post_logout_redirect_uris = excluded.post_logout_redirect_uris,
      backchannel_logout_uri = excluded.backchannel_logout_uri, require_consent = excluded.require_consent, jwks = excluded.jwks,
      dpop_bound_access_tokens = excluded.dpop_bound_access_tokens, context_user_id = excluded.context_user_id,
      is_anonymous_buyer = excluded.is_anonymous_buyer, anonymous_token_lifetime_seconds = excluded.anonymous_token_lifetime_seconds,
      allowed_organization_types = excluded.allowed_organization_types, allowed_organization_ids = excluded.allowed_organization_ids,
      maximum_roles = excluded.maximum_roles, minimum_roles = excluded.minimum_roles, omitted_scope = excluded.omitted_scope,
      access_token_lifetime_seconds = excluded.access_token_lifetime_seconds,
      refresh_token_lifetime_seconds = excluded.refresh_token_lifetime_seconds`,
};

/** What was assigned through a client goes with it, and those who had it are changed. */
const REMOVE_CLIENTS: Statement = {
  removes: true,
  sql: `
    WITH unassigned AS (DELETE FROM assignments WHERE via_client_id = ANY (?::text[])
      RETURNING user_id, user_group_id, organization_id, client_id),
    unlinked AS (DELETE FROM resource_server_clients WHERE client_id = ANY (?::text[]) RETURNING client_id),
    gone AS (DELETE FROM clients WHERE client_id = ANY (?::text[]) RETURNING client_id)
    SELECT 'client' AS kind, client_id::text AS id FROM gone
    UNION
    SELECT 'catalogue', '' FROM unlinked
    UNION
    SELECT 'catalogue', '' FROM impersonation_rules r JOIN gone g ON g.client_id = r.client_id
    UNION
    SELECT CASE WHEN user_id IS NOT NULL THEN 'user' WHEN user_group_id IS NOT NULL THEN 'user_group'
      WHEN organization_id IS NOT NULL THEN 'organization' ELSE 'client' END, coalesce(user_id, user_group_id, organization_id, client_id)::text
    FROM unassigned`,
};

export function postgresClients(writing: Writing): WritableRepository<Client> {
  return postgresRepository<Client, ClientRow>(writing, {
    what: 'a client',
    table: 'clients',
    keyColumn: 'client_id',
    columns: COLUMNS,
    key: (client) => client.clientId,
    fromRow: fromClientRow,
    toRow: toClientRow,
    put: PUT_CLIENTS,
    check: assertLifetimes,
    changesOfPut: (batch, changes) =>
      changes.changed(
        'client',
        batch.map(({ clientId }) => clientId),
      ),
    remove: REMOVE_CLIENTS,
    removeBindings: 3,
  });
}

interface SecretRow {
  readonly client_id: string;
  readonly id: string;
  readonly name: string | null;
  readonly algorithm: ClientSecret['algorithm'];
  readonly hash: string;
  /** A date, or in an aggregate its ISO form. */
  readonly created_at: Date | string;
  readonly expires_at: Date | string | null;
}

function fromSecretRow({ id, name, algorithm, hash, created_at: createdAt, expires_at: expiresAt }: SecretRow): ClientSecret {
  return withoutNulls<ClientSecret>({
    id,
    name,
    algorithm,
    hash,
    createdAt: new Date(createdAt),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
  });
}

const FIND_CLIENT: Statement = {
  name: 'client_with_secrets',
  sql: `
    SELECT c.*, (SELECT coalesce(json_agg(s ORDER BY s.created_at DESC, s.id DESC), '[]') FROM client_secrets s
      WHERE s.client_id = c.client_id AND (s.expires_at IS NULL OR s.expires_at > ?)) AS secrets
    FROM clients c WHERE c.client_id = ?`,
};

export async function findClientRecord(session: Session, clientId: string, now: Date): Promise<ClientRecord | undefined> {
  if (!isStorable(clientId)) return undefined;
  const [row] = await session.rows<ClientRow & { readonly secrets: readonly SecretRow[] }>(FIND_CLIENT, [now, clientId]);
  return row && { client: fromClientRow(row), secrets: row.secrets.map(fromSecretRow) };
}

const FIND_SECRETS: Statement = {
  sql: 'SELECT * FROM client_secrets WHERE client_id = ANY (?::text[]) ORDER BY client_id, created_at DESC, id DESC',
};
const ADD_SECRET: Statement = {
  sql: 'INSERT INTO client_secrets (client_id, id, name, algorithm, hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
};
const EXPIRE_SECRET: Statement = { sql: 'UPDATE client_secrets SET expires_at = ? WHERE client_id = ? AND id = ? RETURNING id' };

export function postgresClientSecrets({
  session,
  changes,
}: Writing): Pick<StoreTransaction, 'findClientSecrets' | 'addClientSecret' | 'expireClientSecret'> {
  return {
    findClientSecrets: async (clientIds) => {
      const found = new Map<string, ClientSecret[]>();
      for (const row of await session.rows<SecretRow>(FIND_SECRETS, [storableKeys(clientIds)])) {
        found.set(row.client_id, [...(found.get(row.client_id) ?? []), fromSecretRow(row)]);
      }
      return found;
    },
    addClientSecret: async (clientId, secret) => {
      assertKey(secret.id, 'a client secret');
      assertKey(clientId, 'a client');
      toJson(secret, 'A client secret');
      await session.rows(ADD_SECRET, [
        clientId,
        secret.id,
        secret.name ?? null,
        secret.algorithm,
        secret.hash,
        secret.createdAt,
        secret.expiresAt ?? null,
      ]);
      changes.changed('client', [clientId]);
    },
    expireClientSecret: async (clientId, secretId, expiresAt) => {
      const known = isStorable(clientId) && isStorable(secretId);
      const rows = known ? await session.rows(EXPIRE_SECRET, [expiresAt, clientId, secretId]) : [];
      if (rows.length === 0) throw unknownSecret(clientId, secretId);
      changes.changed('client', [clientId]);
    },
  };
}

export interface ResourceServerRow {
  readonly audience: string;
  readonly name: string;
  readonly roles: readonly string[] | null;
  readonly signing_alg: SigningAlgorithm;
  readonly claims: 'ordercloud' | null;
  readonly clients: readonly string[];
}

export function fromResourceServerRow({ audience, name, roles, signing_alg: signingAlg, claims, clients }: ResourceServerRow): ResourceServer {
  return withoutNulls<ResourceServer>({ audience, name, roles, signingAlg, claims, clients });
}

export const RESOURCE_SERVER_CLIENTS = `
  ARRAY(SELECT c.client_id::text FROM resource_server_clients c WHERE c.audience = resource_servers.audience ORDER BY c.client_id) AS clients`;

const PUT_RESOURCE_SERVERS: Statement = {
  sql: `
    INSERT INTO resource_servers (audience, name, roles, signing_alg, claims)
    SELECT audience, name, roles, "signingAlg", claims
    FROM jsonb_to_recordset(?::jsonb) AS r (audience text, name text, roles text[], "signingAlg" text, claims text)
    ON CONFLICT (audience) DO UPDATE SET name = excluded.name, roles = excluded.roles, signing_alg = excluded.signing_alg, claims = excluded.claims`,
};
const UNLINK_CLIENTS: Statement = { sql: 'DELETE FROM resource_server_clients WHERE audience = ANY (?::text[])' };
const LINK_CLIENTS: Statement = {
  sql: `
    INSERT INTO resource_server_clients (audience, client_id)
    SELECT DISTINCT r.audience, client_id FROM jsonb_to_recordset(?::jsonb) AS r (audience text, clients text[]) CROSS JOIN unnest(r.clients) AS client_id`,
};
const REMOVE_RESOURCE_SERVERS: Statement = {
  removes: true,
  sql: `
    WITH gone AS (DELETE FROM resource_servers WHERE audience = ANY (?::text[]) RETURNING audience)
    SELECT DISTINCT 'catalogue' AS kind, '' AS id FROM gone`,
};

export function postgresResourceServers(writing: Writing): WritableRepository<ResourceServer> {
  const { session } = writing;
  return postgresRepository<ResourceServer, ResourceServerRow>(writing, {
    what: 'a resource server',
    table: 'resource_servers',
    keyColumn: 'audience',
    columns: (knex) => ['audience', 'name', 'roles', 'signing_alg', 'claims', knex.raw(RESOURCE_SERVER_CLIENTS)],
    key: (server) => server.audience,
    fromRow: fromResourceServerRow,
    toRow: (server) => server,
    put: PUT_RESOURCE_SERVERS,
    afterPut: async (batch, rows) => {
      await session.rows(UNLINK_CLIENTS, [batch.map(({ audience }) => audience)]);
      await session.rows(LINK_CLIENTS, [rows]);
    },
    changesOfPut: (_, changes) => changes.changed('catalogue', ['']),
    remove: REMOVE_RESOURCE_SERVERS,
  });
}
