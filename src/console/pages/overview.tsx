import { Link } from 'react-aria-components';
import { Icon } from '../parts/icon.tsx';
import { Page } from '../parts/layout.tsx';
import { Empty } from '../parts/notices.tsx';
import { useSession } from '../session/session.tsx';
import { navigation } from '../shell/navigation.ts';
import { t } from '../words/words.ts';

/** Where one can go from here: what the roles of this session open, with a word on each. */
export function Overview() {
  const session = useSession();
  const { me } = session;
  const groups = navigation(session);
  const about: Readonly<Record<string, string>> = {
    '/profiles': t('Named sets of roles: what they give, who holds them, how clones drifted.'),
    '/assignments': t('Which profile is given to whom, through which client, until when.'),
    '/roles': t('The words that APIs check, and types with their operations.'),
    '/impersonation-rules': t('Who may act as whom, and with what.'),
    '/users': t('People: their roles and where they come from, sessions, passwords.'),
    '/organizations': t('The tree of sellers, buyers, customers, sites.'),
    '/groups': t('People of one organization who hold the same.'),
    '/invitations': t('Who was invited by mail, and what came of it.'),
    '/clients': t('Programs that ask for tokens: limits, secrets.'),
    '/resource-servers': t('APIs that tokens are made for.'),
    '/keys': t('What tokens are signed with, and when the next one takes over.'),
    '/why': t('Why somebody holds a role, by every path, or what is missing.'),
    '/workbench': t('What a token would carry, name by name, and how large it would be.'),
    '/review': t('What is held and never used, what ends soon, what is asked for in vain.'),
    '/audit': t('Who changed what, before and after.'),
  };
  return (
    <Page title={t('Welcome, {name}', { name: me.username ?? me.subject.id })} about={whereOf(session.me)}>
      {groups.length === 0 && (
        <Empty icon="lock" title={t('Your roles open no part of the administration.')}>
          <p>
            <Link href="/account">{t('Your own account')}</Link>
          </p>
        </Empty>
      )}
      {groups.map(({ name, places }) => (
        <section key={name} className="section">
          <h2>{name}</h2>
          <ul className="cards">
            {places.map(({ name: title, href, icon }) => (
              <li key={href}>
                <Link href={href} className="card">
                  <Icon name={icon} />
                  <strong>{title}</strong>
                  <span className="quiet">{about[href]}</span>
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </Page>
  );
}

function whereOf({ tenancy, organization }: ReturnType<typeof useSession>['me']): string {
  if (tenancy.kind === 'everything') return t('You administer everything.');
  if (tenancy.kind === 'nothing') return t('You belong to no organization, so there is nothing to administer.');
  return t('You administer {organization} ({type}) and all that is below it.', {
    organization: tenancy.organization ?? '',
    type: organization?.type ?? '',
  });
}
