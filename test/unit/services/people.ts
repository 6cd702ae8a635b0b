/** @module The world of the service tests with everything that people do for themselves, and the mails that come of it. */
import type { MailMessage } from '../../../src/domain/mail.ts';
import type { Random } from '../../../src/domain/ports.ts';
import { EVERYTHING } from '../../../src/domain/tenancy.ts';
import { InvitationAcceptance, type MayStill } from '../../../src/services/invitation-acceptance.ts';
import { InvitationService, type NewInvitation } from '../../../src/services/invitations.ts';
import { MeService } from '../../../src/services/me.ts';
import { OneTimeLinks } from '../../../src/services/one-time-links.ts';
import { PasswordResets } from '../../../src/services/password-resets.ts';
import { Passwords } from '../../../src/services/passwords.ts';
import { SessionService } from '../../../src/services/sessions.ts';
import { UserService } from '../../../src/services/users.ts';
import { countingRandom, ISSUER, openWorld } from './fixtures.ts';

export const ALL = { tenancy: EVERYTHING, inherited: true };
export const ADMIN = { actor: { kind: 'user', id: 'admin' } } as const;

export async function openPeople({ mayStill = async () => undefined }: { readonly mayStill?: MayStill } = {}) {
  const world = await openWorld();
  const { clock, access, hasher, signIn, revocation } = world;
  // As in the server: what this process changed is seen by the next answer.
  const store = { ...world.store, transaction: changing(world) };
  const mails: MailMessage[] = [];
  const failures: unknown[] = [];
  const random: Random = { ...countingRandom(clock) };
  const parts = {
    issuer: ISSUER,
    store,
    access,
    hasher,
    clock,
    random,
    signIn,
    revocation,
    mailer: { send: (mail: MailMessage) => void mails.push(mail) },
  };
  const users = new UserService(parts);
  const passwords = new Passwords(parts);
  const sessions = new SessionService(parts);
  const links = new OneTimeLinks({ ...parts, users });
  const invitations = new InvitationService(parts);
  const resets = new PasswordResets({ ...parts, links, onFailed: (error) => void failures.push(error) });
  const invite = async (given: Partial<NewInvitation> = {}) => {
    const issued = await store.transaction((tx) =>
      invitations.createIn(tx, { email: 'bob@example.com', organization: 'acme', userGroups: [], securityProfiles: [], ...given }, ADMIN),
    );
    return { ...issued, token: tokenIn(issued.mail) };
  };
  return {
    ...world,
    store,
    mails,
    failures,
    random,
    users,
    sessions,
    links,
    invitations,
    resets,
    invite,
    acceptance: new InvitationAcceptance({ ...parts, passwords, mayStill }),
    me: new MeService({ ...parts, users, passwords, sessions }),
  };
}

function changing({ store, access }: Awaited<ReturnType<typeof openWorld>>): typeof store.transaction {
  return async (work, options) => {
    try {
      return await store.transaction(work, options);
    } finally {
      access.expire();
    }
  };
}

/** The secret of the only link in a mail. */
export const tokenIn = ({ text }: MailMessage): string => tokensIn({ text })[0]!;

export const tokensIn = ({ text }: Pick<MailMessage, 'text'>): string[] => [...text.matchAll(/\?token=(\S+)/g)].map(([, token]) => token!);
