/** @module What stands around every page: where one is, where one can go, who one is. */
import { useIsFetching } from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Link, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { useLocation } from 'wouter';
import { Button } from '../parts/button.tsx';
import { Icon } from '../parts/icon.tsx';
import { applyTheme, preference, prefer } from '../session/preferences.ts';
import { useSession } from '../session/session.tsx';
import { t } from '../words/words.ts';
import { navigation, type Place } from './navigation.ts';
import { Search } from './search.tsx';
import { SessionRoles } from './session-roles.tsx';

export function Shell({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  // Open where it was opened: another page closes it.
  const [openAt, setOpenAt] = useState<string>();
  const open = openAt === path;
  const busy = useIsFetching() > 0;
  const content = useRef<HTMLElement>(null);
  const shown = useRef(path);
  // After a step to another page the keyboard and the screen reader go on at its beginning.
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    content.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t('Skip to the content')}
      </a>
      <header className="top">
        <Button kind="quiet" icon="menu" aria-label={t('Navigation')} aria-expanded={open} onPress={() => setOpenAt(open ? undefined : path)} />
        <Link href="/" className="brand">
          <span className="mark" aria-hidden="true">
            R
          </span>
          Rolemint
        </Link>
        <Search />
        <Person />
      </header>
      <nav className={open ? 'side open' : 'side'} aria-label={t('Console')}>
        <Navigation path={path} />
      </nav>
      <main id="content" ref={content} tabIndex={-1} aria-busy={busy}>
        {children}
      </main>
    </div>
  );
}

function Navigation({ path }: { path: string }) {
  const session = useSession();
  return (
    <>
      <ul>
        <NavigationLink path={path} place={{ name: t('Overview'), href: '/', icon: 'home' }} />
      </ul>
      {navigation(session).map(({ name, places }) => (
        <div key={name} role="group" aria-label={name}>
          <p className="group" aria-hidden="true">
            {name}
          </p>
          <ul>
            {places.map((place) => (
              <NavigationLink key={place.href} path={path} place={place} />
            ))}
          </ul>
        </div>
      ))}
    </>
  );
}

function NavigationLink({ path, place: { name, href, icon } }: { path: string; place: Place }) {
  const here = href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`);
  return (
    <li>
      <Link href={href} className="place" aria-current={here ? 'page' : undefined}>
        <Icon name={icon} /> {name}
      </Link>
    </li>
  );
}

const THEMES = ['system', 'light', 'dark'] as const;

function Person() {
  const { me, signIn } = useSession();
  const [, navigate] = useLocation();
  const [choosing, setChoosing] = useState(false);
  const name = me.username ?? me.subject.id;
  const theme = preference('theme') ?? 'system';
  const names = { system: t('Colours: as the system'), light: t('Colours: light'), dark: t('Colours: dark') };
  const nextTheme = THEMES[(THEMES.indexOf(theme as 'system') + 1) % THEMES.length]!;
  const act = (action: string) => {
    if (action === 'account') navigate('/account');
    if (action === 'roles') setChoosing(true);
    if (action === 'out') void signIn.end();
    if (action === 'theme') {
      prefer('theme', nextTheme === 'system' ? undefined : nextTheme);
      applyTheme();
    }
  };
  return (
    <>
      <MenuTrigger>
        <Button kind="quiet" icon="person" aria-label={t('You: {name}', { name })}>
          <span className="who">{name}</span>
        </Button>
        <Popover className="popover" placement="bottom end">
          <Menu className="options" aria-label={t('You')} onAction={(key) => act(String(key))}>
            <MenuItem id="account" className="option">
              {t('My account')}
            </MenuItem>
            <MenuItem id="roles" className="option">
              {t('Roles of this session ({count})', { count: me.roles.length })}
            </MenuItem>
            <MenuItem id="theme" className="option">
              {names[theme as 'system']}
            </MenuItem>
            <MenuItem id="out" className="option">
              {t('Sign out')}
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      {choosing && <SessionRoles onClose={() => setChoosing(false)} />}
    </>
  );
}
