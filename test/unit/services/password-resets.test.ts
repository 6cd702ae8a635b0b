import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../../src/domain/errors.ts';
import { user } from '../../support/market.ts';
import { openPeople, tokenIn, tokensIn } from './people.ts';

const HOUR = 3_600_000;
const NEW = 'a new fine password';

async function openForgetful() {
  const people = await openPeople();
  await people.change(async (tx) => {
    await tx.users.put([
      user('alice', 'acme', { email: 'Alice@example.com' }),
      user('al', 'acme', { email: 'alice@example.com' }),
      user('off', 'acme', { email: 'off@example.com', active: false }),
      user('nopass', 'acme', { email: 'nopass@example.com' }),
      user('nomail', 'acme'),
      user('oddmail', 'acme', { email: 'a, b@example.com' }),
    ]);
    for (const id of ['al', 'off', 'nomail', 'oddmail']) await tx.setPassword(id, 'new:pw', new Date(0));
  });
  const ask = async (name: string) => {
    people.resets.request(name);
    await people.resets.idle();
    return people.mails.splice(0);
  };
  return { ...people, ask };
}

describe('a forgotten password', () => {
  it('is set by a link in a mail, found by user name', async () => {
    const { ask, links, signIn, credentials, mails } = await openForgetful();
    const [mail, ...others] = await ask('ALICE');
    expect(others).toEqual([]);
    expect(mail).toMatchObject({ to: 'Alice@example.com', subject: 'Set a new password', about: { kind: 'password_reset', id: 'alice' } });
    expect(mail!.text).toContain('For the user "alice":');
    expect(mail!.text).toContain('until 2026-06-15 13:00 UTC');
    expect(await links.redeem(tokenIn(mail!), NEW)).toMatchObject({ id: 'alice' });
    await signIn.authenticate({ ...credentials, password: NEW }, () => undefined);
    await expect(links.redeem(tokenIn(mail!), 'yet another password')).rejects.toMatchObject({ code: 'not_found' });
    expect(mails).toMatchObject([{ to: 'Alice@example.com', subject: 'Your password was changed' }]);
  });

  it('of several users with one address: one mail that names each, with a link for each', async () => {
    const { ask, links } = await openForgetful();
    const mails = await ask('ALICE@example.com');
    expect(mails).toHaveLength(1);
    expect(mails[0]!.text).toMatch(/"al":[^]*"alice":/);
    const tokens = tokensIn(mails[0]!);
    expect(await links.holderOf(tokens[0]!)).toMatchObject({ id: 'al' });
    expect(await links.holderOf(tokens[1]!)).toMatchObject({ id: 'alice' });
  });

  it.each(['nobody', 'nobody@example.com', 'off', 'off@example.com', 'nopass', 'nomail', 'oddmail', '', '\0', 'x'.repeat(10_000)])(
    'of %j leads to no mail, without a complaint',
    async (name) => {
      const { ask, failures } = await openForgetful();
      expect(await ask(name)).toEqual([]);
      expect(failures).toEqual([]);
    },
  );

  it('is asked for before anything is looked at, whoever exists', async () => {
    const { resets, mails } = await openForgetful();
    expect(resets.request('alice')).toBeUndefined();
    expect(mails).toEqual([]);
    await resets.idle();
    expect(mails).toHaveLength(1);
  });

  it('floods no mail box: three, then at growing distances, one an hour at last', async () => {
    const { ask, clock } = await openForgetful();
    let sent = 0;
    for (let count = 0; count < 10; count += 1) sent += (await ask('alice')).length;
    expect(sent).toBe(3);
    clock.advance(30_000);
    expect([...(await ask('alice')), ...(await ask('alice'))]).toHaveLength(1);
    for (let hour = 0; hour < 5; hour += 1) {
      clock.advance(HOUR);
      expect([...(await ask('alice')), ...(await ask('alice'))]).toHaveLength(1);
    }
  });

  it('leaves attempts to sign in uncounted', async () => {
    const { ask, signIn, credentials } = await openForgetful();
    for (let count = 0; count < 20; count += 1) await ask('alice');
    await signIn.authenticate(credentials, () => undefined);
  });

  it('has a link for an hour, of which the newest counts, beside the one of an administrator', async () => {
    const { ask, links, clock } = await openForgetful();
    const fromAdministrator = (await links.create('alice', { actor: { kind: 'operator', id: 'op' } })).url.split('token=')[1]!;
    const first = tokenIn((await ask('alice'))[0]!);
    const second = tokenIn((await ask('alice'))[0]!);
    expect(await links.holderOf(first)).toBeUndefined();
    expect(await links.holderOf(second)).toMatchObject({ id: 'alice' });
    clock.advance(HOUR);
    expect(await links.holderOf(second)).toBeUndefined();
    expect(await links.holderOf(fromAdministrator)).toMatchObject({ id: 'alice' });
    await links.redeem(fromAdministrator, NEW);
    expect(await links.holderOf(fromAdministrator)).toBeUndefined();
  });

  it('is no link for an invitation', async () => {
    const { links, invite } = await openForgetful();
    expect(await links.holderOf((await invite()).token)).toBeUndefined();
  });

  it('tells the operator when the store is down, and goes on', async () => {
    const people = await openForgetful();
    const { findCredential } = people.store.signIn;
    people.store.signIn.findCredential = () => Promise.reject(new DomainError('unavailable', 'down'));
    expect(await people.ask('alice')).toEqual([]);
    expect(people.failures).toMatchObject([{ code: 'unavailable' }]);
    people.store.signIn.findCredential = findCredential;
    expect(await people.ask('alice')).toHaveLength(1);
  });

  it('keeps a thousand requests waiting and drops the rest', async () => {
    const { resets, failures } = await openForgetful();
    for (let count = 0; count < 1002; count += 1) resets.request('nobody');
    expect(failures).toHaveLength(2);
    await resets.idle();
    resets.request('nobody');
    expect(failures).toHaveLength(2);
    await resets.idle();
  });
});
