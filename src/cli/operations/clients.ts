/** Operations on clients, and the first administrator. */
import type { Client, ClientAuthenticationMethod, ClientSecret, GrantType } from '../../domain/client.ts';
import { isoOf, type Operation } from '../operation.ts';
import type { FreshSecret } from '../../services/clients.ts';

/** RFC 7591 names, as in workspace files. */
export interface ClientDocument {
  readonly client_id: string;
  readonly client_name: string;
  readonly organization: string | null;
  readonly active: boolean;
  readonly grant_types: readonly string[];
  readonly token_endpoint_auth_method: string;
  readonly redirect_uris: readonly string[];
  readonly context_user: string | null;
  readonly allowed_organizations: Client['allowedOrganizations'];
  readonly maximum_roles: readonly string[] | null;
  readonly minimum_roles: readonly string[];
  readonly omitted_scope: 'none' | 'all' | readonly string[];
  readonly access_token_lifetime_seconds: number | null;
  readonly refresh_token_lifetime_seconds: number | null;
}

/** Never the secret, which is not kept, nor its hash. */
export interface SecretDocument {
  readonly id: string;
  readonly algorithm: 'sha256' | 'argon2id';
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly expired: boolean;
}

export interface FreshSecretDocument {
  readonly client_id: string;
  readonly secret_id: string;
  /** Shown this once. */
  readonly client_secret: string;
  readonly expires_at: string | null;
}

interface ById {
  readonly client_id: string;
}

export const listClients: Operation<
  { readonly after?: string | undefined; readonly limit: number },
  { readonly clients: readonly ClientDocument[]; readonly next: string | null }
> = {
  name: 'client list',
  perform: async ({ app }, { after, limit }) => {
    const clients = await app.services.clients.list({ after, limit });
    return { clients: clients.map(documentOf), next: clients.length < limit ? null : clients.at(-1)!.clientId };
  },
};

export const showClient: Operation<ById, ClientDocument & { readonly secrets: readonly SecretDocument[] }> = {
  name: 'client show',
  perform: async ({ app }, { client_id }) => {
    const { client, secrets } = await app.services.clients.get(client_id);
    return { ...documentOf(client), secrets: secrets.map((secret) => secretDocumentOf(secret, app.clock.now())) };
  },
};

export interface CreateClient {
  readonly client_id: string;
  readonly client_name: string;
  readonly organization?: string | undefined;
  readonly grant_types: readonly GrantType[];
  readonly token_endpoint_auth_method: ClientAuthenticationMethod;
  readonly context_user?: string | undefined;
  readonly maximum_roles?: readonly string[] | undefined;
  readonly omitted_scope: 'none' | 'all';
  readonly jwks?: { readonly keys: readonly Record<string, unknown>[] } | undefined;
  readonly expires_in_ms?: number | undefined;
}

export const createClient: Operation<CreateClient, ClientDocument & Partial<FreshSecretDocument>> = {
  name: 'client create',
  perform: async ({ app, actor }, wanted) => {
    const contextUser = wanted.context_user === undefined ? undefined : await app.services.users.idOf(wanted.context_user);
    const client: Client = {
      clientId: wanted.client_id,
      clientName: wanted.client_name,
      organization: wanted.organization,
      active: true,
      grantTypes: wanted.grant_types,
      tokenEndpointAuthMethod: wanted.token_endpoint_auth_method,
      redirectUris: [],
      postLogoutRedirectUris: [],
      jwks: wanted.jwks,
      dpopBoundAccessTokens: false,
      contextUser,
      allowedOrganizations: {},
      maximumRoles: wanted.maximum_roles,
      minimumRoles: [],
      omittedScope: wanted.omitted_scope,
    };
    const secret = await app.services.clients.create(client, { actor }, { lifetimeMs: wanted.expires_in_ms });
    return { ...documentOf(client), ...(secret === undefined ? {} : freshDocumentOf(wanted.client_id, secret)) };
  },
};

export const setClientActive: Operation<ById & { readonly active: boolean }, ById & { readonly active: boolean; readonly changed: boolean }> = {
  name: 'client active',
  perform: async ({ app, actor }, { client_id, active }) => ({
    client_id,
    active,
    ...(await app.services.clients.setActive(client_id, active, { actor })),
  }),
};

