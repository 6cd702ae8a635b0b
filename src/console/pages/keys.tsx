import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api, type Schemas } from '../api/client.ts';
import { Button } from '../parts/button.tsx';
import { Refusal, useChange, type Outcome } from '../parts/change.tsx';
import { Select } from '../parts/fields.tsx';
import { Page, PlainTable, Section } from '../parts/layout.tsx';
import { Loading, Note, ProblemNotice } from '../parts/notices.tsx';
import { Tag } from '../parts/tags.tsx';
import { Time } from '../parts/time.tsx';
import { useSession } from '../session/session.tsx';
import { t } from '../words/words.ts';

type SigningKey = Schemas['SigningKey'];
type Alg = SigningKey['alg'];

const ROTATE = '/api/v1/keys/rotate';
const RETIRE = '/api/v1/keys/{kid}/retire';

export function Keys() {
  const { may } = useSession();
  const ask = useChange();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const { data, error } = useQuery({ queryKey: ['keys'], queryFn: () => answered(api.GET('/api/v1/keys')) });
  if (error !== null) return <ProblemNotice error={error} />;
  if (data === undefined) return <Loading />;
  const retire = async ({ kid, alg }: SigningKey) =>
    setOutcome(
      await ask({
        title: t('Retire the key {kid}', { kid }),
        button: t('Retire'),
        danger: true,
        about: <p>{t('For a key that became known: it signs nothing more from now on. Another one takes over for {alg}.', { alg })}</p>,
        done: t('Retired'),
        send: ({ dryRun }) => answered(api.POST(RETIRE, { params: { path: { kid }, query: { dry_run: dryRun } } })),
      }),
    );
  return (
    <Page
      title={t('Keys')}
      about={t('What tokens are signed with. A key is published before it signs, and stays published until the last token signed with it is dead.')}
    >
      <PlainTable
        label={t('Signing keys')}
        columns={[t('Key'), t('Algorithm'), t('State'), t('Made'), t('Signs since'), t('Gone at'), ...(may('post', RETIRE) ? [''] : [])]}
        items={data.items}
        keyOf={({ kid }) => kid}
        row={(key) => [
          <code key="kid">{key.kid}</code>,
          key.alg,
          <State key="state" status={key.status} />,
          <Time key="made" at={key.created_at} />,
          key.activated_at === undefined ? '' : <Time key="since" at={key.activated_at} distance />,
          key.removed_at === undefined ? '' : <Time key="gone" at={key.removed_at} distance />,
          ...(may('post', RETIRE)
            ? [
                key.status === 'retired' ? undefined : (
                  <Button key="retire" kind="quiet" onPress={() => void retire(key)}>
                    {t('Retire')}
                  </Button>
                ),
              ]
            : []),
        ]}
      />
      <Refusal outcome={outcome} />
      {may('post', ROTATE) && <Rotate algorithms={[...new Set(data.items.map(({ alg }) => alg))]} />}
    </Page>
  );
}

function State({ status }: { status: SigningKey['status'] }) {
  if (status === 'current') return <Tag tone="good">{t('signs')}</Tag>;
  if (status === 'next') return <Tag tone="accent">{t('next')}</Tag>;
  return <Tag>{t('retired')}</Tag>;
}

function Rotate({ algorithms }: { algorithms: readonly Alg[] }) {
  const ask = useChange();
  const [alg, setAlg] = useState<Alg>(algorithms[0] ?? 'ES256');
  const [outcome, setOutcome] = useState<Outcome<Schemas['KeyRotation']>>();
  const rotate = async () =>
    setOutcome(
      await ask({
        title: t('Rotate the key for {alg}', { alg }),
        button: t('Rotate'),
        about: <p>{t('The next key takes over as soon as everybody can know it. No token is refused by this.')}</p>,
        done: t('Rotated'),
        send: async ({ dryRun }) =>
          (await answered(api.POST(ROTATE, { params: { query: { dry_run: dryRun } }, body: { alg } }))) as Schemas['KeyRotation'],
      }),
    );
  const options = Object.fromEntries(algorithms.map((name) => [name, name])) as Record<Alg, string>;
  return (
    <Section title={t('Rotate')}>
      <div className="toolbar filters">
        <Select label={t('Algorithm')} value={alg} onChange={setAlg} options={options} />
        <Button kind="primary" icon="key" onPress={() => void rotate()}>
          {t('Rotate …')}
        </Button>
      </div>
      <Refusal outcome={outcome} />
      {outcome !== undefined && 'result' in outcome && (
        <Note kind="good">
          <p>
            {t('{successor} signs from', { successor: outcome.result.successor })} <Time at={outcome.result.signs_from} distance />.
          </p>
        </Note>
      )}
    </Section>
  );
}
