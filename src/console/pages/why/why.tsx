/** @module Why somebody holds a role: a picture of every path, or of what is missing. The address says the whole question. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-aria-components';
import { answered, api, type Schemas } from '../../api/client.ts';
import { AccessPathText } from '../../parts/access-path.tsx';
import { LinkButton } from '../../parts/button.tsx';
import { Select } from '../../parts/fields.tsx';
import { useFilter } from '../../parts/filters.ts';
import { Page, PlainTable, Section } from '../../parts/layout.tsx';
import { Empty, Loading, Note, ProblemNotice } from '../../parts/notices.tsx';
import { Picker } from '../../parts/picker.tsx';
import { VerdictTag, verdictName } from '../../parts/verdict.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';
import { PathPicture } from './picture.tsx';

type Explanation = Schemas['Explanation'];

export function Why() {
  const { may } = useSession();
  const [user, setUser] = useFilter('user');
  const [client, setClient] = useFilter('client_id');
  const [role, setRole] = useFilter('role');
  const [audience, setAudience] = useFilter('audience');
  const [as, setAs] = useFilter('as');
  const bySelf = as === 'client';
  const asked = {
    ...(bySelf || user === '' ? {} : { user }),
    ...(client === '' ? {} : { client_id: client }),
    role,
    ...(audience === '' ? {} : { audience }),
  };
  const complete = role !== '' && (bySelf ? client !== '' : user !== '');
  const { data, error, isFetching } = useQuery({
    queryKey: ['explain', asked],
    enabled: complete,
    queryFn: () => answered(api.GET('/api/v1/explain', { params: { query: asked } })),
  });
  const valueOf = (value: string) => (value === '' ? undefined : value);
  return (
    <Page title={t('Why?')} about={t('A person or a program, an application, a role: by which paths it is held, or what is missing.')}>
      <div className="columns four">
        <Select
          label={t('About')}
          value={bySelf ? 'client' : 'user'}
          onChange={(next) => setAs(next === 'client' ? 'client' : '')}
          options={{ user: t('a person'), client: t('a program by itself') }}
        />
        {!bySelf && <Picker label={t('Person')} source="user" value={valueOf(user)} onChange={(id) => setUser(id ?? '')} />}
        <Picker label={t('Application')} source="client" value={valueOf(client)} onChange={(id) => setClient(id ?? '')} />
        <Picker label={t('Role')} source="role" value={valueOf(role)} onChange={(name) => setRole(name ?? '')} free />
        {may('get', '/api/v1/resource-servers') && (
          <Picker label={t('For the API')} source="resource_server" value={valueOf(audience)} onChange={(id) => setAudience(id ?? '')} />
        )}
      </div>
      {error !== null && <ProblemNotice error={error} />}
      {!complete && <Empty icon="question" title={t('Name somebody and a role.')} />}
      {complete && isFetching && data === undefined && <Loading />}
      {complete && data !== undefined && <Answer explanation={data} />}
    </Page>
  );
}

function Answer({ explanation }: { explanation: Explanation }) {
  const { subject, role, verdict, objection, paths, remedies, did_you_mean: meant, context_user: context } = explanation;
  const name = subject.username ?? subject.id;
  return (
    <>
      <Note kind={verdict === 'granted' && objection === null ? 'good' : 'warning'}>
        <p>
          <strong>
            {verdict === 'granted'
              ? t('{name} holds {role}.', { name, role })
              : t('{name} does not get {role}: {why}.', { name, role, why: verdictName(verdict) })}
          </strong>
        </p>
        {objection !== null && <p>{t('But there would be no token at all: {objection}', { objection })}</p>}
        {meant !== null && (
          <p>
            {t('Did you mean')} <Link href={`?${new URLSearchParams({ user: subject.id, role: meant }).toString()}`}>{meant}</Link>?
          </p>
        )}
        {context !== null && <p>{t('It acts with the roles of {user}.', { user: context.username ?? context.id })}</p>}
      </Note>
      {paths.length > 0 && (
        <Section title={t('Every path')}>
          <PathPicture explanation={explanation} />
          {paths.map((path) => (
            <AccessPathText key={path.assignment} path={path} />
          ))}
        </Section>
      )}
      {verdict !== 'granted' && remedies.length > 0 && <Remedies explanation={explanation} />}
    </>
  );
}

/** Profiles that have the role, the one assignment of each that would give it, and what would still stand in the way. */
function Remedies({ explanation: { remedies } }: { explanation: Explanation }) {
  const { may } = useSession();
  return (
    <Section title={t('What would give it')}>
      <PlainTable
        label={t('What would give it')}
        columns={[t('Security profile'), t('Assigned to'), t('Then'), ...(may('post', '/api/v1/assignments') ? [''] : [])]}
        items={remedies}
        keyOf={({ security_profile: { id }, assignment }) => `${id} ${JSON.stringify(assignment)}`}
        row={({ security_profile: profile, assignment, verdict }) => [
          <Link key="profile" href={`/profiles/${encodeURIComponent(profile.id)}`}>
            {profile.name}
          </Link>,
          <code key="to">
            {Object.entries(assignment)
              .filter(([name]) => name !== 'security_profile')
              .map(([name, id]) => `${name} ${id}`)
              .join(', ')}
          </code>,
          <VerdictTag key="verdict" verdict={verdict} />,
          ...(may('post', '/api/v1/assignments')
            ? [
                <LinkButton key="assign" kind="quiet" icon="link" href={`/assignments/new?${new URLSearchParams(assignment).toString()}`}>
                  {t('Assign')}
                </LinkButton>,
              ]
            : []),
        ]}
      />
    </Section>
  );
}
