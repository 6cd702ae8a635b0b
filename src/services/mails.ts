/** @module The mails that Rolemint writes: plain text, no picture, nothing that is loaded. */
import type { Invitation } from '../domain/invitation.ts';
import type { MailMessage } from '../domain/mail.ts';
import type { User } from '../domain/party.ts';

interface InvitationLink {
  readonly url: string;
  readonly organizationName: string;
}

export function invitationMail({ id, email, username, expiresAt }: Invitation, { url, organizationName }: InvitationLink): MailMessage {
  const choose =
    username === undefined ? 'Choose your user name and a password here:' : `Your user name is ${shown(username)}. Choose a password here:`;
  return {
    to: email,
    subject: 'You are invited',
    text: paragraphs(
      `You are invited to join ${shown(organizationName)}.`,
      choose,
      url,
      `The link works once, until ${utc(expiresAt)}. If you did not expect this mail, leave it alone: nothing happens.`,
    ),
    about: { kind: 'invitation', id },
  };
}

/** One mail for everybody who shares an address. */
export function passwordResetMail(
  to: string,
  links: readonly { readonly user: User; readonly url: string; readonly expiresAt: Date }[],
): MailMessage {
  return {
    to,
    subject: 'Set a new password',
    text: paragraphs(
      'Somebody, probably you, asked for a new password.',
      ...links.flatMap(({ user, url }) => [`For the user ${shown(user.username)}:`, url]),
      `${links.length === 1 ? 'The link works once' : 'Each link works once'}, until ${utc(links[0]!.expiresAt)}.`,
      'If it was not you, leave this mail alone: the password stays as it is.',
    ),
    about: { kind: 'password_reset', id: links.map(({ user }) => user.id).join(' ') },
  };
}

export function passwordChangedMail(to: string, { id, username }: Pick<User, 'id' | 'username'>, resetUrl: string): MailMessage {
  return {
    to,
    subject: 'Your password was changed',
    text: paragraphs(
      `The password of the user ${shown(username)} was changed, and all sign-ins with the former one have ended.`,
      'If it was not you, ask for another one at once, and tell your administrator:',
      resetUrl,
    ),
    about: { kind: 'notice', id },
  };
}

/** To the address that is used no more. */
export function mailAddressChangedMail(to: string, { id, username }: Pick<User, 'id' | 'username'>): MailMessage {
  return {
    to,
    subject: 'Your mail address was changed',
    text: paragraphs(`The user ${shown(username)} has another mail address from now on.`, 'If it was not you, tell your administrator at once.'),
    about: { kind: 'notice', id },
  };
}

const paragraphs = (...texts: readonly string[]): string => `Hello,\n\n${texts.join('\n\n')}\n`;

const utc = (date: Date): string => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** A name that somebody chose, on one line and of bearable length, so that it cannot pass for a paragraph of ours. */
function shown(name: string): string {
  const line = name.replaceAll(/[\s\p{C}]+/gu, ' ').trim();
  return JSON.stringify(line.length <= 100 ? line : `${line.slice(0, 100)}…`);
}
