import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-aria-components';
import { answered, api, versioned } from '../../api/client.ts';
import { Button } from '../../parts/button.tsx';
import { Refusal, useChange, type Outcome } from '../../parts/change.tsx';
import { Facts, Page, Section } from '../../parts/layout.tsx';
import { Loading, ProblemNotice } from '../../parts/notices.tsx';
import { Tags } from '../../parts/tags.tsx';
import { Time } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { StatusTag } from './list.tsx';

const PATH = '/api/v1/invitations/{id}';
const RESEND = '/api/v1/invitations/{id}/resend';

export function InvitationPage({ params: { id } }: { params: { id: string } }) {
  const { may } = useSession();
  const ask = useChange();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const path = { id };
  const { data: object, error } = useQuery({ queryKey: ['invitation', id], queryFn: () => versioned(api.GET(PATH, { params: { path } })) });
  if (error !== null) return <ProblemNotice error={error} />;
  if (object === undefined) return <Loading />;
  const { data: invitation, etag } = object;
  const header = { 'If-Match': etag };
  const resend = async () =>
    setOutcome(
      await ask({
        title: t('Send the invitation to {email} again', { email: invitation.email }),
        button: t('Send again'),
        about: <p>{t('The link in the mail before stops working.')}</p>,
        done: t('Sent'),
        send: ({ dryRun, confirm }) => answered(api.POST(RESEND, { params: { path, query: { dry_run: dryRun }, header }, body: { confirm } })),
      }),
    );
  const revoke = async () =>
    setOutcome(
      await ask({
        title: t('Take back the invitation to {email}', { email: invitation.email }),
        button: t('Take back'),
        danger: true,
        done: t('Taken back'),
        send: ({ dryRun }) => answered(api.DELETE(PATH, { params: { path, query: { dry_run: dryRun }, header } })),
      }),
    );
  const open = invitation.status === 'pending' || invitation.status === 'expired';
  return (
    <Page
      title={invitation.email}
      above={[[t('Invitations'), '/invitations']]}
      tags={<StatusTag status={invitation.status} />}
      actions={
        <>
          {open && may('post', RESEND) && (
            <Button icon="mail" onPress={() => void resend()}>
              {t('Send again')}
            </Button>
          )}
          {open && may('delete', PATH) && (
            <Button kind="danger" onPress={() => void revoke()}>
              {t('Take back')}
            </Button>
          )}
        </>
      }
    >
      <Refusal outcome={outcome} />
      <Section title={t('What accepting makes')}>
        <Facts
          of={{
            [t('Organization')]: <Link href={`/organizations/${encodeURIComponent(invitation.organization)}`}>{invitation.organization}</Link>,
            [t('User name')]: invitation.username ?? t('chosen by whoever accepts'),
            [t('User groups')]: <Tags names={invitation.user_groups} />,
            [t('Security profiles')]: <Tags names={invitation.security_profiles} />,
            [t('Until')]: invitation.valid_until === undefined ? undefined : <Time at={invitation.valid_until} distance />,
          }}
        />
      </Section>
      <Section title={t('What happened')}>
        <Facts
          of={{
            [t('Invited by')]: invitation.invited_by.id,
            [t('Invited at')]: <Time at={invitation.created_at} distance />,
            [t('Link ends')]: <Time at={invitation.expires_at} distance />,
            [t('Accepted')]: invitation.accepted_at === undefined ? undefined : <Time at={invitation.accepted_at} />,
            [t('As')]:
              invitation.accepted_as === undefined ? undefined : (
                <Link href={`/users/${encodeURIComponent(invitation.accepted_as)}`}>{invitation.accepted_as}</Link>
              ),
            [t('Taken back')]: invitation.revoked_at === undefined ? undefined : <Time at={invitation.revoked_at} />,
          }}
        />
      </Section>
    </Page>
  );
}
