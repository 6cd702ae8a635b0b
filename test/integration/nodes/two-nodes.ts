/** @module Two nodes on one Postgres, with the market of the administrators, and what is asked of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Clock } from '../../../src/domain/ports.ts';
import { apiWith, openAdministered, type ApiClient } from '../../support/administered.ts';
import { AUDIENCE, client, profile, secret, secretOf } from '../../support/market.ts';
import { dropDatabase } from '../../support/postgres.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { createTestDatabase } from '../../support/stores.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { basic, post } from '../../support/token-client.ts';

export interface TwoNodes {
  readonly a: TestServer;
  readonly b: TestServer;
  /** Between b and Postgres. */
  readonly line: TcpProxy;
  /** Speaks to the management API of a. */
  readonly administrator: ApiClient;
  close(): Promise<void>;
}

/** The client whose role comes and goes: AuditReader, by the profile `auditing`. */
export const MACHINE = 'machine';

export async function startTwoNodes(env: Readonly<Record<string, string>>, clock?: Clock): Promise<TwoNodes> {
  const url = await createTestDatabase();
  const { hostname, port } = new URL(url);
  const line = await startTcpProxy({ host: hostname, port: Number(port) });
  const through = new URL(url);
  through.port = String(line.port);
  const keys = await mkdtemp(path.join(tmpdir(), 'rolemint-nodes-'));
  const start = (database: string) =>
    startServer({
      env: { ROLEMINT_DATABASE_URL: database, ROLEMINT_KEYS_DIR: path.join(keys, 'keys'), ...env },
      ...(clock === undefined ? {} : { clock }),
    });
  const a = await start(url);
  await openAdministered(a.app, async (tx) => {
    await tx.securityProfiles.put([profile('auditing', ['AuditReader'])]);
    await tx.clients.put([client(MACHINE, { grantTypes: ['client_credentials'], omittedScope: 'all', organization: 'S' })]);
    await tx.addClientSecret(MACHINE, secret(secretOf(MACHINE)));
  });
  const b = await start(through.href);
  const { body } = await post(`${a.url}/oauth/token`, { grant_type: 'client_credentials' }, basic('adminclient', secretOf('adminclient')));
  return {
    a,
    b,
    line,
    administrator: apiWith(a, String(body['access_token'])),
    close: async () => {
      await b.close();
      await a.close();
      await line.close();
      await dropDatabase(url);
      await rm(keys, { recursive: true, force: true });
    },
  };
}

/** A token of the machine; undefined when the node cannot say. */
export async function tokenOf(
  { url }: Pick<TestServer, 'url'>,
  resource?: string,
): Promise<{ readonly status: number; readonly token: string; readonly roles: readonly string[] }> {
  const { status, body } = await post(`${url}/oauth/token`, { grant_type: 'client_credentials', resource }, basic(MACHINE, secretOf(MACHINE)));
  return { status, token: String(body['access_token']), roles: String(body['scope']).split(' ') };
}

/** Whether a node says that the machine has its role, each with a status other than 503; undefined: 503. */
export const QUESTIONS = {
  token: async (node: TestServer) => {
    const { status, roles } = await tokenOf(node);
    return status === 503 ? undefined : roles.includes('AuditReader');
  },
  introspection: async (node: TestServer, { forSeller }: Tokens) => {
    const { status, body } = await post(`${node.url}/oauth/introspect`, { token: forSeller }, basic('rsS', secretOf('rsS')));
    return status === 503 ? undefined : String(body['scope']).split(' ').includes('AuditReader');
  },
  management: async (node: TestServer, { forIssuer }: Tokens) => {
    const { status } = await apiWith(node, forIssuer).get('/audit-events?limit=1');
    return status === 503 ? undefined : status === 200;
  },
} as const;

export type Question = keyof typeof QUESTIONS;

/** Tokens that were issued while the machine had its role. */
export interface Tokens {
  readonly forSeller: string;
  readonly forIssuer: string;
}

export async function tokensWithRole(node: TestServer): Promise<Tokens> {
  return { forSeller: (await tokenOf(node, AUDIENCE.seller)).token, forIssuer: (await tokenOf(node)).token };
}
