import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api, type Schemas } from '../../api/client.ts';
import { Button } from '../../parts/button.tsx';
import { Refusal, useChange, type Outcome, type SendOptions } from '../../parts/change.tsx';
import { PlainTable } from '../../parts/layout.tsx';
import { Empty, Loading, ProblemNotice } from '../../parts/notices.tsx';
import { Tags } from '../../parts/tags.tsx';
import { Time } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';

type Session = Schemas['Session'];

export function Sessions({ id }: { id: string }) {
  const { may } = useSession();
  const path = { id };
  return (
    <SessionTable
      queryKey={['sessions', id]}
      read={() => answered(api.GET('/api/v1/users/{id}/sessions', { params: { path } }))}
      end={
        may('delete', '/api/v1/users/{id}/sessions/{session_id}')
          ? (session, { dryRun }) =>
              answered(
                api.DELETE('/api/v1/users/{id}/sessions/{session_id}', {
                  params: { path: { id, session_id: session }, query: { dry_run: dryRun } },
                }),
              )
          : undefined
      }
      endAll={
        may('delete', '/api/v1/users/{id}/sessions')
          ? ({ dryRun }) => answered(api.DELETE('/api/v1/users/{id}/sessions', { params: { path, query: { dry_run: dryRun } } }))
          : undefined
      }
    />
  );
}

interface Props {
  readonly queryKey: readonly string[];
  readonly read: () => Promise<{ items: Session[] }>;
  readonly end: ((session: string, options: SendOptions) => Promise<unknown>) | undefined;
  readonly endAll: ((options: SendOptions) => Promise<unknown>) | undefined;
}

/** Where somebody is signed in, and what was asked for there. */
export function SessionTable({ queryKey, read, end, endAll }: Props) {
  const ask = useChange();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const { data, error } = useQuery({ queryKey, queryFn: read });
  if (error !== null) return <ProblemNotice error={error} />;
  if (data === undefined) return <Loading />;
  const stop = async (title: string, send: (options: SendOptions) => Promise<unknown>) =>
    setOutcome(await ask({ title, button: t('End'), danger: true, done: t('Ended'), send }));
  if (data.items.length === 0) return <Empty icon="clock" title={t('Nobody is signed in.')} />;
  return (
    <>
      <PlainTable
        label={t('Sessions')}
        columns={[t('Client'), t('Asked for'), t('Since'), t('Last used'), t('Ends'), ...(end === undefined ? [] : [''])]}
        items={data.items}
        keyOf={({ id }) => id}
        row={({ id, client_id: client, requested_scope: scope, created_at: since, last_used_at: used, expires_at: ends }) => [
          client,
          <Tags key="scope" names={scope} limit={6} />,
          <Time key="since" at={since} />,
          <Time key="used" at={used} distance />,
          <Time key="ends" at={ends} />,
          ...(end === undefined
            ? []
            : [
                <Button
                  key="end"
                  kind="quiet"
                  icon="close"
                  onPress={() => void stop(t('End the session through {client}', { client }), (options) => end(id, options))}
                >
                  {t('End')}
                </Button>,
              ]),
        ]}
      />
      <Refusal outcome={outcome} />
      {endAll !== undefined && (
        <div>
          <Button kind="danger" onPress={() => void stop(t('End all sessions'), endAll)}>
            {t('End all …')}
          </Button>
        </div>
      )}
    </>
  );
}
