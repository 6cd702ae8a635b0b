import { api, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { LinkButton } from '../../parts/button.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { Select } from '../../parts/fields.tsx';
import { useFilter } from '../../parts/filters.ts';
import { Page } from '../../parts/layout.tsx';
import { Empty } from '../../parts/notices.tsx';
import { Tag } from '../../parts/tags.tsx';
import { Time } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';

export type Invitation = Schemas['Invitation'];

export function statusName(status: Invitation['status']): string {
  const names: Readonly<Record<Invitation['status'], string>> = {
    pending: t('waiting'),
    accepted: t('accepted'),
    revoked: t('taken back'),
    expired: t('ended'),
  };
  return names[status];
}

export function StatusTag({ status }: { status: Invitation['status'] }) {
  const tones = { pending: 'accent', accepted: 'good', revoked: 'bad', expired: 'plain' } as const;
  return <Tag tone={tones[status]}>{statusName(status)}</Tag>;
}

export function InvitationList() {
  const { may } = useSession();
  const [status, setStatus] = useFilter('status');
  const query = { limit: PAGE_SIZE, ...(status === '' ? {} : { status: status as Invitation['status'] }) };
  const pages = usePages(['invitations', query], (cursor) => api.GET('/api/v1/invitations', { params: { query: { ...query, cursor } } }));
  return (
    <Page
      title={t('Invitations')}
      about={t('A mail with a link that works once. Whoever follows it chooses a name and a password.')}
      fill
      actions={
        may('post', '/api/v1/invitations') && (
          <LinkButton kind="primary" icon="add" href="/invitations/new">
            {t('Invite')}
          </LinkButton>
        )
      }
    >
      <div className="toolbar filters">
        <Select
          label={t('State')}
          value={status === '' ? 'all' : status}
          onChange={(value) => setStatus(value === 'all' ? '' : value)}
          options={{
            all: t('All'),
            pending: statusName('pending'),
            accepted: statusName('accepted'),
            revoked: statusName('revoked'),
            expired: statusName('expired'),
          }}
        />
      </div>
      <DataTable
        label={t('Invitations')}
        columns={COLUMNS}
        pages={pages}
        keyOf={({ id }) => id}
        href={({ id }) => `/invitations/${encodeURIComponent(id)}`}
        empty={<Empty icon="mail" title={t('Nobody was invited.')} />}
      />
    </Page>
  );
}

const COLUMNS: readonly Column<Invitation>[] = [
  { id: 'email', name: t('Mail address'), share: 2, cell: ({ email }) => <strong>{email}</strong> },
  { id: 'organization', name: t('Organization'), wideOnly: true, cell: ({ organization }) => organization },
  { id: 'status', name: t('State'), cell: ({ status }) => <StatusTag status={status} /> },
  { id: 'by', name: t('Invited by'), wideOnly: true, cell: ({ invited_by: by }) => by.id },
  { id: 'ends', name: t('Link ends'), wideOnly: true, share: 2, cell: ({ expires_at: ends }) => <Time at={ends} distance /> },
];