export const addSecret: Operation<
  ById & { readonly expires_in_ms?: number | undefined; readonly grace_ms?: number | undefined },
  FreshSecretDocument
> = {
  name: 'client secret add',
  perform: async ({ app, actor }, { client_id, expires_in_ms: lifetimeMs, grace_ms: graceMs }) =>
    freshDocumentOf(client_id, await app.services.clients.addSecret(client_id, { lifetimeMs, graceMs }, { actor })),
};

export const listSecrets: Operation<ById, ById & { readonly secrets: readonly SecretDocument[] }> = {
  name: 'client secret list',
  perform: async ({ app }, { client_id }) => {
    const { secrets } = await app.services.clients.get(client_id);
    return { client_id, secrets: secrets.map((secret) => secretDocumentOf(secret, app.clock.now())) };
  },
};

export interface ExpiredSecretDocument extends ById {
  readonly secret_id: string;
  readonly expires_at: string;
  /** How many secrets the client can still use once this one has ended. */
  readonly secrets_left: number;
}

export const expireSecret: Operation<ById & { readonly secret_id: string; readonly in_ms: number }, ExpiredSecretDocument> = {
  name: 'client secret expire',
  perform: async ({ app, actor }, { client_id, secret_id, in_ms }) => {
    const at = new Date(app.clock.now() + in_ms);
    await app.services.clients.expireSecret(client_id, secret_id, at, { actor });
    const { secrets } = await app.services.clients.get(client_id);
    const left = secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > at).length;
    return { client_id, secret_id, expires_at: at.toISOString(), secrets_left: left };
  },
};

export const revokeClientTokens: Operation<ById, ById> = {
  name: 'client revoke-tokens',
  perform: async ({ app, actor }, { client_id }) => {
    await app.services.clients.get(client_id);
    await app.services.revocation.revokeAll('client', client_id, { actor });
    return { client_id };
  },
};

export interface BootstrapDocument {
  readonly username: string;
  readonly organization: string;
  readonly one_time_link: string;
  readonly one_time_link_expires_at: string;
  readonly client_id: string;
  readonly client_secret: string;
}

interface BootstrapParameters {
  readonly username: string;
  readonly client_id: string;
  readonly organization: string | null;
}

export const bootstrap: Operation<BootstrapParameters, BootstrapDocument> = {
  name: 'bootstrap',
  mayCreateDatabase: true,
  perform: async ({ app, actor }, { username, client_id: clientId, organization }) => {
    const made = await app.services.bootstrap.run({ username, clientId, organization: organization ?? undefined }, { actor });
    return {
      username: made.username,
      organization: made.organization,
      one_time_link: made.oneTimeLink,
      one_time_link_expires_at: made.oneTimeLinkExpiresAt.toISOString(),
      client_id: made.clientId,
      client_secret: made.clientSecret,
    };
  },
};

function documentOf(client: Client): ClientDocument {
  return {
    client_id: client.clientId,
    client_name: client.clientName,
    organization: client.organization ?? null,
    active: client.active,
    grant_types: client.grantTypes,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    redirect_uris: client.redirectUris,
    context_user: client.contextUser ?? null,
    allowed_organizations: client.allowedOrganizations,
    maximum_roles: client.maximumRoles ?? null,
    minimum_roles: client.minimumRoles,
    omitted_scope: client.omittedScope,
    access_token_lifetime_seconds: client.accessTokenLifetimeSeconds ?? null,
    refresh_token_lifetime_seconds: client.refreshTokenLifetimeSeconds ?? null,
  };
}

function secretDocumentOf({ id, algorithm, createdAt, expiresAt }: ClientSecret, now: number): SecretDocument {
  return {
    id,
    algorithm,
    created_at: createdAt.toISOString(),
    expires_at: isoOf(expiresAt),
    expired: expiresAt !== undefined && expiresAt.getTime() <= now,
  };
}

function freshDocumentOf(clientId: string, { id, secret, expiresAt }: FreshSecret): FreshSecretDocument {
  return { client_id: clientId, secret_id: id, client_secret: secret, expires_at: isoOf(expiresAt) };
}

export const CLIENT_OPERATIONS = [
  listClients,
  showClient,
  createClient,
  setClientActive,
  addSecret,
  listSecrets,
  expireSecret,
  revokeClientTokens,
  bootstrap,
];
