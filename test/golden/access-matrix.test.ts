import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenApiDocument } from '../../src/http/api/openapi.ts';
import { API_PREFIX } from '../../src/http/api/route.ts';
import { DeclaredAnswers } from '../support/declared-answers.ts';
import type { ApiAnswer, ApiClient } from '../support/administered.ts';
import { expectGolden } from './golden.ts';
import { requestsOf, type Prepared, type Requests } from './requests.ts';
import { ACTORS, openWorld, ROOT, type Actor, type World } from './world.ts';

/** What one endpoint answered, to whom. */
interface Row {
  readonly endpoint: string;
  readonly rehearsed: Readonly<Record<Actor, number>>;
  done: string;
}

const EXPLAINED = [
  'Who is answered what: one request to every endpoint, about something of B1 or, where nobody owns such a thing, of all.',
  'What would change something is rehearsed (dry_run=true) by everybody; whoever is refused then is refused without it, too.',
  'In the end it is done once, with the status and by whom the last column but one says. Any one of the roles suffices.',
];

const actors = Object.keys(ACTORS) as Actor[];

let world: World;
let declared: DeclaredAnswers;
let requests: Requests;
let rows: Row[];
/** What was not as the document declares it, or not as it was rehearsed. */
const odd: string[] = [];

beforeAll(async () => {
  world = await openWorld();
  declared = new DeclaredAnswers((await (await fetch(`${world.server.url}/api/openapi.json`)).json()) as OpenApiDocument);
  requests = requestsOf(world.made);
  const before = await eventsSoFar();
  rows = [];
  for (const endpoint of endpoints().filter((one) => one in requests)) rows.push({ endpoint, rehearsed: await rehearse(endpoint), done: '' });
  if ((await eventsSoFar()) !== before) odd.push('A rehearsed or refused request left an audit event.');
  for (const row of rows) row.done = await perform(row);
}, 120_000);
afterAll(() => world.server.close());

const endpoints = (): string[] => declared.endpoints.map((endpoint) => endpoint.replace(` ${API_PREFIX}`, ' '));
const eventsSoFar = async (): Promise<number> => (await world.server.app.store.audit.readHead())!.events;

/** Every actor's request, without an effect. */
async function rehearse(endpoint: string): Promise<Readonly<Record<Actor, number>>> {
  const statuses = await Promise.all(actors.map(async (actor) => [actor, await rehearseBy(actor, endpoint)] as const));
  return Object.fromEntries(statuses) as Record<Actor, number>;
}

/** What is refused then is refused when it is meant, too. */
async function rehearseBy(actor: Actor, endpoint: string): Promise<number> {
  const prepared = requests[endpoint]!;
  const reads = endpoint.startsWith('GET ');
  const { status } = await ask(endpoint, world.api[actor], reads ? prepared : { ...prepared, path: `${prepared.path}?dry_run=true` });
  if (reads || status < 400) return status;
  const meant = await ask(endpoint, world.api[actor], prepared);
  if (meant.status !== status) odd.push(`${endpoint} by ${actor}: ${status} when rehearsed, then ${meant.status}`);
  return status;
}

async function perform({ endpoint }: Row): Promise<string> {
  const { by = 'adminAbove', ...prepared } = requests[endpoint]!;
  const { status, text } = await ask(endpoint, world.api[by], prepared);
  if (status >= 300) odd.push(`${endpoint} by ${by}: ${status} ${text}`);
  return `${status} ${by === ROOT ? ROOT : ACTORS[by].heading.join(' ').trim()}`;
}

async function ask(endpoint: string, api: ApiClient, { path, body }: Prepared): Promise<ApiAnswer> {
  const [method] = endpoint.split(' ') as [string];
  const answer = await api.call(method, path, { body });
  odd.push(...declared.problems(endpoint.replace(' ', ` ${API_PREFIX}`), answer));
  return answer;
}

/** Aligned text, by resource. */
function matrix(): string {
  const left = Math.max(...rows.map(({ endpoint }) => lined(endpoint).length)) + 2;
  const line = (first: string, cells: readonly (string | number)[], ...last: readonly string[]): string =>
    `${first.padEnd(left)}${cells.map((cell) => String(cell).padEnd(11)).join('')}${last.map((text) => text.padEnd(20)).join('')}`.trimEnd();
  const headings = (part: 0 | 1): string[] => actors.map((actor) => ACTORS[actor].heading[part]);
  const tagOf = ({ endpoint }: Row): string => declared.operation(endpoint.replace(' ', ` ${API_PREFIX}`)).tags[0]!;
  const lines = [...EXPLAINED, '', ...actors.map((actor) => `  ${ACTORS[actor].heading.join(' ').replace('- ', '').padEnd(16)}${ACTORS[actor].who}`)];
  for (const resource of new Set(rows.map(tagOf))) {
    lines.push('', line('', headings(0)), line(resource, headings(1), 'done by', 'roles'));
    for (const { endpoint, rehearsed, done } of rows.filter((row) => tagOf(row) === resource)) {
      const roles = declared.operation(endpoint.replace(' ', ` ${API_PREFIX}`))['x-roles'].join(' ') || 'any token';
      lines.push(
        line(
          lined(endpoint),
          actors.map((actor) => rehearsed[actor]),
          done,
          roles,
        ),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

const lined = (endpoint: string): string => {
  const [method, path] = endpoint.split(' ') as [string, string];
  return `  ${method.padEnd(7)}${path}`;
};

describe('the access matrix', () => {
  it('has every endpoint of the document, and no other', () => {
    expect(Object.keys(requests).toSorted()).toEqual(endpoints().toSorted());
  });

  it('asks each endpoint for what it is about', () => {
    const wrong = Object.entries(requests).filter(([endpoint, { path }]) => {
      const [method, template] = endpoint.split(' ') as [string, string];
      return declared.endpointOf(method, API_PREFIX + path) !== `${method} ${API_PREFIX}${template}`;
    });
    expect(wrong).toEqual([]);
  });

  it('has no answer but those that the document declares; what is rehearsed leaves no trace, and what is refused then stays refused', () => {
    expect(odd).toEqual([]);
  });

  it('would notice an answer that is not declared', () => {
    const api = { audience: 'https://api.example.com', name: 'API', signing_alg: 'ES256', clients: [] };
    const problems = (status: number, body: unknown, type = 'application/json'): unknown[] =>
      declared.problems('GET /api/v1/resource-servers', {
        status,
        headers: new Headers({ 'content-type': type }),
        text: JSON.stringify(body),
      });
    expect(problems(200, { items: [api] })).toEqual([]);
    expect(problems(200, { items: [{ ...api, secret: 'x' }] })).toEqual([expect.stringContaining('"secret"')]);
    expect(problems(200, { items: [{ ...api, name: undefined }] })).toEqual([expect.stringContaining('items[0].name')]);
    expect(problems(200, { items: [] }, 'text/html')).toEqual([expect.stringContaining('text/html is not declared')]);
    expect(problems(202, { items: [] })).toEqual([expect.stringContaining('the status is not declared')]);
  });

  it('is the reviewed one; after a change `UPDATE_GOLDEN=1` writes it', () => {
    expectGolden('access-matrix.txt', matrix());
  });
});
