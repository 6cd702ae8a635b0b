import { createContext, use, type ReactNode } from 'react';
import type { Schemas } from '../api/client.ts';
import { isAllowed, type ApiPath, type MethodOf } from './roles.ts';
import type { SignIn } from './sign-in.ts';

export interface Session {
  readonly me: Schemas['Me'];
  readonly signIn: SignIn;
  /** Whether this person may do this, with the roles of the token and from such an organization: what not is not shown. */
  readonly may: <P extends ApiPath>(method: MethodOf<P>, path: P) => boolean;
  /** Administers a whole tree: what belongs to no organization belongs to these. */
  readonly isRoot: boolean;
  /** What is made below the top belongs to it unless something else is said; undefined for a root. */
  readonly ownOrganization: string | undefined;
}

const Context = createContext<Session | undefined>(undefined);

export function sessionOf(me: Schemas['Me'], signIn: SignIn): Session {
  const isRoot = me.tenancy.kind === 'everything' || me.organization?.path.length === 1;
  const ownOrganization = isRoot ? undefined : me.tenancy.organization;
  return { me, signIn, may: (method, path) => isAllowed(me, method, path), isRoot, ownOrganization };
}

export function SessionProvider({ session, children }: { session: Session; children: ReactNode }) {
  return <Context value={session}>{children}</Context>;
}

export function useSession(): Session {
  const session = use(Context);
  if (session === undefined) throw new Error('Nobody is signed in here.');
  return session;
}
