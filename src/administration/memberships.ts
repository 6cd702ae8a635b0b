/** @module A membership is a field of the user: joining and leaving a group rewrite the user. */
import type { Rewrite } from './administration.ts';
import type { Json } from './entries.ts';
import { absent } from './nouns.ts';

type Membership = string | { readonly user_group: string };
const groupOf = (membership: Membership): string => (typeof membership === 'string' ? membership : membership.user_group);
const others = (user: Json, group: string): Membership[] =>
  ((user['user_groups'] ?? []) as Membership[]).filter((membership) => groupOf(membership) !== group);

/** Puts a user into a group, or changes from when until when. @param window empty: for good */
export function joining(group: string, window: Json = {}): Rewrite<'users'> {
  const membership = Object.keys(window).length === 0 ? group : { user_group: group, ...window };
  return (user) => ({ ...user, user_groups: [...others(user, group), membership] });
}

/** Takes a user out of a group. @throws `not_found` when the user is not in it */
export function leaving(group: string): Rewrite<'users'> {
  return (user, { memberships }) => {
    if (!memberships.some(({ userGroup }) => userGroup === group)) throw absent();
    return { ...user, user_groups: others(user, group) };
  };
}
