/** @module Requests whose cost must not depend on how much there is: each names what is in a world of any size. */
import { FILTERS, SORTS, type NounName } from '../../src/domain/directory.ts';
import type { ApiAnswer, ApiClient } from './administered.ts';

/** Makes a request under a name, and throws when it is refused. */
export type Ask = (name: string, request: () => Promise<ApiAnswer>) => Promise<ApiAnswer>;

/** A value of every filter; nearly all of them match something. */
const FILTER_VALUES: Readonly<Record<string, string>> = {
  active: 'true',
  category: 'custom',
  client: 'c0',
  client_id: 'c0',
  context_user: 'u0',
  email: 'user0@example.com',
  expires_after: '2020-01-01T00:00:00Z',
  expires_before: '2100-01-01T00:00:00Z',
  full_access: 'false',
  managed: 'false',
  organization: 'o0',
  origin: 'p0',
  parent: 'S',
  role: 'Shopper',
  security_profile: 'ten',
  type: 'buyer',
  user: 'u0',
  user_group: 'g0',
  username: 'user0',
};

/** Lists that are no nouns', and that somebody with a part of the tree sees, too. */
const OTHER_LISTS = [
  '/audit-events?',
  '/audit-events?type=user_created&',
  '/invitations?',
  '/leases?before=2100-01-01T00:00:00Z&',
  '/revocations?',
  '/security-profiles/everywhere/holders?',
  '/security-profiles/ten/holders?',
  '/user-groups/g0/members?',
];

/** Every list in each order, with its second page, counted; those of nouns by each of their filters, and searched. */
export async function askForLists(client: ApiClient, limit: number, ask: Ask): Promise<void> {
  const page = async (path: string) => {
    const get = (more: string) => client.get(`${path}limit=${limit}${more}`);
    const { body } = await ask(path, () => get(''));
    if (body.next_cursor !== undefined) await ask(`${path}second page`, () => get(`&cursor=${body.next_cursor}`));
  };
  for (const noun of Object.keys(SORTS) as NounName[]) {
    const path = `/${noun.replaceAll('_', '-')}?`;
    for (const sort of SORTS[noun]) for (const direction of ['', '-']) await page(`${path}sort=${direction}${sort}&`);
    for (const filter of Object.keys(FILTERS[noun])) await page(`${path}${filter}=${encodeURIComponent(FILTER_VALUES[filter]!)}&`);
    await page(`${path}search=er%201&`);
    await page(`${path}total=true&`);
  }
  for (const path of OTHER_LISTS) for (const total of ['', 'total=true&']) await page(path + total);
}

const READINGS = [
  '/me',
  '/users/u0',
  '/users/u0/sessions',
  '/users/u0/effective-roles',
  '/users/u0/effective-roles?client_id=console',
  '/organizations/o9',
  '/clients/c0/secrets',
  '/security-profiles/p0',
  '/explain?user=u0&role=own:0',
  '/explain?user=u0&role=OrderAdmin&client_id=console',
  // Not held, and in one profile; in every one of the many; unknown.
  '/explain?user=u0&role=own:5',
  '/explain?user=local&role=Stray',
  '/explain?user=u9&role=nobody-knows',
  '/explain?client_id=c0&role=Stray',
  '/preview?user=u0&client_id=console',
  '/preview?client_id=c0&scope=Stray%20Shopper',
];

export async function askForReadings(client: ApiClient, ask: Ask): Promise<void> {
  for (const path of READINGS) await ask(path, () => client.get(path));
}

/** Each change as a dry run and then for good. */
function changesBy(client: ApiClient, ask: Ask): (method: string, path: string, body?: unknown) => Promise<ApiAnswer> {
  return async (method, path, body) => {
    const name = `${method} ${path} ${JSON.stringify(body ?? '')}`;
    await ask(`dry run: ${name}`, () => client.call(method, `${path}?dry_run=true`, { body }));
    return ask(name, () => client.call(method, path, { body }));
  };
}

/** What an administrator of o0 does all day. Everything is taken back in the end. */
export async function askForChanges(client: ApiClient, ask: Ask): Promise<void> {
  const change = changesBy(client, ask);
  const assigned = await change('POST', '/assignments', { security_profile: 'shopping', user: 'plain' });
  await change('DELETE', `/assignments/${assigned.body.id}`);
  await change('PUT', '/user-groups/g9/members/plain', { reason: 'Holidays' });
  await change('DELETE', '/user-groups/g9/members/plain');
  await change('PATCH', '/users/plain', { email: 'other@example.com', active: false });
  await change('PATCH', '/users/plain', { email: 'plain@example.com', active: true });
  await change('POST', '/users', { id: 'new', username: 'new', organization: 'o0', user_groups: ['g0'] });
  await change('DELETE', '/users/new');
  await change('PATCH', '/security-profiles/idle', { roles: ['Shopper', 'OrderReader'] });
  await change('PATCH', '/security-profiles/idle', { roles: ['Shopper'] });
  await change('POST', '/security-profiles/idle/clone', { id: 'clone', organization: 'o0' });
  await change('DELETE', '/security-profiles/clone');
  await changePlaces(change);
}

/** Groups and organizations, through which many people are reached. */
async function changePlaces(change: ReturnType<typeof changesBy>): Promise<void> {
  await change('POST', '/user-groups', { id: 'crew', name: 'Crew', organization: 'o0' });
  const assigned = await change('POST', '/assignments', { security_profile: 'shopping', user_group: 'crew' });
  await change('DELETE', `/assignments/${assigned.body.id}`);
  await change('DELETE', '/user-groups/crew');
  await change('POST', '/organizations', { id: 'branch', name: 'Branch', type: 'site', parent: 'o0' });
  await change('DELETE', '/organizations/branch');
}

/** What concerns people of many organizations, and the administrators themselves. */
export async function askForRootChanges(client: ApiClient, ask: Ask): Promise<void> {
  const change = changesBy(client, ask);
  await change('PATCH', '/security-profiles/ten', { roles: ['OrderReader'] });
  await change('PATCH', '/security-profiles/ten', { roles: ['Shopper'] });
  await change('PATCH', '/organizations/quiet', { active: false });
  await change('PATCH', '/organizations/quiet', { active: true });
  await change('PATCH', '/users/second', { active: false });
  await change('PATCH', '/users/second', { active: true });
  await change('PATCH', '/clients/c0', { client_name: 'Client number 0' });
  await change('PATCH', '/clients/c0', { client_name: 'Client 0' });
}
