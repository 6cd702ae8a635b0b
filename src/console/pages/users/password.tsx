import { useState } from 'react';
import { answered, api, type Schemas } from '../../api/client.ts';
import { Button, CopyButton } from '../../parts/button.tsx';
import { errorsOf, Refusal, useChange, type Outcome, type SendOptions } from '../../parts/change.tsx';
import { TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { Note } from '../../parts/notices.tsx';
import { Time } from '../../parts/time.tsx';
import { useToast } from '../../parts/toast.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import type { User } from './list.tsx';

/** Ways back in for somebody: unlock, a link, a mail, a new password. */
export function Password({ user }: { user: User }) {
  const { may } = useSession();
  const ask = useChange();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const [link, setLink] = useState<Schemas['PasswordLink']>();
  const path = { id: user.id };
  const act = async (title: string, button: string, done: string, send: (options: SendOptions) => Promise<unknown>) => {
    const ended = await ask({ title, button, done, send });
    setOutcome(ended);
    return ended;
  };
  const unlock = () =>
    act(t('Unlock {user}', { user: user.username }), t('Unlock'), t('Unlocked'), ({ dryRun }) =>
      answered(api.POST('/api/v1/users/{id}/unlock', { params: { path, query: { dry_run: dryRun } } })),
    );
  const mail = () =>
    act(t('Send {user} a mail to set a new password', { user: user.username }), t('Send'), t('Sent'), ({ dryRun }) =>
      answered(api.POST('/api/v1/users/{id}/password-reset-mail', { params: { path, query: { dry_run: dryRun } } })),
    );
  const make = async () => {
    const ended = await act(t('Make a link for {user}', { user: user.username }), t('Make the link'), t('Made'), ({ dryRun }) =>
      answered(api.POST('/api/v1/users/{id}/password-link', { params: { path, query: { dry_run: dryRun } } })),
    );
    if (ended !== undefined && 'result' in ended) setLink(ended.result as Schemas['PasswordLink']);
  };
  return (
    <>
      <Section title={t('Locked out')} about={t('After too many failures an account is locked for a while. Unlocking ends that at once.')}>
        <div className="toolbar">
          {may('post', '/api/v1/users/{id}/unlock') && (
            <Button icon="lock" onPress={() => void unlock()}>
              {t('Unlock …')}
            </Button>
          )}
        </div>
      </Section>
      <Section title={t('A new password, chosen by the person')} about={t('A link works once and ends. Whoever has it can set the password.')}>
        <div className="toolbar">
          {user.email !== undefined && may('post', '/api/v1/users/{id}/password-reset-mail') && (
            <Button icon="mail" onPress={() => void mail()}>
              {t('Send a mail …')}
            </Button>
          )}
          {may('post', '/api/v1/users/{id}/password-link') && (
            <Button icon="link" onPress={() => void make()}>
              {t('Make a link …')}
            </Button>
          )}
        </div>
        {link !== undefined && <Link link={link} />}
      </Section>
      <Refusal outcome={outcome} />
      <NewPassword user={user} />
    </>
  );
}

function Link({ link: { url, expires_at: ends } }: { link: Schemas['PasswordLink'] }) {
  const toast = useToast();
  return (
    <Note kind="good">
      <p>{t('The link is shown once. Hand it over in a safe way.')}</p>
      <code>{url}</code>
      <p className="quiet">
        {t('Ends')} <Time at={ends} distance />
      </p>
      <CopyButton text={url} label={t('Copy')} onCopied={() => toast(t('Copied'))} />
    </Note>
  );
}

function NewPassword({ user }: { user: User }) {
  const ask = useChange();
  const [password, setPassword] = useState('');
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const set = async () => {
    const ended = await ask({
      title: t('Set the password of {user}', { user: user.username }),
      button: t('Set the password'),
      about: <p>{t('Everything that was issued under the one before ends.')}</p>,
      done: t('Password set'),
      send: ({ dryRun }) =>
        answered(api.PUT('/api/v1/users/{id}/password', { params: { path: { id: user.id }, query: { dry_run: dryRun } }, body: { password } })),
    });
    setOutcome(ended);
    if (ended !== undefined && 'result' in ended) setPassword('');
  };
  return (
    <Section title={t('A password, chosen by you')}>
      <div className="columns">
        <TextField
          label={t('New password')}
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
          help={errorsOf(outcome)['password']}
        />
      </div>
      <Refusal outcome={outcome} />
      <div>
        <Button isDisabled={password === ''} onPress={() => void set()}>
          {t('Set the password …')}
        </Button>
      </div>
    </Section>
  );
}
