/** @module Starts the console: where is the server, who is signed in, then the page that the address names. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { answered, api, callAs } from './api/client.ts';
import { Problem } from './api/problem.ts';
import { App } from './app.tsx';
import { BASE_PATH, loadConfig } from './session/config.ts';
import { applyTheme } from './session/preferences.ts';
import { sessionOf, SessionProvider } from './session/session.tsx';
import { SignIn } from './session/sign-in.ts';
import { Elsewhere, Failed, SignedOut } from './shell/outside.tsx';
import { refuseMarkup } from './trusted-types.ts';
import { LANGUAGE } from './words/words.ts';

const RETRIES = 2;

const root = createRoot(document.querySelector('#root')!);
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      refetchOnWindowFocus: false,
      // A refusal stays one; a server that is not there may come back.
      retry: (failures, error) => failures < RETRIES && (!(error instanceof Problem) || error.status === 503),
    },
  },
});

async function start(): Promise<void> {
  const config = await loadConfig();
  const signIn = new SignIn(config);
  if (new URL(config.issuer).origin !== location.origin) return root.render(<Elsewhere issuer={config.issuer} />);
  if (location.pathname === `${BASE_PATH}/signed-out`) return root.render(<SignedOut onSignIn={() => void signIn.leave(BASE_PATH)} />);
  if (location.pathname === `${BASE_PATH}/callback`) history.replaceState(undefined, '', await signIn.arrive());
  callAs(signIn);
  const session = sessionOf(await answered(api.GET('/api/v1/me')), signIn);
  root.render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <SessionProvider session={session}>
          <App />
        </SessionProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}

refuseMarkup();
document.documentElement.lang = LANGUAGE;
applyTheme();
start().catch((error: unknown) => root.render(<Failed error={error} />));
