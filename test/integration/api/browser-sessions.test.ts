import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAdministered, signedIn } from '../../support/administered.ts';
import { listAuditEvents } from '../../support/audit.ts';
import { TestBrowser } from '../../support/browser.ts';
import { assignment, profile, to } from '../../support/market.ts';
import { ISSUER, startServer, type TestServer } from '../../support/server.ts';
import { signIn } from '../../support/sign-in.ts';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0';
let server: TestServer;
let skipped = 0;

beforeAll(async () => {
  server = await startServer({ clock: { now: () => Date.now() + skipped } });
  await openAdministered(server.app, async (tx) => {
    await tx.securityProfiles.put([profile('self', ['MeAdmin'])]);
    await tx.assignments.put([assignment('self', to.user('deleg'))]);
  });
});
afterAll(() => server.close());

/** Somebody signs in in a browser. @returns whether the browser is still signed in */
async function browserOf(username: string): Promise<() => Promise<boolean>> {
  const browser = new TestBrowser(ISSUER, server.url);
  browser.headers['user-agent'] = AGENT;
  await signIn(browser, await browser.open('/sign-in/sessions'), username);
  // The next session is newer than this one.
  skipped += 1000;
  return async () => (await browser.open('/sign-in/sessions')).url.pathname === '/sign-in/sessions';
}
const ended = async () => (await listAuditEvents(server.app.store, { limit: 1, type: 'browser_session_ended' }))[0];

describe('the browsers in which somebody is signed in', () => {
  it('are listed beside the other sign-ins, newest first, and end one by one', async () => {
    const [first, second] = [await browserOf('deleg'), await browserOf('deleg')];
    const deleg = await signedIn(server, 'deleg');
    const { browsers, items } = (await deleg.get('/me/sessions')).body;
    expect(items).toHaveLength(1);
    const instant = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(browsers).toEqual([1, 2].map(() => ({ id: expect.any(String), agent: AGENT, signed_in_at: instant, expires_at: instant })));
    expect((await deleg.delete(`/me/sessions/${browsers[0].id}?dry_run=true`)).body).toEqual({ dry_run: true });
    expect([await first(), await second()]).toEqual([true, true]);
    expect((await deleg.delete(`/me/sessions/${browsers[0].id}`)).status).toBe(204);
    expect([await first(), await second()]).toEqual([true, false]);
    expect((await deleg.get('/me/sessions')).body.browsers).toEqual([browsers[1]]);
    expect((await deleg.delete(`/me/sessions/${browsers[0].id}`)).status).toBe(404);
    expect(await ended()).toMatchObject({ actor: { kind: 'user', id: 'deleg' }, target: { kind: 'user', id: 'deleg' } });
  });

  it('are seen and ended by whoever administers the person, and by nobody else', async () => {
    const isIn = await browserOf('b2u');
    const [deleg, reader, b1admin] = await Promise.all(['deleg', 'reader', 'b1admin'].map((name) => signedIn(server, name)));
    const [session] = (await reader!.get('/users/b2u/sessions')).body.browsers;
    expect(session).toMatchObject({ agent: AGENT });
    expect((await reader!.delete(`/users/b2u/sessions/${session.id}`)).status).toBe(403);
    for (const foreign of [
      await b1admin!.get('/users/b2u/sessions'),
      await b1admin!.delete(`/users/b2u/sessions/${session.id}`),
      // Of somebody else: as if it were not there.
      await deleg!.delete(`/users/b1u/sessions/${session.id}`),
      await deleg!.delete(`/me/sessions/${session.id}`),
    ]) {
      expect(foreign.status).toBe(404);
    }
    expect(await isIn()).toBe(true);
    expect((await deleg!.delete(`/users/b2u/sessions/${session.id}`)).status).toBe(204);
    expect(await isIn()).toBe(false);
    expect(await ended()).toMatchObject({ actor: { kind: 'user', id: 'deleg' }, target: { kind: 'user', id: 'b2u' } });
  });

  it('end with everything else', async () => {
    const isIn = await browserOf('b1u');
    const deleg = await signedIn(server, 'deleg');
    expect((await deleg.delete('/users/b1u/sessions')).status).toBe(204);
    expect(await isIn()).toBe(false);
    expect((await deleg.get('/users/b1u/sessions')).body.browsers).toEqual([]);
  });
});
