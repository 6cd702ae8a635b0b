/** @module ⌘K: people, organizations, profiles, clients and pages, by typing part of a name. */
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useState } from 'react';
import {
  Autocomplete,
  Button as Pressable,
  Dialog,
  Header,
  Input,
  ListBox,
  ListBoxItem,
  ListBoxSection,
  Modal,
  ModalOverlay,
  SearchField,
} from 'react-aria-components';
import { useLocation } from 'wouter';
import { Icon, type IconName } from '../parts/icon.tsx';
import { SOURCES, type Source } from '../parts/picker.tsx';
import { useSession, type Session } from '../session/session.tsx';
import { t } from '../words/words.ts';
import { navigation } from './navigation.ts';

interface Hit {
  readonly href: string;
  readonly name: string;
  readonly about: string | undefined;
}

interface Found {
  readonly name: string;
  readonly icon: IconName;
  readonly hits: readonly Hit[];
}

const APPLE = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function Search() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey) || event.altKey) return;
      event.preventDefault();
      setOpen(true);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <Pressable className="finder" onPress={() => setOpen(true)}>
        <Icon name="search" />
        <span>{t('Search')}</span>
        <kbd>{APPLE ? '⌘K' : 'Ctrl K'}</kbd>
      </Pressable>
      <ModalOverlay className="overlay top-aligned" isDismissable isOpen={open} onOpenChange={setOpen}>
        <Modal className="modal">
          <Dialog className="dialog palette" aria-label={t('Search')}>
            <Palette onDone={() => setOpen(false)} />
          </Dialog>
        </Modal>
      </ModalOverlay>
    </>
  );
}

function Palette({ onDone }: { onDone: () => void }) {
  const session = useSession();
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const search = useDeferredValue(text.trim());
  const { data: found = [], isFetching } = useQuery({
    queryKey: ['search', search],
    queryFn: () => find(session, search),
    enabled: search !== '',
    placeholderData: (before) => before,
  });
  const groups = [places(session, search), ...(search === '' ? [] : found)].filter(({ hits }) => hits.length > 0);
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <SearchField className="search" aria-label={t('Search people, organizations, profiles, clients')} autoFocus>
        <Icon name="search" />
        <Input className="input" placeholder={t('Search people, organizations, profiles, clients')} />
      </SearchField>
      <ListBox
        className="options"
        aria-label={t('Found')}
        items={groups}
        onAction={(href) => {
          onDone();
          navigate(String(href));
        }}
        renderEmptyState={() => <p className="none">{isFetching ? t('Searching …') : t('Nothing found')}</p>}
      >
        {({ name, icon, hits }) => (
          <ListBoxSection id={name}>
            <Header className="group">{name}</Header>
            {hits.map(({ href, name: title, about }) => (
              <ListBoxItem key={href} id={href} textValue={title} className="option">
                <span>
                  <Icon name={icon} /> {title}
                </span>
                <span className="quiet">{about}</span>
              </ListBoxItem>
            ))}
          </ListBoxSection>
        )}
      </ListBox>
    </Autocomplete>
  );
}

function places(session: Session, search: string): Found {
  const wanted = search.toLowerCase();
  const hits = navigation(session)
    .flatMap(({ places: all }) => all)
    .filter(({ name }) => name.toLowerCase().includes(wanted))
    .map(({ name, href }) => ({ name, href, about: undefined }));
  return { name: t('Pages'), icon: 'chevron', hits };
}

/** What this session may read is searched, all at once; a part that fails leaves the others. */
async function find({ may }: Session, search: string): Promise<readonly Found[]> {
  const wanted: readonly (readonly [source: Source, name: string, icon: IconName, base: string])[] = [
    ['user', t('Users'), 'person', '/users'],
    ['organization', t('Organizations'), 'building', '/organizations'],
    ['security_profile', t('Security profiles'), 'shield', '/profiles'],
    ['client', t('Clients'), 'program', '/clients'],
  ];
  const open = wanted.filter(([source]) => may('get', SOURCES[source].path));
  const results = await Promise.allSettled(open.map(([source]) => SOURCES[source].find(search)));
  return open.map(([, name, icon, base], index) => {
    const result = results[index]!;
    const objects = result.status === 'fulfilled' ? result.value.slice(0, 6) : [];
    return { name, icon, hits: objects.map(({ id, name: title, about }) => ({ href: `${base}/${encodeURIComponent(id)}`, name: title, about })) };
  });
}
