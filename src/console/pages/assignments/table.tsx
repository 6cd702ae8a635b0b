import { api, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/notices.tsx';
import { FullAccessTag, Tag } from '../../parts/tags.tsx';
import { Time } from '../../parts/time.tsx';
import { t } from '../../words/words.ts';

export type Assignment = Schemas['Assignment'];

export interface AssignmentFilter {
  readonly security_profile?: string;
  readonly user?: string;
  readonly user_group?: string;
  readonly organization?: string;
  readonly client_id?: string;
  readonly client?: string;
}

/** Whom an assignment is for, in words. */
export function partyOf({ user, user_group: group, organization, client_id: client }: Assignment): { readonly kind: string; readonly id: string } {
  if (user !== undefined) return { kind: t('User'), id: user };
  if (group !== undefined) return { kind: t('User group'), id: group };
  if (organization !== undefined) return { kind: t('Organization'), id: organization };
  return { kind: t('Client'), id: client ?? '' };
}

/** Assignments that match; each leads to its page. */
export function AssignmentTable({ filter }: { filter: AssignmentFilter }) {
  const query = { limit: PAGE_SIZE, ...filter };
  const pages = usePages(['assignments', query], (cursor) => api.GET('/api/v1/assignments', { params: { query: { ...query, cursor } } }));
  return (
    <DataTable
      label={t('Assignments')}
      columns={[
        { id: 'party', name: t('To'), share: 2, cell: (assignment) => <PartyCell assignment={assignment} /> },
        { id: 'profile', name: t('Security profile'), share: 2, cell: ({ security_profile: profile }) => profile },
        { id: 'limits', name: t('Limits'), share: 2, wideOnly: true, cell: (assignment) => <Limits assignment={assignment} /> },
        { id: 'by', name: t('Assigned by'), wideOnly: true, cell: ({ assigned_by: by }) => by ?? '' },
      ]}
      pages={pages}
      keyOf={({ id }) => id}
      href={({ id }) => `/assignments/${encodeURIComponent(id)}`}
      empty={<Empty icon="link" title={t('No assignment.')} />}
    />
  );
}

function PartyCell({ assignment }: { assignment: Assignment }) {
  const { kind, id } = partyOf(assignment);
  return (
    <>
      <strong>{id}</strong> <span className="quiet">{kind}</span>
    </>
  );
}

export function Limits({
  assignment: { client, include_descendants: below, valid_from: from, valid_until: until, gives_full_access: full },
}: {
  assignment: Assignment;
}) {
  return (
    <span className="tags">
      {full && <FullAccessTag />}
      {below && <Tag>{t('and all below')}</Tag>}
      {client !== undefined && <Tag>{t('only through {client}', { client })}</Tag>}
      {from !== undefined && (
        <Tag>
          {t('from')} <Time at={from} />
        </Tag>
      )}
      {until !== undefined && (
        <Tag tone="warning">
          {t('until')} <Time at={until} />
        </Tag>
      )}
    </span>
  );
}
