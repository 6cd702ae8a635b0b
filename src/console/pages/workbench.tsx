/** @module What a token would carry: asked of the function that issues tokens, without issuing one. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-aria-components';
import { answered, api, type Schemas } from '../api/client.ts';
import { Button, CopyButton } from '../parts/button.tsx';
import { Select, TextField } from '../parts/fields.tsx';
import { useFilter } from '../parts/filters.ts';
import { Page, PlainTable, Section } from '../parts/layout.tsx';
import { Empty, Loading, Note, ProblemNotice } from '../parts/notices.tsx';
import { Picker } from '../parts/picker.tsx';
import { instantOf, localOf, Time } from '../parts/time.tsx';
import { useToast } from '../parts/toast.tsx';
import { VerdictTag } from '../parts/verdict.tsx';
import { SERVER_URL } from '../session/config.ts';
import { useSession } from '../session/session.tsx';
import { LANGUAGE, t } from '../words/words.ts';

type Preview = Schemas['TokenPreview'];

/** Many servers and proxies refuse headers beyond this. */
const LARGE_BYTES = 4096;

export function Workbench() {
  const { may } = useSession();
  const [user, setUser] = useFilter('user');
  const [client, setClient] = useFilter('client_id');
  const [scope, setScope] = useFilter('scope');
  const [audience, setAudience] = useFilter('audience');
  const [at, setAt] = useFilter('at');
  const [as, setAs] = useFilter('as');
  const [text, setText] = useState(scope);
  const bySelf = as === 'client';
  const asked = {
    client_id: client,
    ...(bySelf || user === '' ? {} : { user }),
    ...(scope === '' ? {} : { scope }),
    ...(audience === '' ? {} : { audience }),
    ...(at === '' ? {} : { at }),
  };
  const complete = client !== '' && (bySelf || user !== '');
  const { data, error, isFetching } = useQuery({
    queryKey: ['preview', asked],
    enabled: complete,
    queryFn: () => answered(api.GET('/api/v1/preview', { params: { query: asked } })),
  });
  const valueOf = (value: string) => (value === '' ? undefined : value);
  return (
    <Page title={t('Token workbench')} about={t('Asks the function that issues tokens, now or for another time. Nothing is issued.')}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          setScope(text.trim().replaceAll(/\s+/g, ' '));
        }}
      >
        <div className="columns four">
          <Picker label={t('Application')} source="client" value={valueOf(client)} onChange={(id) => setClient(id ?? '')} />
          <Select
            label={t('For')}
            value={bySelf ? 'client' : 'user'}
            onChange={(next) => setAs(next === 'client' ? 'client' : '')}
            options={{ user: t('a person'), client: t('the program itself') }}
          />
          {!bySelf && <Picker label={t('Person')} source="user" value={valueOf(user)} onChange={(id) => setUser(id ?? '')} />}
          {may('get', '/api/v1/resource-servers') && (
            <Picker label={t('For the API')} source="resource_server" value={valueOf(audience)} onChange={(id) => setAudience(id ?? '')} />
          )}
          <TextField label={t('At')} type="datetime-local" value={localOf(valueOf(at))} onChange={(local) => setAt(instantOf(local) ?? '')} />
        </div>
        <TextField
          label={t('Scope')}
          lines={2}
          mono
          value={text}
          onChange={setText}
          help={t('Names with spaces between them. Empty: a request without scope.')}
        />
        <div>
          <Button kind="primary" type="submit" isDisabled={!complete}>
            {t('Look')}
          </Button>
        </div>
      </form>
      {error !== null && <ProblemNotice error={error} />}
      {!complete && <Empty icon="token" title={t('Name an application and somebody who uses it.')} />}
      {complete && isFetching && data === undefined && <Loading />}
      {complete && data !== undefined && <Answer preview={data} scope={scope} bySelf={bySelf} />}
    </Page>
  );
}

function Answer({ preview, scope, bySelf }: { preview: Preview; scope: string; bySelf: boolean }) {
  const { objection, names, claims, bytes, roles_until: until, roles } = preview;
  return (
    <>
      {objection !== null && <Note kind="warning">{t('There would be no token: {objection}', { objection })}</Note>}
      <div className="split">
        <Section title={t('Each name')}>
          {names.length === 0 ? (
            <Empty icon="token" title={t('Nothing was asked for.')} />
          ) : (
            <PlainTable
              label={t('Each name')}
              columns={[t('Name'), t('Verdict'), '']}
              items={names}
              keyOf={({ name }) => name}
              row={({ name, verdict }) => [
                <code key="name">{name}</code>,
                <VerdictTag key="verdict" verdict={verdict} />,
                <Link key="why" href={whyHref(preview, name)} aria-label={t('Why {name}?', { name })}>
                  {t('Why?')}
                </Link>,
              ]}
            />
          )}
        </Section>
        <Section title={t('The token')}>
          <p className="figure">
            <strong>{t('{count} bytes', { count: bytes.toLocaleString(LANGUAGE) })}</strong> {t('with {count} roles', { count: roles.length })}
          </p>
          {bytes > LARGE_BYTES && <Note kind="warning">{t('Some servers refuse headers of this size. Ask for fewer roles, or for one API.')}</Note>}
          {until !== null && (
            <p>
              {t('The first of its roles ends, and the token with it:')} <Time at={until} distance />
            </p>
          )}
          <pre className="code">{JSON.stringify(claims, undefined, 2)}</pre>
        </Section>
      </div>
      <Curl preview={preview} scope={scope} bySelf={bySelf} />
    </>
  );
}

function whyHref({ subject, client, audience }: Preview, role: string): string {
  const question = new URLSearchParams({ client_id: client, role });
  if (subject.kind === 'user') question.set('user', subject.id);
  else question.set('as', 'client');
  // The issuer as audience is what is meant without one.
  if (!audience.startsWith(SERVER_URL)) question.set('audience', audience);
  return `/why?${question.toString()}`;
}

/** The request that would get it. Secrets are put in by whoever runs it. */
function Curl({ preview: { subject, client, audience }, scope, bySelf }: { preview: Preview; scope: string; bySelf: boolean }) {
  const toast = useToast();
  const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const parameters = [
    `grant_type=${bySelf ? 'client_credentials' : 'password'}`,
    ...(bySelf ? [] : [`username=${subject.username ?? subject.id}`]),
    ...(scope === '' ? [] : [`scope=${scope}`]),
    ...(audience.startsWith(SERVER_URL) ? [] : [`resource=${audience}`]),
  ];
  const lines = [
    `curl ${quoted(`${SERVER_URL}/oauth/token`)}`,
    `-u ${quoted(`${client}:`)}"$CLIENT_SECRET"`,
    ...(bySelf ? [] : ['--data-urlencode "password=$PASSWORD"']),
    ...parameters.map((parameter) => `--data-urlencode ${quoted(parameter)}`),
  ];
  const command = lines.join(' \\\n  ');
  return (
    <Section title={t('As a request')} about={t('Put password and secret into the environment; a public client sends client_id instead of -u.')}>
      <pre className="code">{command}</pre>
      <div>
        <CopyButton text={command} label={t('Copy')} onCopied={() => toast(t('Copied'))} />
      </div>
    </Section>
  );
}
