import { useState } from 'react';
import { answered, api, versioned } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { Button } from '../../parts/button.tsx';
import { Refusal, useChange, type Outcome } from '../../parts/change.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { TextField } from '../../parts/fields.tsx';
import { Facts, Section } from '../../parts/layout.tsx';
import { Empty } from '../../parts/notices.tsx';
import { useObjectChanges } from '../../parts/object-changes.ts';
import { ObjectPage } from '../../parts/object-page.tsx';
import { Picker } from '../../parts/picker.tsx';
import { ActiveTag, Tag } from '../../parts/tags.tsx';
import { Time } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { AssignmentTable } from '../assignments/table.tsx';

const PATH = '/api/v1/user-groups/{id}';
const MEMBER = '/api/v1/user-groups/{id}/members/{user_id}';

export function GroupPage({ params: { id } }: { params: { id: string } }) {
  const { may } = useSession();
  const changes = useObjectChanges(PATH, id);
  return (
    <ObjectPage
      queryKey={['user-group', id]}
      list={[t('User groups'), '/groups']}
      read={() => versioned(api.GET(PATH, { params: { path: { id } } }))}
      titleOf={({ name }) => name}
      tags={({ organization }) => <Tag>{organization}</Tag>}
      fields={({ value, set }, _errors, isReadOnly) => (
        <Section title={t('General')}>
          <Facts of={{ [t('Id')]: <code>{value.id}</code>, [t('Organization')]: value.organization }} />
          <div className="columns">
            <TextField label={t('Name')} name="name" value={value.name} onChange={(name) => set('name', name)} isRequired isDisabled={isReadOnly} />
            <TextField
              label={t('Description')}
              name="description"
              value={value.description ?? ''}
              onChange={(text) => set('description', text === '' ? undefined : text)}
              isDisabled={isReadOnly}
            />
          </div>
        </Section>
      )}
      {...changes}
      tabs={() => [
        { id: 'members', name: t('Members'), content: () => <Members id={id} /> },
        ...(may('get', '/api/v1/assignments')
          ? [{ id: 'assignments', name: t('Assignments'), content: () => <AssignmentTable filter={{ user_group: id }} /> }]
          : []),
      ]}
    />
  );
}

function Members({ id }: { id: string }) {
  const { may } = useSession();
  const ask = useChange();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const [user, setUser] = useState<string>();
  const pages = usePages(['members', id], (cursor) =>
    api.GET('/api/v1/user-groups/{id}/members', { params: { path: { id }, query: { limit: PAGE_SIZE, cursor } } }),
  );
  const add = async () => {
    const ended = await ask({
      title: t('Put {user} into {group}', { user: user ?? '', group: id }),
      button: t('Put in'),
      done: t('Put in'),
      send: ({ dryRun }) => answered(api.PUT(MEMBER, { params: { path: { id, user_id: user! }, query: { dry_run: dryRun } }, body: {} })),
    });
    setOutcome(ended);
    if (ended !== undefined && 'result' in ended) setUser(undefined);
  };
  return (
    <>
      {may('put', MEMBER) && (
        <div className="toolbar filters">
          <Picker label={t('Put somebody in')} source="user" value={user} onChange={setUser} />
          <Button kind="primary" isDisabled={user === undefined} onPress={() => void add()}>
            {t('Put in …')}
          </Button>
        </div>
      )}
      <Refusal outcome={outcome} />
      <DataTable
        label={t('Members')}
        columns={[
          { id: 'user', name: t('User'), share: 2, cell: ({ username }) => <strong>{username}</strong> },
          { id: 'organization', name: t('Organization'), wideOnly: true, cell: ({ organization }) => organization },
          { id: 'until', name: t('Until'), cell: ({ valid_until: until }) => (until === undefined ? '' : <Time at={until} />) },
          { id: 'state', name: t('State'), wideOnly: true, cell: ({ active }) => <ActiveTag active={active} /> },
        ]}
        pages={pages}
        keyOf={({ user: key }) => key}
        href={may('get', '/api/v1/users/{id}') ? ({ user: key }) => `/users/${encodeURIComponent(key)}?tab=groups` : undefined}
        empty={<Empty icon="group" title={t('Nobody is in this group.')} />}
      />
    </>
  );
}
