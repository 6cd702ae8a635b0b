import { useState } from 'react';
import { Link } from 'react-aria-components';
import { answered, api } from '../../api/client.ts';
import { Button } from '../../parts/button.tsx';
import { Refusal, useChange, type Outcome } from '../../parts/change.tsx';
import { TextField } from '../../parts/fields.tsx';
import { PlainTable, Section } from '../../parts/layout.tsx';
import { Empty } from '../../parts/notices.tsx';
import { Picker } from '../../parts/picker.tsx';
import { instantOf, Time } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import type { User } from './list.tsx';

const PATH = '/api/v1/user-groups/{id}/members/{user_id}';

/** The groups of somebody; a membership may end by itself. */
export function Memberships({ user }: { user: User }) {
  const { may } = useSession();
  const ask = useChange();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const memberships = user.user_groups.map((group) => (typeof group === 'string' ? { user_group: group } : group));
  const remove = async (group: string) =>
    setOutcome(
      await ask({
        title: t('Take {user} out of {group}', { user: user.username, group }),
        button: t('Take out'),
        danger: true,
        done: t('Taken out'),
        send: ({ dryRun }) => answered(api.DELETE(PATH, { params: { path: { id: group, user_id: user.id }, query: { dry_run: dryRun } } })),
      }),
    );
  return (
    <>
      {memberships.length === 0 ? (
        <Empty icon="group" title={t('In no group.')} />
      ) : (
        <PlainTable
          label={t('Groups')}
          columns={[t('User group'), t('From'), t('Until'), t('Reason'), ...(may('delete', PATH) ? [''] : [])]}
          items={memberships}
          keyOf={({ user_group: group }) => group}
          row={({ user_group: group, valid_from: from, valid_until: until, reason }) => [
            <Link key="group" href={`/groups/${encodeURIComponent(group)}`}>
              {group}
            </Link>,
            from === undefined ? '' : <Time key="from" at={from} />,
            until === undefined ? '' : <Time key="until" at={until} distance />,
            reason ?? '',
            ...(may('delete', PATH)
              ? [
                  <Button key="remove" kind="quiet" icon="close" onPress={() => void remove(group)}>
                    {t('Take out')}
                  </Button>,
                ]
              : []),
          ]}
        />
      )}
      <Refusal outcome={outcome} />
      {may('put', PATH) && <AddMembership user={user} />}
    </>
  );
}

function AddMembership({ user }: { user: User }) {
  const ask = useChange();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const [group, setGroup] = useState<string>();
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState('');
  const add = async () => {
    const body = { ...(until === '' ? {} : { valid_until: instantOf(until) }), ...(reason === '' ? {} : { reason }) };
    const ended = await ask({
      title: t('Put {user} into {group}', { user: user.username, group: group ?? '' }),
      button: t('Put in'),
      done: t('Put in'),
      send: ({ dryRun }) => answered(api.PUT(PATH, { params: { path: { id: group!, user_id: user.id }, query: { dry_run: dryRun } }, body })),
    });
    setOutcome(ended);
    if (ended !== undefined && 'result' in ended) setGroup(undefined);
  };
  return (
    <Section title={t('Put into a group')}>
      <div className="columns three">
        <Picker label={t('User group')} source="user_group" value={group} onChange={setGroup} />
        <TextField label={t('Until')} type="datetime-local" value={until} onChange={setUntil} help={t('Empty: without an end.')} />
        <TextField label={t('Reason')} value={reason} onChange={setReason} />
      </div>
      <Refusal outcome={outcome} />
      <div>
        <Button kind="primary" isDisabled={group === undefined} onPress={() => void add()}>
          {t('Put in …')}
        </Button>
      </div>
    </Section>
  );
}
