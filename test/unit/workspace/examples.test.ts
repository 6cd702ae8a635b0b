import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { holdings } from '../../../src/domain/access.ts';
import { compileCatalogue } from '../../../src/domain/catalogue.ts';
import { isBuiltInRole } from '../../../src/domain/role.ts';
import { negotiate, omittedNames, parseScope } from '../../../src/domain/scope.ts';
import { exportWorkspace } from '../../../src/workspace/export.ts';
import { harness, type Harness } from './harness.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const DATA = path.join(ROOT, 'test/data');
const SYSTEMS = ['ordercloud', 'tradecloud', 'voss'];

type Entries = Record<string, unknown>[];
type Document = Record<string, Entries>;

interface TokenStep {
  readonly token?: {
    readonly grant: string;
    readonly client: string;
    readonly user?: string;
    readonly scope?: string | null;
    readonly password?: string;
    readonly secret?: string;
  };
  readonly change?: unknown;
  readonly expect?: { readonly status: number; readonly roles?: readonly string[] };
}

/** Says the same without order, defaults, secrets and restated built-in roles. */
function essence(document: Document): unknown {
  const drop = (entry: Record<string, unknown>): Record<string, unknown> => {
    const name = entry.name ?? entry.client_name ?? entry.username;
    const key = entry.id ?? entry.client_id;
    return Object.fromEntries(
      Object.entries(entry)
        .filter(([field]) => field !== 'password' && field !== 'client_secret')
        .filter(
          ([field, value]) => !(['name', 'client_name', 'username'].includes(field) && value === key && name !== undefined && key !== undefined),
        )
        .filter(
          ([field, value]) =>
            !(Array.isArray(value) && value.length === 0 && field !== 'operations') &&
            !(field === 'category' && value === 'custom') &&
            !(field === 'omitted_scope' && value === 'none'),
        )
        .map(([field, value]) => [field, normal(value)]),
    );
  };
  const sections = Object.entries(document).map(([section, value]) => {
    if (!Array.isArray(value)) return [section, value];
    const entries = value
      .filter((entry) => !(section === 'roles' && isBuiltInRole(entry.name as string)))
      .map((entry) => JSON.stringify(normal(drop(entry))));
    return [section, entries.sort()];
  });
  return Object.fromEntries(sections);
}

function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => JSON.stringify(normal(item))).sort();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, normal(member)]),
  );
}

async function rolesOf(market: Harness, { grant, client: clientId, user, scope }: NonNullable<TokenStep['token']>): Promise<readonly string[]> {
  const { access } = market.store;
  const catalogue = compileCatalogue(await access.loadDefinitions());
  const record = await market.store.findClient(clientId, new Date(market.now));
  const userId = grant === 'client_credentials' ? record?.client.contextUser : user;
  const held = holdings(catalogue, (await (userId === undefined ? access.findClient(clientId) : access.findUser(userId)))!, clientId, market.now);
  const requested =
    scope === null || scope === undefined ? omittedNames(catalogue, held, record!.client.omittedScope) : scope === '' ? [] : parseScope(scope)!;
  return negotiate(catalogue, held, { maximumRoles: record?.client.maximumRoles && new Set(record.client.maximumRoles) }, requested).granted;
}

describe.each(SYSTEMS)('the workspace of %s', (system) => {
  const load = (): Promise<string> => readFile(path.join(DATA, 'workspaces', `${system}.yaml`), 'utf8');

  it('applies, a second time changes nothing, and comes out of export as it went in', async () => {
    const market = harness();
    const text = await load();
    await market.apply(text);
    expect((await market.apply(text, { prune: true })).rows).toEqual([]);
    const exported = await exportWorkspace(market.store);
    expect(essence(parse(exported) as Document)).toEqual(essence(parse(text) as Document));
    expect((await market.apply(exported, { prune: true })).rows).toEqual([]);
  });

  it('gives the roles that its scenarios expect', async () => {
    const market = harness();
    await market.apply(await load());
    const scenarios = JSON.parse(await readFile(path.join(DATA, 'scenarios', `${system}.json`), 'utf8')) as { id: string; steps: TokenStep[] }[];
    let checked = 0;
    for (const { id, steps } of scenarios) {
      for (const { token, change, expect: expected } of steps) {
        if (change !== undefined) break;
        if (
          token === undefined ||
          expected?.status !== 200 ||
          expected.roles === undefined ||
          !['password', 'client_credentials'].includes(token.grant)
        )
          continue;
        expect({ id, roles: await rolesOf(market, token) }).toEqual({ id, roles: [...expected.roles].sort() });
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(5);
  });
});

describe('the demo marketplace', () => {
  const load = (): Promise<string> => readFile(path.join(ROOT, 'examples/marketplace/workspace.yaml'), 'utf8');

  it('applies with its expectations, twice, and survives export', async () => {
    const market = harness();
    const text = await load();
    expect((await market.apply(text)).expectations).toBeGreaterThanOrEqual(5);
    expect((await market.apply(text, { prune: true })).rows).toEqual([]);
    expect((await market.apply(await exportWorkspace(market.store), { prune: true })).rows).toEqual([]);
  });

  it('has the shape that it promises', async () => {
    const demo = parse(await load()) as Document;
    const types = (demo.organizations ?? []).map(({ type }) => String(type)).sort();
    expect(types).toEqual(['buyer', 'buyer', 'seller', 'supplier']);
    expect(demo.users).toContainEqual(expect.objectContaining({ id: 'alice', organization: 'tidewater', password: 'Correct-Horse-7-Battery' }));
    expect((demo.clients ?? []).map(({ token_endpoint_auth_method: method }) => method)).toEqual(
      expect.arrayContaining(['none', 'client_secret_basic']),
    );
  });
});
