import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api, type Schemas, type Versioned } from '../../api/client.ts';
import { Button } from '../../parts/button.tsx';
import { Refusal, useChange, type Outcome } from '../../parts/change.tsx';
import { Checkbox } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { Loading, Note, ProblemNotice } from '../../parts/notices.tsx';
import { Gains, Tags } from '../../parts/tags.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';

type Change = Schemas['ProfileChange'];

/** How a clone and its origin moved apart, and what of it can be taken over. */
export function DriftView({ profile: { data: profile, etag } }: { profile: Versioned<Schemas['SecurityProfile']> }) {
  const { may } = useSession();
  const ask = useChange();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const [left, setLeft] = useState<readonly string[]>([]);
  const { id } = profile;
  const { data: drift, error } = useQuery({
    queryKey: ['drift', id, etag],
    queryFn: () => answered(api.GET('/api/v1/security-profiles/{id}/drift', { params: { path: { id } } })),
  });
  if (error !== null) return <ProblemNotice error={error} />;
  if (drift === undefined) return <Loading />;
  const changes = drift.origin_changes;
  const entries = changes === undefined ? [] : entriesOf(changes);
  const chosen = entries.filter(({ key }) => !left.includes(key));
  const merge = async () => {
    const take = {
      roles: chosen.flatMap(({ role }) => role ?? []),
      permissions: chosen.flatMap(({ type }) => type ?? []),
      ...(chosen.some(({ key }) => key === 'full_access') ? { full_access: true } : {}),
    };
    setOutcome(
      await ask({
        title: t('Take over from “{origin}”', { origin: drift.origin.security_profile }),
        button: t('Take over'),
        done: t('Taken over'),
        send: ({ dryRun }) =>
          answered(
            api.POST('/api/v1/security-profiles/{id}/merge', {
              params: { path: { id }, query: { dry_run: dryRun }, header: { 'If-Match': etag } },
              body: { take: left.length === 0 ? 'all' : take },
            }),
          ),
      }),
    );
  };
  return (
    <div className="stack">
      <Section
        title={t('What “{origin}” gained and lost since', { origin: drift.origin.security_profile })}
        about={t('Cloned at version {version}; it is at version {current} now.', {
          version: drift.origin.version,
          current: drift.origin.current_version ?? '—',
        })}
      >
        {changes === undefined && <Note>{t('The origin does not exist any more, or is not yours to see.')}</Note>}
        {changes !== undefined && entries.length === 0 && <Note kind="good">{t('Nothing: the clone is up to date.')}</Note>}
        <div className="checks">
          {entries.map(({ key, label, gained, lost }) => (
            <Checkbox
              key={key}
              isSelected={!left.includes(key)}
              onChange={(on) => setLeft(on ? left.filter((other) => other !== key) : [...left, key])}
            >
              <code>{label}</code> <Gains gained={gained} lost={lost} />
            </Checkbox>
          ))}
        </div>
        <Refusal outcome={outcome} />
        {entries.length > 0 && may('post', '/api/v1/security-profiles/{id}/merge') && (
          <div>
            <Button kind="primary" isDisabled={chosen.length === 0} onPress={() => void merge()}>
              {t('Take over what is ticked …')}
            </Button>
          </div>
        )}
      </Section>
      <Section title={t('What was changed in the clone')}>
        <LocalChanges change={drift.local_changes} />
      </Section>
    </div>
  );
}

interface Entry {
  readonly key: string;
  readonly label: string;
  readonly gained: readonly string[];
  readonly lost: readonly string[];
  readonly role?: string;
  readonly type?: string;
}

function entriesOf({ roles, permissions, full_access: full }: Change): readonly Entry[] {
  return [
    ...roles.gained.map((role) => ({ key: `role ${role}`, label: t('Role'), gained: [role], lost: [], role })),
    ...roles.lost.map((role) => ({ key: `role ${role}`, label: t('Role'), gained: [], lost: [role], role })),
    ...permissions.map(({ type, gained, lost }) => ({ key: `type ${type}`, label: type, gained, lost, type })),
    ...(full === 'kept'
      ? []
      : [
          {
            key: 'full_access',
            label: t('Every role'),
            gained: full === 'gained' ? ['full_access'] : [],
            lost: full === 'lost' ? ['full_access'] : [],
          },
        ]),
  ];
}

function LocalChanges({ change }: { change: Change }) {
  const entries = entriesOf(change);
  if (entries.length === 0) return <Note kind="good">{t('Nothing.')}</Note>;
  return (
    <div className="stack">
      {entries.map(({ key, label, gained, lost }) => (
        <p key={key}>
          <code>{label}</code> <Gains gained={gained} lost={lost} />
        </p>
      ))}
      <p>
        {t('Together that comes to:')} <Gains gained={change.resolved.gained} lost={change.resolved.lost} />
        {change.resolved.gained.length + change.resolved.lost.length === 0 && <Tags names={[t('nothing')]} />}
      </p>
    </div>
  );
}
