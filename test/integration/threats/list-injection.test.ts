import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { OpenApiDocument, Operation } from '../../../src/http/api/openapi.ts';
import { API_PREFIX } from '../../../src/http/api/route.ts';
import { openAdministered, signedIn, type ApiAnswer, type ApiClient } from '../../support/administered.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { describeEachStore } from '../../support/stores.ts';

interface List {
  readonly path: string;
  /** Names of what it can be asked by. */
  readonly parameters: readonly string[];
  /** Without which it answers nothing. */
  readonly required: string;
}

/** Something that every path with an id in it is asked about. */
const IDS: Readonly<Record<string, string>> = { 'user-groups': 'ops', 'security-profiles': 'shopping', clients: 'console', users: 'b1u' };
const REQUIRED: Readonly<Record<string, string>> = { '/leases': 'before=2100-01-01T00:00:00Z', '/me/people': 'search=admin' };

function listsOf(document: OpenApiDocument): readonly List[] {
  return Object.entries(document.paths).flatMap(([template, { get }]) => {
    const parameters = namesOf(get);
    const path = template.slice(API_PREFIX.length).replace(/^\/([\w-]+)\/\{\w+\}/, (_all, noun: string) => `/${noun}/${IDS[noun]!}`);
    return parameters.includes('limit') ? [{ path, parameters, required: REQUIRED[path] ?? '' }] : [];
  });
}

const namesOf = (operation: Operation | undefined): string[] =>
  (operation?.parameters ?? []).flatMap((parameter) => ('in' in parameter && parameter.in === 'query' ? [parameter.name] : []));

/** What would mean something else to a database, a pattern or a parser of nested names. */
const VALUES = [
  "x'; DROP TABLE users; --",
  "' OR '1'='1",
  "%' OR 1=1--",
  "') UNION SELECT password_hash FROM users--",
  "1' AND (SELECT 1 FROM pg_sleep(10))='1",
  '%',
  '_',
  '\\',
  '{"$ne":1}',
  'NULL',
  '$1',
  '?',
  '.*',
  '(a+)+$',
  'x'.repeat(490),
];

const SORTS = [
  'id;drop table users',
  '(case when 1=1 then id else name end)',
  'id,username',
  'id desc',
  '"id"',
  '--id',
  'password_hash',
  'toString',
  '__proto__',
  '',
];
const NESTED = [
  'sort[]=id',
  'sort[0]=id',
  'filter[password_hash]=$2*',
  'where={"id":{"$ne":1}}',
  'id[$ne]=1',
  'order_by=id',
  'fields=password_hash',
  'include=secrets',
];

/** T-72: what is asked for in a list is compared as the text that it is. */
describeEachStore('T-72 lists', (suite) => {
  let server: TestServer;
  let root: ApiClient;
  let lists: readonly List[];

  beforeAll(async () => {
    server = await startServer({ store: suite.store, clock: suite.clock });
    await openAdministered(server.app);
    root = await signedIn(server, 'root');
    lists = listsOf((await (await fetch(`${server.url}/api/openapi.json`)).json()) as OpenApiDocument);
  }, 60_000);
  afterAll(() => server.close());

  const ask = async ({ path, required }: List, query: string): Promise<ApiAnswer> =>
    root.get(`${path}?${[required, query].filter((part) => part !== '').join('&')}`);
  const withValue = (list: List, name: string, value: string) => {
    const required = new URLSearchParams(list.required);
    required.set(name, value);
    return root.get(`${list.path}?${required.toString()}`);
  };

  it('are all that there are', () => {
    expect(lists.length).toBeGreaterThan(17);
    expect(lists.filter(({ path }) => path.includes('{') || path.includes('undefined'))).toEqual([]);
  });

  it('are all answered as they are', async () => {
    const odd: string[] = [];
    for (const list of lists) {
      const { status, text } = await ask(list, '');
      if (status !== 200) odd.push(`${list.path}: ${status} ${text}`);
    }
    expect(odd).toEqual([]);
  });

  it.each(VALUES)('find nothing by %j, nor break', async (value) => {
    const odd: string[] = [];
    for (const list of lists) {
      for (const name of list.parameters.filter((parameter) => !['limit', 'sort', 'total'].includes(parameter))) {
        const { status, body, text } = await withValue(list, name, value);
        const fine = status === 400 ? body.code === 'invalid_input' : status === 200 && body.items.length === 0;
        // An underscore stands in names.
        const literal =
          name === 'search' &&
          value === '_' &&
          status === 200 &&
          body.items.every((item: object) => JSON.stringify(Object.values(item)).includes('_'));
        if (!fine && !literal) odd.push(`${list.path} ${name}: ${status} ${text.slice(0, 300)}`);
      }
    }
    expect(odd).toEqual([]);
  });

  it.each(SORTS)('are sorted by nothing like %j', async (sort) => {
    for (const list of lists.filter(({ parameters }) => parameters.includes('sort'))) {
      const { status, body } = await withValue(list, 'sort', sort);
      expect([list.path, status, body.code]).toEqual([list.path, 400, 'invalid_input']);
    }
  });

  it.each(NESTED)('take no %s', async (query) => {
    for (const list of lists) {
      const { status, body } = await ask(list, query);
      expect([list.path, status, body.code]).toEqual([list.path, 400, 'invalid_input']);
    }
  });

  it('are what they were, with all that is in them', async () => {
    expect((await root.get('/users?total=true')).body.total).toBe(13);
    expect((await root.get('/users?search=deleg')).body.items).toHaveLength(1);
  });
});
