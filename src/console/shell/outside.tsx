/** @module Pages for whoever is not signed in: signed out, could not sign in, or at the wrong address. */
import type { ReactNode } from 'react';
import { Button } from '../parts/button.tsx';
import { ProblemNotice } from '../parts/notices.tsx';
import { BASE_PATH } from '../session/config.ts';
import { t } from '../words/words.ts';

function Outside({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="outside">
      <p className="brand">
        <span className="mark" aria-hidden="true">
          R
        </span>
        Rolemint
      </p>
      <h1>{title}</h1>
      {children}
    </main>
  );
}

export function SignedOut({ onSignIn }: { onSignIn: () => void }) {
  return (
    <Outside title={t('You are signed out')}>
      <p>{t('The session was ended, here and at the server.')}</p>
      <Button kind="primary" onPress={onSignIn}>
        {t('Sign in again')}
      </Button>
    </Outside>
  );
}

export function Failed({ error }: { error: unknown }) {
  return (
    <Outside title={t('The console cannot be opened')}>
      <ProblemNotice error={error} onRetry={() => location.assign(BASE_PATH)} />
    </Outside>
  );
}

/** Another name of the server was used than the one in its tokens: signing in would end over there anyway. */
export function Elsewhere({ issuer }: { issuer: string }) {
  const address = `${issuer.replace(/\/$/, '')}/console`;
  return (
    <Outside title={t('The console is somewhere else')}>
      <p>
        {t('Open it at its own address:')} <a href={address}>{address}</a>
      </p>
    </Outside>
  );
}
