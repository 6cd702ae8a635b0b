/** @module The organization tree: what is opened is read, nothing else. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Button as Pressable, Collection, Tree, TreeItem, TreeItemContent } from 'react-aria-components';
import { useLocation } from 'wouter';
import { answered, api, type Schemas } from '../../api/client.ts';
import { PAGE_SIZE, usePages } from '../../api/pages.ts';
import { LinkButton } from '../../parts/button.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { SearchField } from '../../parts/fields.tsx';
import { useTypedFilter } from '../../parts/filters.ts';
import { Icon } from '../../parts/icon.tsx';
import { Page } from '../../parts/layout.tsx';
import { Empty, Loading, ProblemNotice } from '../../parts/notices.tsx';
import { ActiveTag, Tag } from '../../parts/tags.tsx';
import { useSession, type Session } from '../../session/session.tsx';
import { t } from '../../words/words.ts';

export type Organization = Schemas['Organization'];

export function OrganizationTree() {
  const { may } = useSession();
  const { text, setText, value: search } = useTypedFilter('search');
  return (
    <Page
      title={t('Organizations')}
      fill={search !== ''}
      actions={
        may('post', '/api/v1/organizations') && (
          <LinkButton kind="primary" icon="add" href="/organizations/new">
            {t('New organization')}
          </LinkButton>
        )
      }
    >
      <div className="toolbar">
        <SearchField label={t('Find an organization')} value={text} onChange={setText} />
      </div>
      {search === '' ? <WholeTree /> : <Found search={search} />}
    </Page>
  );
}

function Found({ search }: { search: string }) {
  const query = { limit: PAGE_SIZE, search };
  const pages = usePages(['organizations', query], (cursor) => api.GET('/api/v1/organizations', { params: { query: { ...query, cursor } } }));
  return (
    <DataTable
      label={t('Organizations')}
      columns={[
        { id: 'name', name: t('Name'), share: 2, cell: ({ name }) => <strong>{name}</strong> },
        { id: 'type', name: t('Type'), cell: ({ type }) => type },
        { id: 'path', name: t('Where'), share: 3, wideOnly: true, cell: ({ path }) => path.join(' › ') },
        { id: 'state', name: t('State'), wideOnly: true, cell: ({ active }) => <ActiveTag active={active} /> },
      ]}
      pages={pages}
      keyOf={({ id }) => id}
      href={({ id }) => `/organizations/${encodeURIComponent(id)}`}
      empty={<Empty icon="building" title={t('No organization has this in its name.')} />}
    />
  );
}

interface Node {
  readonly id: string;
  readonly organization: Organization | undefined;
  /** Of the organization whose further children this stands for. */
  readonly moreOf: string | undefined;
  readonly children: readonly Node[];
}

function WholeTree() {
  const session = useSession();
  const [, navigate] = useLocation();
  const { data: roots, error } = useQuery({ queryKey: ['organization-roots'], queryFn: () => readRoots(session) });
  const [opened, setOpened] = useState<ReadonlySet<string>>();
  const [pages, setPages] = useState<Readonly<Record<string, number>>>({});
  const expanded = useMemo(() => opened ?? new Set(roots?.map(({ id }) => id)), [opened, roots]);
  const parents = useMemo(() => [...expanded], [expanded]);
  const nodes = useQueries({
    queries: parents.map((parent) => ({
      queryKey: ['organization-children', parent, pages[parent] ?? 1],
      queryFn: () => readChildren(parent, pages[parent] ?? 1),
      placeholderData: (before: Children | undefined) => before,
    })),
    combine: (results) => {
      const children = new Map(parents.map((parent, index) => [parent, results[index]?.data]));
      return (roots ?? []).map((root) => nodeOf(root, children));
    },
  });
  if (error !== null) return <ProblemNotice error={error} />;
  if (roots === undefined) return <Loading />;
  const open = (key: string) => {
    if (key.startsWith('more ')) setPages((before) => ({ ...before, [key.slice(5)]: (before[key.slice(5)] ?? 1) + 1 }));
    else navigate(`/organizations/${encodeURIComponent(key)}`);
  };
  return (
    <Tree
      aria-label={t('Organizations')}
      className="tree"
      items={nodes}
      expandedKeys={expanded}
      onExpandedChange={(keys) => setOpened(new Set([...keys].map(String)))}
      onAction={(key) => open(String(key))}
      renderEmptyState={() => <Empty icon="building" title={t('There is no organization yet.')} />}
    >
      {(node) => <TreeNode node={node} />}
    </Tree>
  );
}

function TreeNode({ node: { id, organization, children } }: { node: Node }) {
  return (
    <TreeItem id={id} className="node" textValue={organization?.name ?? t('More …')} hasChildItems={organization !== undefined}>
      <TreeItemContent>
        {organization === undefined ? (
          <span className="name quiet">{t('More …')}</span>
        ) : (
          <>
            <Pressable slot="chevron" className="chevron">
              <Icon name="chevron" />
            </Pressable>
            <span className="name">
              <strong>{organization.name}</strong> {organization.name !== id && <span className="quiet">{id}</span>}
            </span>
            <Tag>{organization.type}</Tag>
            {!organization.active && <ActiveTag active={false} />}
          </>
        )}
      </TreeItemContent>
      <Collection items={children}>{(child) => <TreeNode node={child} />}</Collection>
    </TreeItem>
  );
}

interface Children {
  readonly items: readonly Organization[];
  readonly hasMore: boolean;
}

function nodeOf(organization: Organization, known: ReadonlyMap<string, Children | undefined>): Node {
  const { id } = organization;
  const { items = [], hasMore = false } = known.get(id) ?? {};
  const more: Node = { id: `more ${id}`, organization: undefined, moreOf: id, children: [] };
  return { id, organization, moreOf: undefined, children: [...items.map((item) => nodeOf(item, known)), ...(hasMore ? [more] : [])] };
}

/** The own organization; for operators every organization at the top. */
async function readRoots({ me: { tenancy } }: Session): Promise<readonly Organization[]> {
  if (tenancy.organization !== undefined) {
    return [await answered(api.GET('/api/v1/organizations/{id}', { params: { path: { id: tenancy.organization } } }))];
  }
  const { items: types } = await answered(api.GET('/api/v1/organization-types', { params: { query: { limit: PAGE_SIZE } } }));
  const rootTypes = types.filter(({ parents }) => parents.length === 0);
  const lists = await Promise.all(
    rootTypes.map(({ name }) => answered(api.GET('/api/v1/organizations', { params: { query: { limit: PAGE_SIZE, type: name } } }))),
  );
  return lists.flatMap(({ items }) => items);
}

async function readChildren(parent: string, pages: number): Promise<Children> {
  const items: Organization[] = [];
  let cursor: string | undefined;
  for (let read = 0; read < pages; read += 1) {
    const page = await answered(api.GET('/api/v1/organizations', { params: { query: { parent, limit: PAGE_SIZE, cursor } } }));
    items.push(...page.items);
    cursor = page.next_cursor;
    if (cursor === undefined) break;
  }
  return { items, hasMore: cursor !== undefined };
}
