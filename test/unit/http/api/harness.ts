/** @module A server with routes of a test behind a guard that knows a few tokens by heart, and a client that sends what it is told. */
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import type { Subject } from '../../../../src/domain/access.ts';
import { compileCatalogue } from '../../../../src/domain/catalogue.ts';
import type { OrganizationType } from '../../../../src/domain/organization.ts';
import { managementApi } from '../../../../src/http/api/api.ts';
import { apiDocuments } from '../../../../src/http/api/documents.ts';
import type { GuardOptions } from '../../../../src/http/api/guard.ts';
import type { Route } from '../../../../src/http/api/route.ts';
import { createHttpServer } from '../../../../src/http/server.ts';
import { accessOf } from '../../../../src/sdk/access.ts';
import { AccessError } from '../../../../src/sdk/errors.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export interface Sending {
  readonly method?: string;
  /** As bytes or text; undefined: no body. */
  readonly body?: string | Buffer;
  /** A list of names and values in turn can name a header twice. */
  readonly headers?: OutgoingHttpHeaders | readonly string[];
}

/** Sends a request to the byte: nothing is encoded, evened out or left out. */
export function send(url: string, path: string, { method = 'GET', body, headers = {} }: Sending = {}): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path, method, headers: headers as OutgoingHttpHeaders, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode!, headers: response.headers, text, body: asObject(text) });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

function asObject(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

export interface Harness {
  readonly url: string;
  /** Refusals of the guard, as they would be logged. */
  readonly refusals: readonly { readonly code: string; readonly reason: string }[];
  readonly faults: readonly unknown[];
  close(): Promise<void>;
}

/** What a token of {@link startApi} stands for. */
export interface Known {
  /** In the token. */
  readonly roles: readonly string[];
  /** Still held; the same if not said. */
  readonly held?: readonly string[];
  readonly subject?: Partial<Subject>;
  readonly acting?: Partial<Subject>;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Revoked, or its subject disabled. */
  readonly dead?: boolean;
}

export const SELLER: OrganizationType = { name: 'seller', parents: [], barredRoles: [] };
export const BUYER: OrganizationType = { name: 'buyer', parents: ['seller'], barredRoles: ['RoleReader', 'RoleAdmin'] };

const subject = (given: Partial<Subject> = {}): Subject => ({
  kind: 'user',
  id: 'alice',
  username: 'alice',
  active: true,
  organization: { id: 'S', type: 'seller', path: ['S'] },
  authorizedOrganizations: [],
  memberships: [],
  reaches: [],
  ...given,
});

function guardOptions(tokens: Readonly<Record<string, Known>>): GuardOptions {
  const catalogue = compileCatalogue({ roles: [], permissionTypes: [], organizationTypes: [SELLER, BUYER], securityProfiles: [] });
  const claimsOf = (token: string) => ({ sub: 'alice', client_id: 'web', jti: token, exp: 0, roles: tokens[token]!.roles, ...tokens[token]!.claims });
  return {
    verifier: {
      verify: async (presented) => {
        const token = typeof presented === 'string' ? presented : '';
        if (tokens[token] === undefined)
          throw new AccessError('invalid_token', 'The access token is not valid here.', { cause: new Error('unknown') });
        return accessOf(claimsOf(token));
      },
    },
    signer: { verify: async (token) => claimsOf(token) },
    introspection: {
      live: async (claims) => {
        const { roles, held = roles, dead = false, ...known } = tokens[String(claims['jti'])]!;
        if (dead) return undefined;
        const itself = subject(known.subject);
        return { roles: held, subject: itself, acting: known.acting === undefined ? itself : subject(known.acting) };
      },
    },
    access: { workspace: async () => ({ catalogue, resourceServers: new Map() }) } as unknown as GuardOptions['access'],
  };
}

/** Starts the routes on a free port. */
export async function startApi(routes: readonly Route[], tokens: Readonly<Record<string, Known>>): Promise<Harness> {
  const refusals: { code: string; reason: string }[] = [];
  const faults: unknown[] = [];
  let requests = 0;
  const onFault = (_ctx: unknown, error: unknown) => void faults.push(error);
  const api = managementApi({ routes, guard: guardOptions(tokens), onRefused: (_ctx, refusal) => void refusals.push(refusal), onFault });
  const server = createHttpServer({
    tls: true,
    trustedProxyHops: 0,
    connections: { total: 100, perCaller: undefined, callerOf: (address) => address, onRefused: () => undefined },
    middleware: [api, apiDocuments(routes)],
    requestId: () => `request-${(requests += 1)}`,
    onAnswered: () => undefined,
    onFault,
  });
  const port = await server.listen(0, '127.0.0.1');
  return {
    url: `http://127.0.0.1:${port}`,
    refusals,
    faults,
    close: () => server.drain(0),
  };
}
