import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { orderCloudRoutes } from '../../src/http/ordercloud/routes.ts';
import { expectGolden } from './golden.ts';
import { orderCloudRequests } from './ordercloud-requests.ts';
import { openOrderCloudWorld, ORDERCLOUD_ACTORS, type OrderCloudActor, type OrderCloudWorld } from './ordercloud-world.ts';

const actors = Object.keys(ORDERCLOUD_ACTORS) as OrderCloudActor[];
const routes = new Map(orderCloudRoutes({} as Parameters<typeof orderCloudRoutes>[0]).map((route) => [route.call, route]));
/** In an order in which nothing takes away what a later one needs. */
const calls = Object.keys(orderCloudRequests((id) => id));

const EXPLAINED = [
  "Who is answered what by the API under OrderCloud's names: one request for every call, about something of the buyer b1.",
  'Everybody asks in a marketplace of their own, so that nobody finds what somebody else left. Any one of the roles suffices.',
];

let world: OrderCloudWorld;
const statuses = new Map<string, Readonly<Record<OrderCloudActor, number>>>();
/** Answers that were not as OrderCloud's SDK needs them. */
const odd: string[] = [];

beforeAll(async () => {
  world = await openOrderCloudWorld();
  for (const call of calls) {
    const found = await Promise.all(actors.map(async (actor) => [actor, await ask(call, actor)] as const));
    statuses.set(call, Object.fromEntries(found) as Record<OrderCloudActor, number>);
  }
}, 120_000);
afterAll(() => world.server.close());

async function ask(call: string, actor: OrderCloudActor): Promise<number> {
  const { path, body } = orderCloudRequests(world.idOf(actor))[call]!;
  const token = world.tokens[actor];
  const response = await fetch(`${world.server.url}/v1${path}`, {
    method: routes.get(call)!.method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const problem = problemOf(response.status, text);
  if (problem !== undefined) odd.push(`${call} by ${actor}: ${response.status} ${problem} ${text.slice(0, 300)}`);
  return response.status;
}

function problemOf(status: number, text: string): string | undefined {
  if (status >= 500) return 'is a fault';
  if (status === 204) return text === '' ? undefined : 'has a body';
  const answer = JSON.parse(text) as {
    readonly Errors?: readonly { readonly ErrorCode?: unknown; readonly Message?: unknown; readonly Data?: unknown }[];
  };
  if (status < 400) return answer.Errors === undefined ? undefined : 'has errors';
  const sound = answer.Errors?.every(
    ({ ErrorCode, Message, Data }) => typeof ErrorCode === 'string' && typeof Message === 'string' && Data !== undefined,
  );
  return sound === true ? undefined : 'is no error of OrderCloud';
}

function matrix(): string {
  const lined = (call: string): string => `  ${call.padEnd(50)}`;
  const cells = (texts: readonly (string | number)[]): string => texts.map((text) => String(text).padEnd(11)).join('');
  const headings = (part: 0 | 1): string => `${lined('')}${cells(actors.map((actor) => ORDERCLOUD_ACTORS[actor].heading[part]))}`.trimEnd();
  const lines = [
    ...EXPLAINED,
    '',
    ...actors.map((actor) => `  ${ORDERCLOUD_ACTORS[actor].heading.join(' ').padEnd(16)}${ORDERCLOUD_ACTORS[actor].who}`),
  ];
  for (const resource of new Set(calls.map((call) => call.split('.')[0]!))) {
    lines.push('', headings(0), headings(1), resource);
    for (const call of calls.filter((one) => one.startsWith(`${resource}.`))) {
      const route = routes.get(call)!;
      const roles = route.open === true ? 'nobody has to sign in' : route.roles === 'any_token' ? 'any token' : route.roles.join(' ');
      lines.push(`${lined(call.slice(resource.length + 1))}${cells(actors.map((actor) => statuses.get(call)![actor]))}${roles}`);
    }
  }
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

describe("the access matrix of OrderCloud's API", () => {
  it('has every call that is answered, and no other', () => {
    expect(calls.toSorted()).toEqual([...routes.keys()].toSorted());
  });

  it('has answers as the SDK reads them, and no fault', () => {
    expect(odd).toEqual([]);
  });

  it('is the reviewed one; after a change `UPDATE_GOLDEN=1` writes it', () => {
    expectGolden('ordercloud-matrix.txt', matrix());
  });
});
