import type { IconName } from '../parts/icon.tsx';
import type { Session } from '../session/session.tsx';
import { t } from '../words/words.ts';

export interface Place {
  readonly name: string;
  readonly href: string;
  readonly icon: IconName;
}

export interface Group {
  readonly name: string;
  readonly places: readonly Place[];
}

interface Guarded extends Place {
  readonly open: boolean;
}

/** The parts of the console that the roles of this session open. */
export function navigation({ may, me }: Session): readonly Group[] {
  const asksAbout = ['users', 'clients'] as const;
  const readsAccess = may('get', '/api/v1/explain') && !asksAbout.every((resource) => me.barred_resources.includes(resource));
  const groups: readonly { readonly name: string; readonly places: readonly Guarded[] }[] = [
    {
      name: t('Access'),
      places: [
        { name: t('Security profiles'), href: '/profiles', icon: 'shield', open: may('get', '/api/v1/security-profiles') },
        { name: t('Assignments'), href: '/assignments', icon: 'link', open: may('get', '/api/v1/assignments') },
        { name: t('Roles'), href: '/roles', icon: 'list', open: may('get', '/api/v1/roles') },
        { name: t('Impersonation rules'), href: '/impersonation-rules', icon: 'mask', open: may('get', '/api/v1/impersonation-rules') },
      ],
    },
    {
      name: t('Who'),
      places: [
        { name: t('Users'), href: '/users', icon: 'person', open: may('get', '/api/v1/users') },
        { name: t('Organizations'), href: '/organizations', icon: 'building', open: may('get', '/api/v1/organizations') },
        { name: t('User groups'), href: '/groups', icon: 'group', open: may('get', '/api/v1/user-groups') },
        { name: t('Invitations'), href: '/invitations', icon: 'mail', open: may('get', '/api/v1/invitations') },
      ],
    },
    {
      name: t('Applications'),
      places: [
        { name: t('Clients'), href: '/clients', icon: 'program', open: may('get', '/api/v1/clients') },
        { name: t('Resource servers'), href: '/resource-servers', icon: 'server', open: may('get', '/api/v1/resource-servers') },
        { name: t('Keys'), href: '/keys', icon: 'key', open: may('get', '/api/v1/keys') },
      ],
    },
    {
      name: t('Understand'),
      places: [
        { name: t('Why?'), href: '/why', icon: 'question', open: readsAccess },
        { name: t('Token workbench'), href: '/workbench', icon: 'token', open: readsAccess },
        { name: t('Review'), href: '/review', icon: 'chart', open: may('get', '/api/v1/usage/roles') || may('get', '/api/v1/leases') },
        { name: t('Audit'), href: '/audit', icon: 'clock', open: may('get', '/api/v1/audit-events') },
      ],
    },
  ];
  return groups.map(({ name, places }) => ({ name, places: places.filter(({ open }) => open) })).filter(({ places }) => places.length > 0);
}
