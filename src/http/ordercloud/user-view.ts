/** Users as OrderCloud shows them, many at a time: one look for each of the things that the user does not carry. */
import { heldRoles } from '../../services/effective-roles.ts';
import { attemptKey } from '../../services/sign-in.ts';
import type { AccessService } from '../../services/access.ts';
import type { User } from '../../domain/party.ts';
import type { Clock, Store } from '../../domain/ports.ts';
import type { Listing } from './list.ts';

export interface UserViewParts {
  readonly store: Pick<Store, 'directory' | 'access' | 'signIn'>;
  readonly access: AccessService;
  readonly clock: Clock;
}

/** Members that are read only, or that nobody here keeps. */
export const NOT_KEPT_OF_USERS = [
  'FailedLoginAttempts',
  'CompanyID',
  'TermsAccepted',
  'AvailableRoles',
  'Locale',
  'DateCreated',
  'LastActive',
  'PasswordLastSetDate',
  'xp',
];

export const USER_LISTING: Listing = {
  noun: 'users',
  fields: {
    ID: 'id',
    Username: 'username',
    FirstName: 'given_name',
    LastName: 'family_name',
    Email: 'email',
    Phone: 'phone_number',
    Active: 'active',
    CompanyID: 'organization',
    DateCreated: 'made_at',
    PasswordLastSetDate: 'password_changed_at',
    LastActive: null,
    TermsAccepted: null,
  },
  searched: ['ID', 'Username', 'LastName', 'FirstName', 'Email'],
  sorted: ['LastName', 'FirstName', 'Username', 'ID', 'Email', 'DateCreated', 'LastActive', 'PasswordLastSetDate'],
};

/** The users as they are shown, in their order. `AvailableRoles` are those of tokens for any client. */
export async function shownUsers({ store, access, clock }: UserViewParts, users: readonly User[]): Promise<readonly ShownUser[]> {
  if (users.length === 0) return [];
  await access.refresh(0);
  const { catalogue } = await access.workspace();
  const ids = users.map(({ id }) => id);
  const [subjects, annals, failures] = await Promise.all([
    store.access.findUsers(ids),
    store.directory.findAnnals('users', ids),
    store.signIn.findFailures(ids.map(attemptKey), new Date(clock.now())),
  ]);
  const at = clock.now();
  return users.map((user) => {
    const subject = subjects.get(user.id);
    const held = subject === undefined ? [] : heldRoles(catalogue, subject, { client: undefined, at }).filter(({ barred }) => !barred);
    const { madeAt, passwordChangedAt } = annals.get(user.id) ?? {};
    return {
      ID: user.id,
      CompanyID: user.organization,
      Username: user.username,
      FirstName: user.givenName ?? null,
      LastName: user.familyName ?? null,
      Email: user.email ?? null,
      Phone: user.phoneNumber ?? null,
      TermsAccepted: null,
      Active: user.active,
      AvailableRoles: held.map(({ role }) => role),
      FailedLoginAttempts: failures.get(attemptKey(user.id)) ?? 0,
      Locale: null,
      DateCreated: madeAt?.toISOString() ?? null,
      LastActive: null,
      PasswordLastSetDate: passwordChangedAt?.toISOString() ?? null,
      xp: null,
    };
  });
}

export interface ShownUser {
  readonly ID: string;
  readonly CompanyID: string;
  readonly Username: string;
  readonly FirstName: string | null;
  readonly LastName: string | null;
  readonly Email: string | null;
  readonly Phone: string | null;
  readonly TermsAccepted: null;
  readonly Active: boolean;
  readonly AvailableRoles: readonly string[];
  readonly FailedLoginAttempts: number;
  readonly Locale: null;
  readonly DateCreated: string | null;
  readonly LastActive: null;
  readonly PasswordLastSetDate: string | null;
  readonly xp: null;
}
