import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api, type Schemas } from '../../api/client.ts';
import { Button, CopyButton } from '../../parts/button.tsx';
import { Refusal, useChange, type Outcome } from '../../parts/change.tsx';
import { NumberField } from '../../parts/fields.tsx';
import { PlainTable, Section } from '../../parts/layout.tsx';
import { Empty, Loading, Note, ProblemNotice } from '../../parts/notices.tsx';
import { Time } from '../../parts/time.tsx';
import { useToast } from '../../parts/toast.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import type { Client } from './list.tsx';

const PATH = '/api/v1/clients/{id}/secrets';
const ONE = '/api/v1/clients/{id}/secrets/{secret_id}';

/** Several secrets may be good at a time, so that programs change over without a gap. */
export function Secrets({ client: { client_id: id } }: { client: Client }) {
  const { may } = useSession();
  const ask = useChange();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const { data, error } = useQuery({ queryKey: ['secrets', id], queryFn: () => answered(api.GET(PATH, { params: { path: { id } } })) });
  if (error !== null) return <ProblemNotice error={error} />;
  if (data === undefined) return <Loading />;
  const remove = async (secret: string) =>
    setOutcome(
      await ask({
        title: t('Delete the secret {id}', { id: secret }),
        button: t('Delete'),
        danger: true,
        about: <p>{t('Programs that still use it are refused from then on.')}</p>,
        done: t('Deleted'),
        send: ({ dryRun }) => answered(api.DELETE(ONE, { params: { path: { id, secret_id: secret }, query: { dry_run: dryRun } } })),
      }),
    );
  return (
    <>
      {data.items.length === 0 ? (
        <Empty icon="key" title={t('It has no secret.')} />
      ) : (
        <PlainTable
          label={t('Secrets')}
          columns={[t('Id'), t('Made'), t('Good until'), t('Chosen by'), ...(may('delete', ONE) ? [''] : [])]}
          items={data.items}
          keyOf={({ id: secret }) => secret}
          row={({ id: secret, created_at: made, expires_at: ends, generated }) => [
            <code key="id">{secret}</code>,
            <Time key="made" at={made} />,
            ends === undefined ? t('without an end') : <Time key="ends" at={ends} distance />,
            generated ? t('the server') : t('somebody'),
            ...(may('delete', ONE)
              ? [
                  <Button key="remove" kind="quiet" icon="trash" onPress={() => void remove(secret)}>
                    {t('Delete')}
                  </Button>,
                ]
              : []),
          ]}
        />
      )}
      <Refusal outcome={outcome} />
      {may('post', PATH) && <NewSecret id={id} />}
    </>
  );
}

function NewSecret({ id }: { id: string }) {
  const ask = useChange();
  const [days, setDays] = useState<number>();
  const [hours, setHours] = useState<number>();
  const [fresh, setFresh] = useState<Schemas['FreshClientSecret']>();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const make = async () => {
    const ended = await ask({
      title: t('Make a secret for {id}', { id }),
      button: t('Make it'),
      about: <p>{t('It is shown once. The server keeps only what it takes to recognize it.')}</p>,
      done: t('Made'),
      send: ({ dryRun }) =>
        answered(
          api.POST(PATH, {
            params: { path: { id }, query: { dry_run: dryRun } },
            body: { expires_in_days: days, others_expire_in_hours: hours },
          }),
        ),
    });
    setOutcome(ended);
    if (ended !== undefined && 'result' in ended) setFresh(ended.result as Schemas['FreshClientSecret']);
  };
  return (
    <Section title={t('Another secret')}>
      <div className="columns">
        <NumberField
          label={t('Good for days')}
          name="expires_in_days"
          minimum={1}
          value={days}
          onChange={setDays}
          help={t('Empty: without an end.')}
        />
        <NumberField
          label={t('The others end in hours')}
          name="others_expire_in_hours"
          value={hours}
          onChange={setHours}
          help={t('Empty: they stay.')}
        />
      </div>
      <Refusal outcome={outcome} />
      <div>
        <Button kind="primary" icon="key" onPress={() => void make()}>
          {t('Make a secret …')}
        </Button>
      </div>
      {fresh !== undefined && <SecretOnce id={id} secret={fresh.client_secret} />}
    </Section>
  );
}

export function SecretOnce({ id, secret }: { id: string; secret: string }) {
  const toast = useToast();
  return (
    <Note kind="good">
      <p>{t('The secret of {id}. It is shown this one time: keep it in a safe place now.', { id })}</p>
      <code>{secret}</code>
      <CopyButton text={secret} label={t('Copy')} onCopied={() => toast(t('Copied'))} />
    </Note>
  );
}
