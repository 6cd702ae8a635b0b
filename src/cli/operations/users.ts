/** Operations on users. */
import { reachState } from '../../domain/access.ts';
import type { User } from '../../domain/party.ts';
import type { Random } from '../../domain/ports.ts';
import { isoOf, type Operation, type OperationContext } from '../operation.ts';

export interface UserDocument {
  readonly id: string;
  readonly username: string;
  readonly organization: string;
  readonly email: string | null;
  readonly active: boolean;
  readonly user_groups: readonly { readonly user_group: string; readonly valid_from: string | null; readonly valid_until: string | null }[];
  readonly authorized_organizations: readonly string[];
}

export interface UserDetailsDocument extends UserDocument {
  readonly has_password: boolean;
  /** What reaches the user, whatever the client. */
  readonly security_profiles: readonly {
    readonly security_profile: string;
    readonly through: string;
    readonly client: string | null;
    readonly state: 'in_force' | 'not_yet_valid' | 'expired' | 'other_client';
    readonly valid_until: string | null;
  }[];
}

interface ByName {
  readonly user: string;
}

export interface PasswordResult {
  readonly user: string;
  /** Only when it was generated: shown this once. */
  readonly password?: string;
  readonly one_time_link?: string;
  readonly one_time_link_expires_at?: string | null;
}

export const listUsers: Operation<
  { readonly after?: string | undefined; readonly limit: number },
  { readonly users: readonly UserDocument[]; readonly next: string | null }
> = {
  name: 'user list',
  perform: async ({ app }, { after, limit }) => {
    const users = await app.services.users.list({ after, limit });
    return { users: users.map(documentOf), next: users.length < limit ? null : users.at(-1)!.id };
  },
};

export const showUser: Operation<ByName, UserDetailsDocument> = {
  name: 'user show',
  perform: async ({ app }, parameters) => {
    const { user, hasPassword } = await app.services.users.get(parameters.user);
    const subject = await app.store.access.findUser(user.id);
    const now = app.clock.now();
    return {
      ...documentOf(user),
      has_password: hasPassword,
      security_profiles: (subject?.reaches ?? []).map((reach) => ({
        security_profile: reach.profile,
        through: `${reach.party.kind} ${reach.party.id}`,
        client: reach.client ?? null,
        state: reachState(reach, reach.client, now),
        valid_until: isoOf(reach.until),
      })),
    };
  },
};

export interface CreateUser {
  readonly id?: string | undefined;
  readonly username: string;
  readonly organization: string;
  readonly email?: string | undefined;
  readonly user_groups: readonly string[];
  readonly password?: string | undefined;
  readonly credential: 'none' | 'given' | 'generated' | 'link';
}

export const createUser: Operation<CreateUser, UserDocument & PasswordResult> = {
  name: 'user create',
  perform: async (context, { user_groups: userGroups, credential, ...wanted }) => {
    const { app, actor } = context;
    const password = credential === 'generated' ? generatedPassword(app.random) : wanted.password;
    const user = await app.services.users.create({ ...wanted, password, userGroups }, { actor });
    return {
      ...documentOf(user),
      user: user.id,
      ...(credential === 'generated' ? { password: password! } : {}),
      ...(credential === 'link' ? await linkFor(context, user.id) : {}),
    };
  },
};

export const setPassword: Operation<
  { readonly user: string; readonly password?: string | undefined; readonly credential: 'given' | 'generated' | 'link' },
  PasswordResult
> = {
  name: 'user password',
  perform: async (context, { user: name, password: given, credential }) => {
    const { app, actor } = context;
    const user = await app.services.users.idOf(name);
    if (credential === 'link') return { user, ...(await linkFor(context, user)) };
    const password = credential === 'generated' ? generatedPassword(app.random) : given!;
    await app.services.users.setPassword(user, password, { actor });
    return { user, ...(credential === 'generated' ? { password } : {}) };
  },
};

export const unlockUser: Operation<ByName, ByName> = {
  name: 'user unlock',
  perform: async ({ app, actor }, { user }) => ({ user: (await app.services.users.unlock(user, { actor })).id }),
};

export const setUserActive: Operation<ByName & { readonly active: boolean }, ByName & { readonly active: boolean; readonly changed: boolean }> = {
  name: 'user active',
  perform: async ({ app, actor }, { user: name, active }) => {
    const { user, changed } = await app.services.users.setActive(name, active, { actor });
    return { user: user.id, active, changed };
  },
};

export const revokeUserTokens: Operation<ByName, ByName> = {
  name: 'user revoke-tokens',
  perform: async ({ app, actor }, { user: name }) => {
    const user = await app.services.users.idOf(name);
    await app.services.revocation.revokeAll('user', user, { actor });
    return { user };
  },
};

function documentOf(user: User): UserDocument {
  return {
    id: user.id,
    username: user.username,
    organization: user.organization,
    email: user.email ?? null,
    active: user.active,
    user_groups: user.memberships.map(({ userGroup, validFrom, validUntil }) => ({
      user_group: userGroup,
      valid_from: isoOf(validFrom),
      valid_until: isoOf(validUntil),
    })),
    authorized_organizations: user.authorizedOrganizations,
  };
}

async function linkFor({ app, actor }: OperationContext, user: string): Promise<Pick<PasswordResult, 'one_time_link' | 'one_time_link_expires_at'>> {
  const link = await app.services.links.create(user, { actor });
  return { one_time_link: link.url, one_time_link_expires_at: isoOf(link.expiresAt) };
}

const WANTED_IN_PASSWORDS = [/[A-Z]/, /[a-z]/, /[0-9]/, /[-_]/];

/** About 250 random bits that satisfy every kind of policy: no character twice in a row, one of each sort. */
function generatedPassword(random: Random): string {
  for (;;) {
    const candidate = random.secret();
    if (!/(.)\1/.test(candidate) && WANTED_IN_PASSWORDS.every((sort) => sort.test(candidate))) return candidate;
  }
}

export const USER_OPERATIONS = [listUsers, showUser, createUser, setPassword, unlockUser, setUserActive, revokeUserTokens];
