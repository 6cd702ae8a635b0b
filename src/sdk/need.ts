import type { Access } from './access.ts';
import { asCheck, type Requirement } from './checks.ts';

/**
 * What a call needs: a role, a check, or a function that makes one of the request of the framework, where it depends on
 * the path or on data of yours. Left out: any good token will do.
 */
export type Need<Request> = Requirement | NeedOf<Request>;

/** What the call of one request needs. */
export type NeedOf<Request> = (request: Request, access: Access) => Requirement | Promise<Requirement>;

/**
 * The same, looked at when the route is made rather than when it is first called.
 * @throws TypeError for a name that no token can carry
 */
export function asNeed<Request>(need: Need<Request> | undefined): Need<Request> | undefined {
  return need === undefined || typeof need === 'function' ? need : asCheck(need);
}
