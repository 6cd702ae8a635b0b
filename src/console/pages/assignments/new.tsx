import { useSearch } from 'wouter';
import { answered, api } from '../../api/client.ts';
import { Creator } from '../../parts/creator.tsx';
import { Select } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { Picker } from '../../parts/picker.tsx';
import { t } from '../../words/words.ts';
import { LimitFields } from './fields.tsx';
import type { Assignment } from './table.tsx';

const KINDS = ['user', 'user_group', 'organization', 'client_id'] as const;
type Kind = (typeof KINDS)[number];

interface New extends Partial<Record<Kind, string>> {
  readonly kind: Kind;
  readonly security_profile: string | undefined;
  readonly client?: string | undefined;
  readonly include_descendants: boolean;
  readonly valid_from?: string | undefined;
  readonly valid_until?: string | undefined;
  readonly reason?: string | undefined;
}

export function NewAssignment() {
  const given = new URLSearchParams(useSearch());
  const kind = KINDS.find((name) => given.has(name)) ?? 'user';
  const initial: New = {
    kind,
    ...(given.has(kind) ? { [kind]: given.get(kind)! } : {}),
    security_profile: given.get('security_profile') ?? undefined,
    include_descendants: false,
    ...(given.has('client') ? { client: given.get('client')! } : {}),
  };
  const kinds: Readonly<Record<Kind, string>> = {
    user: t('User'),
    user_group: t('User group'),
    organization: t('Organization'),
    client_id: t('Client'),
  };
  return (
    <Creator
      title={t('Assign a profile')}
      list={[t('Assignments'), '/assignments']}
      initial={initial}
      isComplete={(value) => value.security_profile !== undefined && value[value.kind] !== undefined}
      fields={(draft) => {
        const { value, set } = draft;
        return (
          <>
            <Section title={t('What, and to whom')}>
              <div className="columns three">
                <Picker
                  label={t('Security profile')}
                  name="security_profile"
                  source="security_profile"
                  value={value.security_profile}
                  onChange={(id) => set('security_profile', id)}
                  isRequired
                />
                <Select label={t('To a')} value={value.kind} onChange={(next) => set('kind', next)} options={kinds} />
                <Picker
                  key={value.kind}
                  label={kinds[value.kind]}
                  name={value.kind}
                  source={value.kind === 'client_id' ? 'client' : value.kind}
                  value={value[value.kind]}
                  onChange={(id) => set(value.kind, id)}
                  isRequired
                />
              </div>
            </Section>
            <LimitFields draft={draft} isReadOnly={false} />
          </>
        );
      }}
      send={(
        { kind: to, security_profile: profile, include_descendants, client, valid_from, valid_until, reason, ...parties },
        { dryRun, confirm },
      ) =>
        answered(
          api.POST('/api/v1/assignments', {
            params: { query: { dry_run: dryRun } },
            body: {
              security_profile: profile!,
              [to]: parties[to],
              ...(to === 'organization' ? { include_descendants } : {}),
              client,
              valid_from,
              valid_until,
              reason,
              confirm,
            },
          }),
        )
      }
      hrefOf={(made) => `/assignments/${encodeURIComponent((made as Assignment).id)}`}
    />
  );
}
