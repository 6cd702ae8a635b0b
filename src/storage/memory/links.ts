/** @module Links that can be used once, of the in-memory store. */
import type { KeptLink, LinkStore, LinkTable } from '../../domain/one-time-link.ts';
import { missing } from '../refusals.ts';
import { assertKey, copy, toJson } from '../values.ts';
import type { MemoryAccessor } from './accessor.ts';
import type { Draft, Tables } from './tables.ts';

const keyOf = ({ purpose, target }: Pick<KeptLink, 'purpose' | 'target'>): string => `${purpose} ${target}`;

function findLink({ links }: Tables, hash: string): KeptLink | undefined {
  for (const link of links.values()) if (link.hash === hash) return copy(link);
  return undefined;
}

function putLink(tables: Tables, links: Tables['links'], link: KeptLink): void {
  assertKey(link.hash, 'a one-time link');
  toJson(link, 'A one-time link');
  if (link.purpose === 'invitation') {
    if (!tables.invitations.has(link.target)) throw missing('one_time_links_invitation_fk', link.target);
  } else if (!tables.users.has(link.target)) throw missing('one_time_links_user_fk', link.target);
  links.set(keyOf(link), copy(link));
}

export function memoryLinks({ read, write }: MemoryAccessor): LinkStore {
  return {
    find: async (hash) => findLink(read().tables, hash),
    put: (link) => write(({ tables }) => putLink(tables, tables.links, link)),
  };
}

export function memoryLinkTable(draft: Draft): LinkTable {
  return {
    find: async (hash) => findLink(draft.tables, hash),
    put: async (link) => putLink(draft.tables, draft.edit('links'), link),
    removeAll: async () => removeLinks(draft, () => true),
    remove: async (purposes, target) => removeLinks(draft, (link) => purposes.includes(link.purpose) && link.target === target),
  };
}

export function removeLinks(draft: Draft, doomed: (link: KeptLink) => boolean): void {
  for (const [key, link] of draft.tables.links) if (doomed(link)) draft.edit('links').delete(key);
}

/** Links go with whom they are for. */
export function removeUserLinks(draft: Draft, gone: ReadonlySet<string>): void {
  removeLinks(draft, ({ purpose, target }) => purpose !== 'invitation' && gone.has(target));
}
