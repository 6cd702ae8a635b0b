import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api } from '../../api/client.ts';
import { AccessPathText } from '../../parts/access-path.tsx';
import { SearchField } from '../../parts/fields.tsx';
import { useFilter } from '../../parts/filters.ts';
import { PlainTable, Section } from '../../parts/layout.tsx';
import { Empty, Loading, ProblemNotice } from '../../parts/notices.tsx';
import { Picker } from '../../parts/picker.tsx';
import { Tag } from '../../parts/tags.tsx';
import { Time } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import { t, tn } from '../../words/words.ts';

/** Rows that are drawn at once; who holds more finds the rest by searching. */
const MOST = 200;

/** What somebody holds now, and by which paths. */
export function EffectiveRoles({ id }: { id: string }) {
  const { may } = useSession();
  const [client, setClient] = useFilter('client');
  const [search, setSearch] = useState('');
  const { data, error } = useQuery({
    queryKey: ['effective-roles', id, client],
    queryFn: () =>
      answered(api.GET('/api/v1/users/{id}/effective-roles', { params: { path: { id }, query: client === '' ? {} : { client_id: client } } })),
  });
  if (error !== null) return <ProblemNotice error={error} />;
  if (data === undefined) return <Loading />;
  const paths = new Map(data.paths.map((path) => [path.assignment, path]));
  const found = data.roles.filter(({ role }) => role.toLowerCase().includes(search.toLowerCase()));
  return (
    <>
      <div className="toolbar filters">
        <SearchField label={t('Find a role')} value={search} onChange={setSearch} />
        {may('get', '/api/v1/clients') && (
          <Picker
            label={t('In tokens for')}
            source="client"
            value={client === '' ? undefined : client}
            onChange={(next) => setClient(next ?? '')}
            help={t('Some assignments count through one client only.')}
          />
        )}
      </div>
      {found.length === 0 ? (
        <Empty icon="shield" title={t('No role.')} />
      ) : (
        <PlainTable
          label={t('Effective roles')}
          columns={[tn(found.length, '{count} role', '{count} roles'), t('Through'), t('Until')]}
          items={found.slice(0, MOST)}
          keyOf={({ role }) => role}
          row={({ role, barred, until, assignments }) => [
            <span key="role">
              <code>{role}</code> {barred && <Tag tone="bad">{t('barred for this type of organization')}</Tag>}
            </span>,
            <span key="paths" className="tags">
              {assignments.map((assignment) => (
                <Tag key={assignment}>{paths.get(assignment)?.security_profile.name ?? assignment}</Tag>
              ))}
            </span>,
            until === null ? '' : <Time key="until" at={until} distance />,
          ]}
        />
      )}
      {found.length > MOST && <p className="quiet">{t('The first {shown} of {total}.', { shown: MOST, total: found.length })}</p>}
      <Section title={t('The paths')}>
        {data.paths.map((path) => (
          <AccessPathText key={path.assignment} path={path} />
        ))}
        {data.paths.length === 0 && <p className="quiet">{t('None')}</p>}
      </Section>
    </>
  );
}
