/** @module How pages are laid out: a heading with what can be done, sections, facts, tabs. */
import { useEffect, type ReactNode } from 'react';
import { Breadcrumb, Breadcrumbs, Link, Tab, TabList, TabPanel, Tabs as TabGroup } from 'react-aria-components';
import { useSearchParams } from 'wouter';
import { t } from '../words/words.ts';

interface PageProps {
  readonly title: string;
  readonly about?: ReactNode;
  /** Pages above this one: name and address. */
  readonly above?: readonly (readonly [name: string, href: string])[];
  readonly tags?: ReactNode;
  readonly actions?: ReactNode;
  /** The content fills the height of the window, as a long list does. */
  readonly fill?: boolean;
  readonly children: ReactNode;
}

export function Page({ title, about, above, tags, actions, fill = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} – Rolemint`;
  }, [title]);
  return (
    <div className={fill ? 'page fill' : 'page'}>
      <header>
        {above !== undefined && (
          <Breadcrumbs className="breadcrumbs">
            {above.map(([name, href]) => (
              <Breadcrumb key={href}>
                <Link href={href}>{name}</Link>
              </Breadcrumb>
            ))}
          </Breadcrumbs>
        )}
        <div className="heading">
          <h1 tabIndex={-1}>{title}</h1>
          {tags}
          <div className="actions">{actions}</div>
        </div>
        {about !== undefined && <p className="about">{about}</p>}
      </header>
      {children}
    </div>
  );
}

export function Section({ title, about, actions, children }: { title: string; about?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <div className="heading">
        <h2>{title}</h2>
        <div className="actions">{actions}</div>
      </div>
      {about !== undefined && <p className="about">{about}</p>}
      {children}
    </section>
  );
}

/** Names and what they stand for; what is undefined is left out. */
export function Facts({ of }: { of: Readonly<Record<string, ReactNode>> }) {
  return (
    <dl className="facts">
      {Object.entries(of)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

export interface TabOf {
  readonly id: string;
  readonly name: string;
  readonly content: () => ReactNode;
}

/** Parts of a page, one at a time; the address says which. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly TabOf[] }) {
  const [query, setQuery] = useSearchParams();
  const chosen = tabs.find(({ id }) => id === query.get('tab')) ?? tabs[0]!;
  return (
    <TabGroup className="tabs" selectedKey={chosen.id} onSelectionChange={(id) => setQuery({ tab: String(id) }, { replace: true })}>
      <TabList aria-label={label} className="tab-list">
        {tabs.map(({ id, name }) => (
          <Tab key={id} id={id} className="tab">
            {name}
          </Tab>
        ))}
      </TabList>
      {tabs.map(({ id, content }) => (
        <TabPanel key={id} id={id} className="tab-panel">
          {content()}
        </TabPanel>
      ))}
    </TabGroup>
  );
}

interface PlainTableProps<T> {
  readonly label: string;
  readonly columns: readonly string[];
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly row: (item: T) => readonly ReactNode[];
}

/** A short list that is there as a whole. The first cell of a row names it. */
export function PlainTable<T>({ label, columns, items, keyOf, row }: PlainTableProps<T>) {
  return (
    <div className="table-frame" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((name) => (
              <th key={name} scope="col">
                {name === '' ? <span className="hidden">{t('Actions')}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={keyOf(item)}>
              {row(item).map((cell, index) =>
                index === 0 ? (
                  <th key={columns[index]} scope="row">
                    {cell}
                  </th>
                ) : (
                  <td key={columns[index]}>{cell}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
