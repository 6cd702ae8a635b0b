/** The sign-ins of a person: what applications can refresh, and where the person is signed in in a browser. */
import { z } from 'zod';
import type { Session } from '../../domain/directory.ts';
import { absent } from '../../administration/nouns.ts';
import type { BrowserSessions, ListedBrowserSession } from '../../services/browser-sessions.ts';
import type { Caller } from '../../services/caller.ts';
import type { SessionService } from '../../services/sessions.ts';
import { instant } from './representations.ts';

export interface SessionParts {
  readonly sessions: SessionService;
  readonly browserSessions: Pick<BrowserSessions, 'list' | 'find' | 'end'>;
}

const session = z
  .strictObject({
    id: z.string(),
    client_id: z.string(),
    requested_scope: z.array(z.string()),
    audience: z.string(),
    created_at: instant,
    last_used_at: instant.describe('At sign-in, or at the latest refresh.'),
    expires_at: instant,
  })
  .meta({ id: 'Session' });

const browserSession = z
  .strictObject({
    id: z.string(),
    agent: z.string().optional().describe('What the browser says that it is.'),
    signed_in_at: instant,
    expires_at: instant,
  })
  .meta({ id: 'BrowserSession' });

/** The answer of a list. */
export const sessionsOfPerson = z.strictObject({
  items: z.array(session).describe('Sign-ins that can be refreshed, newest first.'),
  browsers: z.array(browserSession).describe('Browsers in which the person is signed in, newest first.'),
});

export async function listSessions({ sessions, browserSessions }: SessionParts, userId: string): Promise<z.input<typeof sessionsOfPerson>> {
  const [refreshable, browsers] = await Promise.all([sessions.list(userId), browserSessions.list(userId)]);
  return { items: refreshable.map(sessionShown), browsers: browsers.map(browserShown) };
}

/**
 * Ends a sign-in of either kind. A dry run only says whether it could.
 * @throws `not_found` when this person has none of this id
 */
export async function endSession(
  { sessions, browserSessions }: SessionParts,
  { user, id }: { readonly user: string; readonly id: string },
  { caller, dryRun }: { readonly caller: Caller; readonly dryRun: boolean },
): Promise<void> {
  if ((await sessions.find(user, id)) !== undefined) return sessions.revoke(user, id, caller, { dryRun });
  const browser = await browserSessions.find(user, id);
  if (browser === undefined) throw absent();
  if (!dryRun) await browserSessions.end(browser, caller);
}

const sessionShown = ({ id, clientId, requestedScope, audience, createdAt, lastUsedAt, expiresAt }: Session): z.input<typeof session> => ({
  id,
  client_id: clientId,
  requested_scope: [...requestedScope],
  audience,
  created_at: createdAt.toISOString(),
  last_used_at: lastUsedAt.toISOString(),
  expires_at: expiresAt.toISOString(),
});

const browserShown = ({ id, agent, signedInAt, expiresAt }: ListedBrowserSession): z.input<typeof browserSession> => ({
  id,
  ...(agent === undefined ? {} : { agent }),
  signed_in_at: signedInAt.toISOString(),
  expires_at: expiresAt.toISOString(),
});
