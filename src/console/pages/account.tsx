import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { answered, api, versioned } from '../api/client.ts';
import { Button } from '../parts/button.tsx';
import { errorsOf, Refusal, type Outcome } from '../parts/change.tsx';
import { TextField } from '../parts/fields.tsx';
import { Facts, Page, PlainTable, Tabs } from '../parts/layout.tsx';
import { Empty, Loading, Note, ProblemNotice } from '../parts/notices.tsx';
import { Tag, Tags } from '../parts/tags.tsx';
import { Time } from '../parts/time.tsx';
import { useToast } from '../parts/toast.tsx';
import { useSession } from '../session/session.tsx';
import { t } from '../words/words.ts';
import { SessionTable } from './users/sessions.tsx';

export function Account() {
  const { me, may } = useSession();
  const { organization } = me;
  return (
    <Page title={t('My account')}>
      <Facts
        of={{
          [t('User name')]: me.username,
          [t('Mail address')]: me.user?.email,
          [t('Organization')]: organization === undefined ? undefined : organization.path.join(' › '),
          [t('Roles of this session')]: <Tags names={me.roles} />,
        }}
      />
      <Tabs
        label={t('My account')}
        tabs={[
          { id: 'roles', name: t('What I hold'), content: () => <OwnRoles /> },
          { id: 'sessions', name: t('Where I am signed in'), content: () => <OwnSessions /> },
          ...(may('put', '/api/v1/me/password') ? [{ id: 'password', name: t('Password'), content: () => <OwnPassword /> }] : []),
          ...(may('patch', '/api/v1/me') ? [{ id: 'email', name: t('Mail address'), content: () => <OwnEmail /> }] : []),
        ]}
      />
    </Page>
  );
}

function OwnRoles() {
  const { data: roles, error } = useQuery({ queryKey: ['me', 'roles'], queryFn: () => answered(api.GET('/api/v1/me/effective-roles')) });
  const { data: groups } = useQuery({ queryKey: ['me', 'groups'], queryFn: () => answered(api.GET('/api/v1/me/user-groups')) });
  if (error !== null) return <ProblemNotice error={error} />;
  if (roles === undefined) return <Loading />;
  return (
    <>
      {groups !== undefined && groups.items.length > 0 && (
        <p>
          {t('Groups:')} <Tags names={groups.items.map(({ name }) => name)} />
        </p>
      )}
      {roles.roles.length === 0 ? (
        <Empty icon="shield" title={t('No role.')} />
      ) : (
        <PlainTable
          label={t('What I hold')}
          columns={[t('Role'), t('Until')]}
          items={roles.roles}
          keyOf={({ role }) => role}
          row={({ role, barred, until }) => [
            <span key="role">
              <code>{role}</code> {barred && <Tag tone="bad">{t('barred for this type of organization')}</Tag>}
            </span>,
            until === null ? '' : <Time key="until" at={until} distance />,
          ]}
        />
      )}
    </>
  );
}

function OwnSessions() {
  const { may } = useSession();
  return (
    <SessionTable
      queryKey={['me', 'sessions']}
      read={() => answered(api.GET('/api/v1/me/sessions'))}
      end={
        may('delete', '/api/v1/me/sessions/{id}')
          ? (id, { dryRun }) => answered(api.DELETE('/api/v1/me/sessions/{id}', { params: { path: { id }, query: { dry_run: dryRun } } }))
          : undefined
      }
      endAll={
        may('delete', '/api/v1/me/sessions')
          ? ({ dryRun }) => answered(api.DELETE('/api/v1/me/sessions', { params: { query: { dry_run: dryRun } } }))
          : undefined
      }
    />
  );
}

/** Sends at once: what concerns oneself alone is not rehearsed, the current password says that it is meant. */
function useSending(send: () => Promise<unknown>, done: () => void) {
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const [sending, setSending] = useState(false);
  const start = async () => {
    setSending(true);
    try {
      setOutcome({ result: await send() });
      done();
    } catch (error) {
      setOutcome({ error });
    } finally {
      setSending(false);
    }
  };
  return { outcome, sending, start };
}

function OwnPassword() {
  const { signIn } = useSession();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const { outcome, sending, start } = useSending(
    () => answered(api.PUT('/api/v1/me/password', { body: { current_password: current, new_password: next } })),
    () => void signIn.leave(),
  );
  return (
    <Form
      className="form"
      validationErrors={{ ...errorsOf(outcome) }}
      validationBehavior="aria"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <Note>{t('Everything that was issued under the old one ends, here as well: you sign in again with the new one.')}</Note>
      <div className="columns">
        <TextField
          label={t('Current password')}
          name="current_password"
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
          isRequired
        />
        <TextField
          label={t('New password')}
          name="new_password"
          type="password"
          autoComplete="new-password"
          value={next}
          onChange={setNext}
          isRequired
        />
      </div>
      <Refusal outcome={outcome} />
      <div>
        <Button kind="primary" type="submit" isDisabled={sending || current === '' || next === ''}>
          {t('Change the password')}
        </Button>
      </div>
    </Form>
  );
}

function OwnEmail() {
  const toast = useToast();
  const queries = useQueryClient();
  const { data: me } = useQuery({ queryKey: ['me'], queryFn: () => versioned(api.GET('/api/v1/me')) });
  const [email, setEmail] = useState<string>();
  const [current, setCurrent] = useState('');
  const { outcome, sending, start } = useSending(
    () =>
      answered(
        api.PATCH('/api/v1/me', {
          params: { header: { 'If-Match': me?.etag } },
          body: { email: (email ?? '') === '' ? null : email, current_password: current },
        }),
      ),
    () => {
      toast(t('Saved'));
      setCurrent('');
      void queries.invalidateQueries({ queryKey: ['me'] });
    },
  );
  if (me === undefined) return <Loading />;
  return (
    <Form
      className="form"
      validationErrors={{ ...errorsOf(outcome) }}
      validationBehavior="aria"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <div className="columns">
        <TextField
          label={t('Mail address')}
          name="email"
          type="email"
          value={email ?? me.data.user?.email ?? ''}
          onChange={setEmail}
          help={t('Links to set a password go there.')}
        />
        <TextField
          label={t('Current password')}
          name="current_password"
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
          isRequired
        />
      </div>
      <Refusal outcome={outcome} />
      <div>
        <Button kind="primary" type="submit" isDisabled={sending || email === undefined || current === ''}>
          {t('Change the mail address')}
        </Button>
      </div>
    </Form>
  );
}
