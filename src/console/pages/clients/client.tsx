import { api, versioned } from '../../api/client.ts';
import { LinkButton } from '../../parts/button.tsx';
import { useObjectChanges } from '../../parts/object-changes.ts';
import { ObjectPage } from '../../parts/object-page.tsx';
import { ActiveTag, Tag } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { AssignmentTable } from '../assignments/table.tsx';
import { ClientFields } from './fields.tsx';
import { Secrets } from './secrets.tsx';
import { ClientUsage } from './usage.tsx';

const PATH = '/api/v1/clients/{id}';

export function ClientPage({ params: { id } }: { params: { id: string } }) {
  const { may } = useSession();
  const changes = useObjectChanges(PATH, id);
  return (
    <ObjectPage
      queryKey={['client', id]}
      list={[t('Clients'), '/clients']}
      read={() => versioned(api.GET(PATH, { params: { path: { id } } }))}
      titleOf={({ client_name: name }) => name}
      tags={({ active, client_id: own }) => (
        <>
          <ActiveTag active={active} />
          <Tag>
            <code>{own}</code>
          </Tag>
        </>
      )}
      actions={() =>
        may('get', '/api/v1/preview') && (
          <LinkButton icon="token" href={`/workbench?client_id=${encodeURIComponent(id)}`}>
            {t('Try')}
          </LinkButton>
        )
      }
      fields={(draft, errors, isReadOnly) => <ClientFields draft={draft} errors={errors} isReadOnly={isReadOnly} />}
      {...changes}
      tabs={({ data }) => [
        { id: 'secrets', name: t('Secrets'), content: () => <Secrets client={data} /> },
        { id: 'usage', name: t('Usage'), content: () => <ClientUsage id={id} /> },
        ...(may('get', '/api/v1/assignments')
          ? [
              { id: 'assignments', name: t('Assignments to it'), content: () => <AssignmentTable filter={{ client_id: id }} /> },
              { id: 'through', name: t('Only through it'), content: () => <AssignmentTable filter={{ client: id }} /> },
            ]
          : []),
      ]}
    />
  );
}
