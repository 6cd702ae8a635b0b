import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Invitation } from '../../../src/domain/invitation.ts';
import { EVERYTHING } from '../../../src/domain/tenancy.ts';
import type { NewInvitation } from '../../../src/services/invitations.ts';
import { assignment, PASSWORD, profile, to, user } from '../../support/market.ts';
import { openPage, sendForm } from '../../support/page-form.ts';
import type { Answer } from '../../support/token-client.ts';
import { expectIndistinguishable, startThreatened, turnableClock, visible, type Threatened } from './endpoint.ts';
import { listAuditEvents } from '../../support/audit.ts';

const HOUR = 3_600_000;
const NEW = 'Another-Fine-Password-9';
const ALL = { tenancy: EVERYTHING, inherited: true };

let server: Threatened;
let clock: ReturnType<typeof turnableClock>;
let outbox: string;

beforeAll(async () => {
  outbox = path.join(await mkdtemp(path.join(tmpdir(), 'rolemint-people-')), 'outbox');
  clock = turnableClock();
  server = await startThreatened({
    clock,
    env: { ROLEMINT_OUTBOX_DIR: outbox, ROLEMINT_ATTEMPTS_PER_ADDRESS: '1000000', ROLEMINT_ATTEMPTS_PER_NAME: '1000000' },
    more: async (tx) => {
      await tx.users.put([
        user('ann', 'B1', { email: 'ann@example.com' }),
        user('shut', 'B1', { email: 'shut@example.com', active: false }),
        user('inviter', 'S'),
      ]);
      await tx.securityProfiles.put([profile('people', ['UserAdmin', 'Shopper', 'OrderReader'])]);
      await tx.assignments.put([assignment('people', to.user('inviter'), { id: 'people-inviter' })]);
    },
  });
  const hash = await server.app.hasher.hash(PASSWORD);
  await server.app.store.transaction(async (tx) => {
    for (const id of ['ann', 'shut']) await tx.setPassword(id, hash, new Date(clock.now()));
  });
});
afterAll(async () => {
  await server.close();
  await rm(path.dirname(outbox), { recursive: true, force: true });
});

