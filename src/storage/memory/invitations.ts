/** @module Invitations of the in-memory store. */
import { byCodeUnit } from '../../domain/catalogue.ts';
import { invitationStatus, type Invitation, type InvitationQuery, type InvitationReader, type InvitationTable } from '../../domain/invitation.ts';
import { assertMailAddress } from '../../domain/mail.ts';
import { covers } from '../../domain/tenancy.ts';
import { pageOf } from '../page.ts';
import { missing } from '../refusals.ts';
import { assertKey, copy, toJson } from '../values.ts';
import { removeLinks } from './links.ts';
import type { Draft, Tables } from './tables.ts';

/** Invitations go with the organization that they invite into, and their links with them. */
export function removeInvitationsInto(draft: Draft, organizations: ReadonlySet<string>): void {
  for (const { id, organization } of draft.tables.invitations.values()) {
    if (!organizations.has(organization)) continue;
    draft.edit('invitations').delete(id);
    removeLinks(draft, ({ purpose, target }) => purpose === 'invitation' && target === id);
  }
}

export function memoryInvitations(tables: () => Tables): InvitationReader {
  const isSeen = ({ organization }: Invitation, { tenancy }: InvitationQuery['visibility']) =>
    covers(tenancy, tables().organizations.get(organization)!.path);
  return {
    find: async (id, visibility) => {
      const invitation = tables().invitations.get(id);
      return invitation === undefined || !isSeen(invitation, visibility) ? undefined : copy(invitation);
    },
    list: async ({ visibility, organization, email, status, now, after, limit, total }) => {
      const matching = [...tables().invitations.values()].filter(
        (invitation) =>
          isSeen(invitation, visibility) &&
          (organization === undefined || invitation.organization === organization) &&
          (email === undefined || invitation.email === email) &&
          (status === undefined || invitationStatus(invitation, now.getTime()) === status),
      );
      const newestFirst = matching.sort((a, b) => byCodeUnit(b.id, a.id)).filter(({ id }) => after === undefined || id < after.key);
      return pageOf(newestFirst.slice(0, limit + 1).map(copy), limit, total ? matching.length : undefined);
    },
  };
}

export function memoryInvitationTable(draft: Draft): InvitationTable {
  return {
    ...memoryInvitations(() => draft.tables),
    put: async (invitation) => {
      assertKey(invitation.id, 'an invitation');
      assertMailAddress(invitation.email, '/email');
      toJson(invitation, 'An invitation');
      if (!draft.tables.organizations.has(invitation.organization)) throw missing('invitations_organization_fk', invitation.organization);
      draft.edit('invitations').set(invitation.id, copy(invitation));
    },
  };
}
