/** @module What the pages need to know of the browser before them: the engine keeps it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BrowserSession, PendingAuthorization } from '../../services/browser-sessions.ts';
import type { Caller } from '../../services/caller.ts';

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

export interface SignInBrowser {
  /** The request with this id, when this browser made it and it is not answered yet. */
  pending(exchange: Exchange, id: string): Promise<PendingAuthorization | undefined>;
  /** The person signed in. @returns where the browser goes on; undefined when the request is gone */
  signedIn(exchange: Exchange, id: string, person: { readonly userId: string; readonly caller: Caller }): Promise<string | undefined>;
  /** The person let the application in, and what they agreed to is kept. @returns as {@link signedIn} */
  agreed(exchange: Exchange, id: string): Promise<string | undefined>;
  /** The person did not let it in. @returns as {@link signedIn} */
  refused(exchange: Exchange, id: string): Promise<string | undefined>;
  /** The person signed in for a page of ours. */
  begin(exchange: Exchange, person: { readonly userId: string; readonly caller: Caller }): Promise<void>;
  /** Ends the session of this browser, if it has one, with everything that came of it. */
  signOut(exchange: Exchange, caller: Caller): Promise<void>;
  /** Who is signed in in this browser, by a session that still counts. */
  session(exchange: Exchange): Promise<BrowserSession | undefined>;
}