/** The texts of the mails that were written, once there are so many; they are taken away. */
async function mails(count: number): Promise<string[]> {
  for (;;) {
    const names = await readdir(outbox).catch(() => []);
    const ready = names.filter((name) => name.endsWith('.eml')).sort();
    if (ready.length >= count) {
      const texts = await Promise.all(ready.map((name) => readFile(path.join(outbox, name), 'utf8')));
      await Promise.all(ready.map((name) => rm(path.join(outbox, name))));
      return texts;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const tokenIn = (text: string): string => /\?token=(\S+)/.exec(text)![1]!;
const forgot = (name: string) => sendForm(`${server.url}/sign-in/forgot`, { name });
const open = (page: string, token: string) => openPage(`${server.url}/sign-in/${page}?token=${encodeURIComponent(token)}`);
const accept = (token: string, form: Record<string, string> = {}) =>
  sendForm(`${server.url}/sign-in/invitation`, { token, username: 'newcomer', password: NEW, repeated: NEW, ...form });

async function invite(given: Partial<NewInvitation> = {}): Promise<{ readonly invitation: Invitation; readonly token: string }> {
  const { invitations } = server.app.services;
  const wanted = { email: 'new@example.com', organization: 'B1', userGroups: [], securityProfiles: [], ...given };
  const issued = await server.app.store.transaction((tx) => invitations.createIn(tx, wanted, { actor: { kind: 'user', id: 'inviter' } }));
  invitations.announce(issued);
  const [text] = await mails(1);
  return { invitation: issued.invitation, token: tokenIn(text!) };
}

describe('T-14: asking for a new password', () => {
  it('is answered with identical bytes, whoever exists, has an address, or is disabled', async () => {
    const names = [
      'ann',
      'ann@example.com',
      'ANN@EXAMPLE.COM',
      'shut',
      'shut@example.com',
      'nopass',
      'root',
      'nobody',
      'nobody@example.com',
      '\0',
      '<script>',
    ];
    const answers: Answer[] = [];
    for (const name of names) answers.push(await forgot(name));
    expectIndistinguishable(answers);
    expect(answers[0]!.status).toBe(200);
    expect(answers[0]!.text).not.toMatch(/ann|script>alert/);
    await server.app.services.resets.idle();
    expect(await mails(3)).toHaveLength(3);
  });

  it('leads by a mail to a page that sets the password once; the link is in no log', async () => {
    await forgot('ann');
    clock.advance(HOUR);
    await forgot('ann');
    const token = tokenIn((await mails(1)).at(-1)!);
    const redeem = (password: string) => sendForm(`${server.url}/sign-in/one-time`, { token, password, repeated: password });
    expect(await redeem('short')).toMatchObject({ status: 400, text: expect.stringContaining('at least 8 characters') });
    expect(await redeem(NEW)).toMatchObject({ status: 200, text: expect.stringContaining('The password of ann is set.') });
    expect((await redeem(PASSWORD)).status).toBe(404);
    expect((await server.signIn('ann', { password: NEW })).status).toBe(200);
    expect((await server.signIn('ann')).status).toBe(400);
    const [notice] = await mails(1);
    expect(notice).toContain('Subject: Your password was changed');
    expect(server.log.text()).not.toContain(token);
    expect(server.log.text()).not.toContain('ann@example.com');
    expect(server.log.lines.findLast(({ event }) => event === 'mail_sent')).toMatchObject({ about: { kind: 'notice', id: 'ann' } });
  });

  it('is refused alike for those who exist and those who do not, after so many times', async () => {
    const strict = await startThreatened({ env: { ROLEMINT_ATTEMPTS_PER_NAME: '2', ROLEMINT_OUTBOX_DIR: outbox } });
    try {
      const ask = (name: string) => sendForm(`${strict.url}/sign-in/forgot`, { name });
      const [known, unknown] = [[] as Answer[], [] as Answer[]];
      for (let count = 0; count < 3; count += 1) {
        known.push(await ask('root'));
        unknown.push(await ask('nobody'));
      }
      expect(known.map(({ status }) => status)).toEqual([200, 200, 429]);
      expect(known.map(visible)).toEqual(unknown.map(visible));
      expect(known[2]!.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(known[2]!.headers.get('content-type')).toContain('text/html');
    } finally {
      await strict.close();
    }
  });

  it('shows a form that works without script', async () => {
    const page = await fetch(`${server.url}/sign-in/forgot`);
    const text = await page.text();
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    );
    expect(text).toContain('<label for="name">');
    expect(text).not.toContain('<script');
    expect((await fetch(`${server.url}/sign-in/forgot`, { method: 'DELETE' })).status).toBe(405);
  });
});

describe('an invitation', () => {
  it('is a page with labels, without script, that names the organization and makes the user who can sign in', async () => {
    const { token } = await invite({ email: 'new@example.com' });
    const page = await open('invitation', token);
    expect(page.status).toBe(200);
    for (const id of ['username', 'password', 'repeated']) expect(page.text).toContain(`<label for="${id}">`);
    expect(page.text).toContain('<h1>Join B1</h1>');
    expect(page.text).not.toContain('<script');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(await accept(token, { repeated: 'x' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('The two passwords are not the same.'),
    });
    expect(await accept(token, { username: 'ann' })).toMatchObject({ status: 400, text: expect.stringContaining('The user name is taken') });
    expect(await accept(token, { username: '"><script>', password: 'x', repeated: 'x' })).toMatchObject({
      status: 400,
      text: expect.not.stringContaining('<script'),
    });
    expect(await accept(token)).toMatchObject({ status: 200, text: expect.stringContaining('to B1 now, as newcomer.') });
    expect((await server.signIn('newcomer', { password: NEW, scope: 'Shopper' })).body['scope']).toBe('Shopper');
    expect(server.log.text()).not.toContain(token);
    expect(server.log.text()).not.toContain(NEW);
  });

  it('that was used, expired, revoked, replaced, never was, or may not be any more looks the same, opened or sent', async () => {
    const { invitations } = server.app.services;
    const { store } = server.app;
    const used = await invite();
    expect((await accept(used.token, { username: 'used' })).status).toBe(200);
    const expired = await invite({ expiresAt: new Date(clock.now() + HOUR) });
    clock.advance(HOUR);
    const revoked = await invite();
    const caller = { actor: { kind: 'user', id: 'inviter' }, visibility: ALL } as const;
    await store.transaction((tx) => invitations.revokeIn(tx, revoked.invitation.id, caller));
    const replaced = await invite();
    await store.transaction((tx) => invitations.resendIn(tx, replaced.invitation.id, caller));
    const tokens = [used, expired, revoked, replaced].map(({ token }) => token).concat('x'.repeat(43), '', '<script>');
    const opened: Answer[] = [];
    const sent: Answer[] = [];
    for (const token of tokens) {
      opened.push(await open('invitation', token));
      sent.push(await accept(token, { username: 'too-late' }));
    }
    expect(opened[0]!.status).toBe(404);
    expectIndistinguishable([...opened, ...sent]);
    const withheld = await invite();
    await store.transaction((tx) => tx.assignments.remove(['people-inviter']));
    expect((await open('invitation', withheld.token)).status).toBe(200);
    expectIndistinguishable([...sent, await accept(withheld.token, { username: 'too-late' })]);
    await store.transaction((tx) => tx.assignments.put([assignment('people', to.user('inviter'), { id: 'people-inviter' })]));
    expect(await store.signIn.findCredential('too-late')).toBeUndefined();
    expect((await listAuditEvents(store, { limit: 1, type: 'invitation_refused' }))[0]).toMatchObject({
      target: { kind: 'invitation', id: withheld.invitation.id },
      after: { code: 'above_ceiling', reason: expect.stringContaining('UserAdmin') },
    });
  });

  it('gives nothing that the inviter does not hold when it is accepted', async () => {
    const { token } = await invite({ securityProfiles: ['orders'] });
    expect((await accept(token, { username: 'climber' })).status).toBe(404);
    expect(await server.app.store.signIn.findCredential('climber')).toBeUndefined();
    const outside = await server.app.store.transaction((tx) =>
      server.app.services.invitations.createIn(
        tx,
        { email: 'x@example.com', organization: 'S', userGroups: [], securityProfiles: [] },
        { actor: { kind: 'user', id: 'b1u' } },
      ),
    );
    expect((await accept(tokenIn(outside.mail.text), { username: 'climber' })).status).toBe(404);
    expect(await server.app.store.signIn.findCredential('climber')).toBeUndefined();
  });

  it('works for one of twenty at once', async () => {
    const { token } = await invite();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => accept(token, { username: `racer-${index}` })));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, ...Array.from({ length: 19 }, () => 404)]);
    const racers = await Promise.all(answers.map((_, index) => server.app.store.signIn.findCredential(`racer-${index}`)));
    expect(racers.filter((racer) => racer !== undefined)).toHaveLength(1);
  });

  it('with a user name by the inviter keeps it', async () => {
    const { token } = await invite({ username: 'given-name' });
    expect((await open('invitation', token)).text).toMatch(/value="given-name"[^>]*readonly/);
    expect(await accept(token, { username: 'root' })).toMatchObject({ status: 200, text: expect.stringContaining('given-name') });
  });
});
