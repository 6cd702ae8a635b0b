/** @module Which page an address stands for. Pages are loaded when they are first opened. */
import { lazy, Suspense, type ComponentType } from 'react';
import { I18nProvider, RouterProvider } from 'react-aria-components';
import { Route, Router, Switch, useLocation } from 'wouter';
import { ChangeProvider } from './parts/change.tsx';
import { Empty, Loading } from './parts/notices.tsx';
import { Page } from './parts/layout.tsx';
import { ToastProvider } from './parts/toast.tsx';
import { BASE_PATH } from './session/config.ts';
import { Shell } from './shell/shell.tsx';
import { LANGUAGE, t } from './words/words.ts';

type PageOf = ComponentType<{ params: Readonly<Record<string, string>> }>;

/** A page in a file of its own, loaded when it is first opened. */
const page = <K extends string>(load: () => Promise<Record<K, ComponentType<never>>>, name: K): PageOf =>
  lazy(async () => ({ default: (await load())[name] as PageOf }));

const PAGES: Readonly<Record<string, PageOf>> = {
  '/': page(() => import('./pages/overview.tsx'), 'Overview'),
  '/account': page(() => import('./pages/account.tsx'), 'Account'),
  '/assignments': page(() => import('./pages/assignments/list.tsx'), 'AssignmentList'),
  '/assignments/new': page(() => import('./pages/assignments/new.tsx'), 'NewAssignment'),
  '/assignments/:id': page(() => import('./pages/assignments/assignment.tsx'), 'AssignmentPage'),
  '/audit': page(() => import('./pages/audit/list.tsx'), 'AuditList'),
  '/audit/:id': page(() => import('./pages/audit/event.tsx'), 'AuditEventPage'),
  '/clients': page(() => import('./pages/clients/list.tsx'), 'ClientList'),
  '/clients/new': page(() => import('./pages/clients/new.tsx'), 'NewClient'),
  '/clients/:id': page(() => import('./pages/clients/client.tsx'), 'ClientPage'),
  '/groups': page(() => import('./pages/groups/list.tsx'), 'GroupList'),
  '/groups/new': page(() => import('./pages/groups/new.tsx'), 'NewGroup'),
  '/groups/:id': page(() => import('./pages/groups/group.tsx'), 'GroupPage'),
  '/impersonation-rules': page(() => import('./pages/impersonation-rules/list.tsx'), 'RuleList'),
  '/impersonation-rules/new': page(() => import('./pages/impersonation-rules/rule.tsx'), 'NewRule'),
  '/impersonation-rules/:id': page(() => import('./pages/impersonation-rules/rule.tsx'), 'RulePage'),
  '/invitations': page(() => import('./pages/invitations/list.tsx'), 'InvitationList'),
  '/invitations/new': page(() => import('./pages/invitations/new.tsx'), 'NewInvitation'),
  '/invitations/:id': page(() => import('./pages/invitations/invitation.tsx'), 'InvitationPage'),
  '/keys': page(() => import('./pages/keys.tsx'), 'Keys'),
  '/organizations': page(() => import('./pages/organizations/tree.tsx'), 'OrganizationTree'),
  '/organizations/new': page(() => import('./pages/organizations/new.tsx'), 'NewOrganization'),
  '/organizations/:id': page(() => import('./pages/organizations/organization.tsx'), 'OrganizationPage'),
  '/permission-types/new': page(() => import('./pages/roles/permission-type.tsx'), 'NewPermissionType'),
  '/permission-types/:id': page(() => import('./pages/roles/permission-type.tsx'), 'PermissionTypePage'),
  '/profiles': page(() => import('./pages/profiles/list.tsx'), 'ProfileList'),
  '/profiles/new': page(() => import('./pages/profiles/new.tsx'), 'NewProfile'),
  '/profiles/:id': page(() => import('./pages/profiles/profile.tsx'), 'ProfilePage'),
  '/resource-servers': page(() => import('./pages/resource-servers/list.tsx'), 'ResourceServerList'),
  '/resource-servers/new': page(() => import('./pages/resource-servers/resource-server.tsx'), 'NewResourceServer'),
  '/resource-servers/:id': page(() => import('./pages/resource-servers/resource-server.tsx'), 'ResourceServerPage'),
  '/review': page(() => import('./pages/review/review.tsx'), 'Review'),
  '/roles': page(() => import('./pages/roles/list.tsx'), 'RoleList'),
  '/roles/new': page(() => import('./pages/roles/role.tsx'), 'NewRole'),
  '/roles/:id': page(() => import('./pages/roles/role.tsx'), 'RolePage'),
  '/users': page(() => import('./pages/users/list.tsx'), 'UserList'),
  '/users/new': page(() => import('./pages/users/new.tsx'), 'NewUser'),
  '/users/:id': page(() => import('./pages/users/user.tsx'), 'UserPage'),
  '/why': page(() => import('./pages/why/why.tsx'), 'Why'),
  '/workbench': page(() => import('./pages/workbench.tsx'), 'Workbench'),
};

export function App() {
  return (
    <I18nProvider locale={LANGUAGE}>
      <Router base={BASE_PATH}>
        <Routed />
      </Router>
    </I18nProvider>
  );
}

function Routed() {
  const [, navigate] = useLocation();
  return (
    <RouterProvider navigate={(href) => navigate(href)} useHref={(href) => (href.startsWith('/') ? BASE_PATH + href : href)}>
      <ToastProvider>
        <ChangeProvider>
          <Shell>
            <Suspense fallback={<Loading />}>
              <Switch>
                {Object.entries(PAGES).map(([path, Of]) => (
                  <Route key={path} path={path}>
                    {(params) => <Of key={JSON.stringify(params)} params={decoded(params)} />}
                  </Route>
                ))}
                <Route>
                  <Page title={t('Nothing here')}>
                    <Empty icon="question" title={t('The console has no such page.')} />
                  </Page>
                </Route>
              </Switch>
            </Suspense>
          </Shell>
        </ChangeProvider>
      </ToastProvider>
    </RouterProvider>
  );
}

/** What the router leaves encoded, because it could mean something in an address. */
const ENCODED = /%(?:2[3-6BCF]|3[ABDF]|40)/gi;

function decoded(params: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(params).map(([name, value = '']) => [name, value.replaceAll(ENCODED, decodeURIComponent)]));
}
