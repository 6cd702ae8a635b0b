/** @module The border between our clients and the engine's: RFC 7591 metadata, found through our cache, authenticated by our rules. */
import type Provider from 'oidc-provider';
import type { Client } from '../domain/client.ts';
import { ISSUE_STALENESS, type AccessService } from '../services/access.ts';
import type { ClientAuthentication } from '../services/client-authentication.ts';
import type { PreparedClient } from '../services/prepared-client.ts';
import { inProtocol } from './errors.ts';

type EngineClient = InstanceType<Provider['Client']>;
type ClientConstructor = new (metadata: Record<string, unknown>) => EngineClient;

/** RFC 6749 Appendix A.1: visible ASCII. Anything else cannot be a client and is not looked up. */
const CLIENT_ID = /^[\x21-\x7E]{1,200}$/;

/** Stands where the engine wants a secret; the real ones are compared as hashes. No algorithm that uses it as a key is on. */
const SECRET_IS_HASHED = 'kept as a hash';

/** Makes the engine find and authenticate our clients. */
export class EngineClients {
  readonly #provider: Provider;
  readonly #access: AccessService;
  readonly #authentication: ClientAuthentication;
  /** The engine's parsed client for each of ours; lives as long as ours stays in the cache. */
  readonly #parsed = new WeakMap<PreparedClient, EngineClient>();
  readonly #ours = new WeakMap<EngineClient, PreparedClient>();

  constructor(provider: Provider, access: AccessService, authentication: ClientAuthentication) {
    this.#provider = provider;
    this.#access = access;
    this.#authentication = authentication;
  }

  /** Replaces the engine's look-up, comparison of secrets. */
  install(supportedGrants: ReadonlySet<string>): void {
    const { Client } = this.#provider;
    const ours = this.#ours;
    const authentication = this.#authentication;
    Object.assign(Client, { find: (id: unknown) => inProtocol(() => this.#find(id, supportedGrants)) });
    Object.assign(Client.prototype, {
      compareClientSecret(this: EngineClient, presented: string) {
        return inProtocol(() => authentication.verifySecret(ours.get(this)!, presented));
      },
    });
  }

  /** The client of ours that the engine authenticated. */
  prepared(client: EngineClient | undefined): PreparedClient {
    const prepared = client === undefined ? undefined : this.#ours.get(client);
    if (prepared === undefined) throw new Error('no client was authenticated');
    return prepared;
  }

  async #find(id: unknown, supportedGrants: ReadonlySet<string>): Promise<EngineClient | undefined> {
    if (typeof id !== 'string' || !CLIENT_ID.test(id)) return undefined;
    await this.#access.refresh(ISSUE_STALENESS);
    const prepared = await this.#access.client(id);
    if (prepared === undefined) return undefined;
    const known = this.#parsed.get(prepared);
    if (known !== undefined) return known;
    const parsed = new (this.#provider.Client as unknown as ClientConstructor)(metadata(prepared.client, supportedGrants));
    this.#parsed.set(prepared, parsed);
    this.#ours.set(parsed, prepared);
    return parsed;
  }
}

/** RFC 8252 §8.3. */
const isLoopback = (uri: string): boolean => /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/?]|$)/.test(uri);

function metadata(client: Client, supportedGrants: ReadonlySet<string>): Record<string, unknown> {
  const { tokenEndpointAuthMethod, redirectUris } = client;
  // Without an address to go back to there is no code to fetch.
  const byCode = client.grantTypes.includes('authorization_code') && redirectUris.length > 0;
  return {
    client_id: client.clientId,
    client_name: client.clientName,
    token_endpoint_auth_method: tokenEndpointAuthMethod,
    grant_types: client.grantTypes.filter((type) => supportedGrants.has(type)),
    response_types: byCode ? ['code'] : [],
    // What stands behind a `#` is there for scripts alone.
    response_modes: ['query'],
    redirect_uris: byCode ? redirectUris : [],
    // RFC 8252 §7.3: on the loopback interface of somebody's own machine any port is good.
    application_type: redirectUris.some(isLoopback) ? 'native' : 'web',
    dpop_bound_access_tokens: client.dpopBoundAccessTokens,
    ...(tokenEndpointAuthMethod.startsWith('client_secret') ? { client_secret: SECRET_IS_HASHED } : {}),
    ...(client.jwks === undefined ? {} : { jwks: client.jwks }),
  };
}
