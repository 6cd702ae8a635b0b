import { useState } from 'react';
import { Link } from 'react-aria-components';
import { answered, api, versioned, type Versioned } from '../../api/client.ts';
import { Button, LinkButton } from '../../parts/button.tsx';
import { errorsOf, Refusal, useChange, type Outcome } from '../../parts/change.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Switch, TextField } from '../../parts/fields.tsx';
import { Facts, Section } from '../../parts/layout.tsx';
import { useObjectChanges } from '../../parts/object-changes.ts';
import { ObjectPage } from '../../parts/object-page.tsx';
import { Picker } from '../../parts/picker.tsx';
import { ActiveTag, Tag } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { AssignmentTable } from '../assignments/table.tsx';
import { GroupTable } from '../groups/list.tsx';
import { UserTable } from '../users/list.tsx';
import type { Organization } from './tree.tsx';

const PATH = '/api/v1/organizations/{id}';

export function OrganizationPage({ params: { id } }: { params: { id: string } }) {
  const { may } = useSession();
  const changes = useObjectChanges(PATH, id);
  return (
    <ObjectPage
      queryKey={['organization', id]}
      list={[t('Organizations'), '/organizations']}
      read={() => versioned(api.GET(PATH, { params: { path: { id } } }))}
      titleOf={({ name }) => name}
      tags={({ type, active }) => (
        <>
          <Tag>{type}</Tag>
          <ActiveTag active={active} />
        </>
      )}
      actions={(object) => (
        <>
          {may('post', '/api/v1/assignments') && (
            <LinkButton icon="link" href={`/assignments/new?organization=${encodeURIComponent(id)}`}>
              {t('Assign')}
            </LinkButton>
          )}
          {may('post', '/api/v1/organizations/{id}/move') && <MoveButton object={object} />}
        </>
      )}
      fields={({ value, set }, _errors, isReadOnly) => (
        <Section title={t('General')}>
          <Facts of={{ [t('Id')]: <code>{value.id}</code>, [t('Type')]: value.type, [t('Where')]: <Where organization={value} /> }} />
          <div className="columns">
            <TextField label={t('Name')} name="name" value={value.name} onChange={(name) => set('name', name)} isRequired isDisabled={isReadOnly} />
          </div>
          <Switch isSelected={value.active} onChange={(on) => set('active', on)} isDisabled={isReadOnly}>
            {t('Active; while it is not, nobody of it gets a token')}
          </Switch>
        </Section>
      )}
      {...changes}
      tabs={() => [
        ...(may('get', '/api/v1/users') ? [{ id: 'members', name: t('Members'), content: () => <UserTable organization={id} /> }] : []),
        ...(may('get', '/api/v1/user-groups') ? [{ id: 'groups', name: t('User groups'), content: () => <GroupTable organization={id} /> }] : []),
        ...(may('get', '/api/v1/assignments')
          ? [{ id: 'assignments', name: t('Assignments'), content: () => <AssignmentTable filter={{ organization: id }} /> }]
          : []),
      ]}
    />
  );
}

function Where({ organization: { path } }: { organization: Organization }) {
  return (
    <>
      {path.map((id, index) => (
        <span key={id}>
          {index > 0 && ' › '}
          {index === path.length - 1 ? id : <Link href={`/organizations/${encodeURIComponent(id)}`}>{id}</Link>}
        </span>
      ))}
    </>
  );
}

function MoveButton({ object: { data, etag } }: { object: Versioned<Organization> }) {
  const ask = useChange();
  const [open, setOpen] = useState(false);
  const [parent, setParent] = useState(data.parent);
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const move = async () => {
    const ended = await ask({
      title: t('Move “{name}” below {parent}', { name: data.name, parent: parent ?? t('nothing') }),
      button: t('Move'),
      done: t('Moved'),
      send: ({ dryRun }) =>
        answered(
          api.POST('/api/v1/organizations/{id}/move', {
            params: { path: { id: data.id }, query: { dry_run: dryRun }, header: { 'If-Match': etag } },
            body: { parent: parent ?? null },
          }),
        ),
    });
    setOutcome(ended);
    if (ended !== undefined && 'result' in ended) setOpen(false);
  };
  return (
    <>
      <Button onPress={() => setOpen(true)}>{t('Move')}</Button>
      {open && (
        <Dialog
          title={t('Move “{name}”', { name: data.name })}
          onClose={() => setOpen(false)}
          buttons={
            <>
              <Button onPress={() => setOpen(false)}>{t('Cancel')}</Button>
              <Button kind="primary" isDisabled={parent === data.parent} onPress={() => void move()}>
                {t('Move …')}
              </Button>
            </>
          }
        >
          <div className="stack">
            <p>
              {t('It moves with everything below. People there gain what comes from above the new place, and lose what came from above the old one.')}
            </p>
            <Picker label={t('Below')} source="organization" value={parent} onChange={setParent} help={errorsOf(outcome)['parent']} />
            <Refusal outcome={outcome} />
          </div>
        </Dialog>
      )}
    </>
  );
}
