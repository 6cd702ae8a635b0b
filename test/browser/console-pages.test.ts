import { afterAll, beforeAll, expect, it } from '@jest/globals';
import path from 'node:path';
import {
  describeChromium,
  faultsOf,
  LOOKS,
  openConsole,
  openSite,
  settled,
  visit,
  watchedPage,
  type ServedSite,
  type WatchedPage,
} from '../support/chromium.ts';
import { DATA } from '../support/server.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '../../examples');
const OLGA = { username: 'olga', password: 'Correct-Horse-7-Battery' };

/** Every kind of page, and the states of it that an address can say. */
const PAGES = [
  '/',
  '/profiles',
  '/profiles/new',
  '/profiles/store-admin',
  '/profiles/store-admin?tab=usage',
  '/assignments',
  '/assignments/new?user=alice',
  '/roles',
  '/roles/new',
  '/impersonation-rules',
  '/impersonation-rules/service-as-tidewater',
  '/users',
  '/users/new',
  '/users/alice',
  '/users/alice?tab=roles',
  '/users/alice?tab=groups',
  '/users/olga?tab=sessions',
  '/users/alice?tab=password',
  '/organizations',
  '/organizations/new',
  '/organizations/tidewater',
  '/groups',
  '/groups/tidewater-approvers?tab=members',
  '/invitations',
  '/invitations/new',
  '/clients',
  '/clients/new',
  '/clients/backoffice',
  '/clients/backoffice?tab=secrets',
  '/resource-servers',
  '/resource-servers/https%3A%2F%2Forders.fjord.example',
  '/keys',
  '/why?user=alice&client_id=shop&role=OrderApprover',
  '/why?user=ben&client_id=shop&role=OrderApprover',
  '/workbench?user=alice&client_id=shop&scope=Shopper+OrderAdmin+Nonsense',
  '/review',
  '/review?tab=unused',
  '/review?tab=full',
  '/review?tab=clients',
  '/audit',
  '/audit/1',
  '/account',
  '/account?tab=password',
  '/no-such-page',
  '/users/nobody-of-this-name',
];
/** Answers that a page asks for and shows: the browser writes them into its log, too. */
const EXPECTED = /the server responded with a status of 404 .*\/api\/v1\/users\/nobody-of-this-name/;

describeChromium('every page of the console', (suite) => {
  let site: ServedSite;
  let watched: WatchedPage;

  beforeAll(async () => {
    site = await openSite([path.join(EXAMPLES, 'marketplace'), path.join(DATA, 'workspaces/console.yaml')]);
    watched = await watchedPage(suite.browser);
    await openConsole(watched, site, '/', OLGA);
    // Of the sign-in page, too.
    expect(watched.complaints()).toEqual([]);
  }, 90_000);
  afterAll(() => site?.close());

  it.each(PAGES)(
    '%s violates no policy, complains of nothing, and axe finds nothing: on a desktop and a phone, light and dark',
    async (at) => {
      const { page } = watched;
      const faults: string[] = [];
      for (const [index, look] of LOOKS.entries()) {
        await look.apply(page);
        if (index === 0) await visit(page, site, at);
        await settled(page);
        faults.push(...(await faultsOf(page, at, look)));
      }
      faults.push(...watched.complaints().filter((complaint) => !EXPECTED.test(complaint)));
      expect(faults).toEqual([]);
    },
    60_000,
  );
});
