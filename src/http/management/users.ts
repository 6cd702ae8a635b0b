/** How users are let in: locks after failed attempts, passwords, and the sign-ins that live on. */
import { z } from 'zod';
import type { Administration } from '../../administration/administration.ts';
import { callerOf } from '../../administration/administrator.ts';
import type { PasswordAdministration } from '../../administration/passwords.ts';
import { assertMayActAs } from '../../administration/take-over.ts';
import { MAXIMUM_PASSWORD_LENGTH } from '../../domain/password-policy.ts';
import type { OneTimeLinks } from '../../services/one-time-links.ts';
import type { UserService } from '../../services/users.ts';
import { route, type ApiRequest, type Route } from '../api/route.ts';
import { nothingDone } from './demands.ts';
import { instant } from './representations.ts';
import { endSession, listSessions, sessionsOfPerson, type SessionParts } from './sessions.ts';

export interface UserRouteOptions extends SessionParts {
  readonly administration: Administration;
  readonly passwordAdministration: PasswordAdministration;
  readonly users: UserService;
  readonly links: OneTimeLinks;
}

const READERS = ['UserReader', 'UserAdmin'] as const;
const WRITERS = ['UserAdmin'] as const;

type UserRequest = Pick<ApiRequest<{ readonly id: string }>, 'params' | 'administrator' | 'dryRun'>;

const done = ({ dryRun }: UserRequest) => (dryRun ? { status: 200, body: { dry_run: true } } : { status: 204 });
const answers = { 200: nothingDone, 204: undefined };

export function userRoutes(options: UserRouteOptions): readonly Route[] {
  return [...signInRoutes(options), ...sessionRoutes(options)];
}

function signInRoutes({ administration, passwordAdministration, users, links }: UserRouteOptions): readonly Route[] {
  const callOf = ({ administrator, dryRun }: UserRequest) => ({ administrator, needs: WRITERS, dryRun });
  return [
    route({
      method: 'POST',
      path: '/users/{id}/unlock',
      resource: 'users',
      roles: WRITERS,
      summary: 'End the lock of a user after failed attempts',
      answers,
      handle: async (request) => {
        const { params, administrator, dryRun } = request;
        await administration.find('users', params.id, { administrator, needs: WRITERS });
        if (!dryRun) await users.unlock(params.id, callerOf(administrator));
        return done(request);
      },
    }),
    route({
      method: 'PUT',
      path: '/users/{id}/password',
      resource: 'users',
      roles: WRITERS,
      summary: 'Set the password of a user',
      description: 'Ends what was issued under the password before. Takes every role that the user has, now and later.',
      body: z.strictObject({ password: z.string().min(1).max(MAXIMUM_PASSWORD_LENGTH) }),
      answers,
      handle: async (request) => {
        const { params, body } = request;
        await passwordAdministration.set(params.id, body.password, callOf(request));
        return done(request);
      },
    }),
    route({
      method: 'POST',
      path: '/users/{id}/password-link',
      resource: 'users',
      roles: WRITERS,
      summary: 'Make a link with which a user sets a password once',
      description: 'Good for a day; an earlier one is good no more. Takes every role that the user has, now and later.',
      answers: {
        200: nothingDone,
        201: z.strictObject({ url: z.string().describe('Shown this once.'), expires_at: instant }).meta({ id: 'PasswordLink' }),
      },
      handle: async (request) => {
        const { params, administrator, dryRun } = request;
        const link = await administration.within(callOf(request), async (tx, authority) => {
          await assertMayActAs(tx, authority, { kind: 'user', id: params.id });
          return links.createIn(tx, params.id, callerOf(administrator));
        });
        return dryRun ? { status: 200, body: { dry_run: true } } : { status: 201, body: { url: link.url, expires_at: link.expiresAt } };
      },
    }),
  ];
}

function sessionRoutes({ administration, ...parts }: UserRouteOptions): readonly Route[] {
  const assertUser = ({ params, administrator }: UserRequest, needs: readonly string[]) =>
    administration.find('users', params.id, { administrator, needs });
  return [
    route({
      method: 'GET',
      path: '/users/{id}/sessions',
      resource: 'users',
      roles: READERS,
      summary: 'List the sign-ins of a user',
      description: 'Those that can be refreshed, and those in browsers.',
      answers: { 200: sessionsOfPerson },
      handle: async (request) => {
        await assertUser(request, READERS);
        return { status: 200, body: await listSessions(parts, request.params.id) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/{id}/sessions/{session_id}',
      resource: 'users',
      roles: WRITERS,
      summary: 'End a sign-in of a user',
      description: 'Of either kind, with its refresh tokens and every access token that came of it.',
      answers,
      handle: async (request) => {
        const { params, administrator, dryRun } = request;
        await assertUser(request, WRITERS);
        await endSession(parts, { user: params.id, id: params.session_id }, { caller: callerOf(administrator), dryRun });
        return done(request);
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/{id}/sessions',
      resource: 'users',
      roles: WRITERS,
      summary: 'End everything that was issued to a user so far',
      description: 'With and without a session, browsers included.',
      answers,
      handle: async (request) => {
        const { params, administrator, dryRun } = request;
        await assertUser(request, WRITERS);
        if (!dryRun) await parts.sessions.revokeAll(params.id, callerOf(administrator));
        return done(request);
      },
    }),
  ];
}
