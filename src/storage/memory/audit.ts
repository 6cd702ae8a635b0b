/** @module The chain of audit events of the in-memory store. */
import { FIRST_LINK, linkAfter } from '../../domain/audit-chain.ts';
import {
  belonging,
  positionOfEvent,
  type AuditEvent,
  type AuditQuery,
  type AuditReader,
  type AuditTarget,
  type RecordedAuditEvent,
} from '../../domain/audit-event.ts';
import type { ImpersonationRule } from '../../domain/impersonation-rule.ts';
import type { Party } from '../../domain/party.ts';
import { covers, isRootTenancy, type Tenancy } from '../../domain/tenancy.ts';
import { isAnswerable, pageStart, sha256, type PageStart } from '../audit-entry.ts';
import { pageOf } from '../directory-query.ts';
import { copy, keepableEvent } from '../values.ts';
import type { State, Tables } from './tables.ts';

/** Adds events to the end of the chain. */
export function appendAuditEvents(state: Pick<State, 'tables' | 'auditEvents'>, events: readonly AuditEvent[]): void {
  for (const given of events) {
    const kept = keepableEvent(given);
    const organization = kept.organization ?? organizationOf(state, belonging(kept));
    const event: AuditEvent = organization === undefined ? kept : { ...kept, organization };
    const previous = state.auditEvents.at(-1)?.hash ?? FIRST_LINK;
    state.auditEvents.push({ ...event, id: String(state.auditEvents.length + 1), hash: linkAfter(previous, event, sha256) });
  }
}

/** Whose events these are. What is gone belongs where its last event belonged. */
function organizationOf({ tables, auditEvents }: Pick<State, 'tables' | 'auditEvents'>, { kind, id }: AuditTarget): string | undefined {
  switch (kind) {
    case 'grant':
      return tables.users.get(tables.grants.get(id)?.userId ?? '')?.organization;
    case 'assignment':
      return organizationOfParty(tables, tables.assignments.get(id)?.party);
    case 'impersonation_rule':
      return lowestOfBoth(tables, tables.impersonationRules.get(id));
    case 'organization':
      return id;
    default: {
      const table = OWNED.get(kind)?.(tables);
      const owned = table?.get(id);
      if (table === undefined || owned !== undefined) return owned?.organization;
      return auditEvents.findLast(({ target }) => target.kind === kind && target.id === id)?.organization;
    }
  }
}

type Owned = ReadonlyMap<string, { readonly organization?: string | undefined }>;

const OWNED: ReadonlyMap<string, (tables: Tables) => Owned> = new Map<string, (tables: Tables) => Owned>([
  ['user', ({ users }) => users],
  ['user_group', ({ userGroups }) => userGroups],
  ['client', ({ clients }) => clients],
  ['security_profile', ({ securityProfiles }) => securityProfiles],
  ['invitation', ({ invitations }) => invitations],
]);

function organizationOfParty(tables: Tables, party: Party | undefined): string | undefined {
  if (party === undefined || party.kind === 'organization') return party?.id;
  return OWNED.get(party.kind)!(tables).get(party.id)?.organization;
}

/** The lowest organization that has both sides: whoever may see both may see the rule. */
function lowestOfBoth(tables: Tables, rule: ImpersonationRule | undefined): string | undefined {
  const [path, other] = [rule?.impersonator, rule?.target].map((party) => tables.organizations.get(organizationOfParty(tables, party) ?? '')?.path);
  return path?.findLast((id) => other?.includes(id) === true);
}

export function memoryAudit(read: () => State): AuditReader {
  return {
    list: async (query) => {
      const { tables, auditEvents } = read();
      const start = pageStart(query);
      const matching = isAnswerable(query) ? auditEvents.filter((event) => isSeen(tables, event, query.tenancy) && matches(event, query)) : [];
      const direction = query.descending ? -1 : 1;
      const ordered = matching.map((event) => ({ event, place: placeOf(event) })).sort((a, b) => direction * compare(a.place, b.place));
      const rest = start === undefined ? ordered : ordered.filter(({ place }) => direction * compare(place, start) > 0);
      const found = copy(rest.slice(0, query.limit + 1).map(({ event }) => event));
      return pageOf(found, query.limit, { position: positionOfEvent, total: query.total ? matching.length : undefined });
    },
    walk: async ({ after = 0, limit }) => copy(read().auditEvents.slice(after, after + limit)),
    find: async (id, tenancy) => {
      const { tables, auditEvents } = read();
      const found = auditEvents.find((event) => event.id === id);
      return found !== undefined && isSeen(tables, found, tenancy) ? copy(found) : undefined;
    },
    readHead: async () => {
      const { auditEvents } = read();
      return { events: auditEvents.length, hash: auditEvents.at(-1)?.hash ?? FIRST_LINK };
    },
  };
}

const placeOf = ({ at, id }: RecordedAuditEvent): PageStart => ({ at, number: Number(id) });
const compare = (a: PageStart, b: PageStart): number => a.at.getTime() - b.at.getTime() || a.number - b.number;

function isSeen(tables: Tables, { organization }: RecordedAuditEvent, tenancy: Tenancy): boolean {
  const path = organization === undefined ? undefined : tables.organizations.get(organization)?.path;
  return path === undefined ? isRootTenancy(tenancy) : covers(tenancy, path);
}

function matches(event: RecordedAuditEvent, { filters }: AuditQuery): boolean {
  const { type, actor, onBehalfOf, targetKind, targetId, requestId, from, until } = filters;
  const texts: readonly (readonly [string | undefined, string | undefined])[] = [
    [type, event.type],
    [actor, event.actor.id],
    [onBehalfOf, event.onBehalfOf?.id],
    [targetKind, event.target.kind],
    [targetId, event.target.id],
    [requestId, event.requestId],
  ];
  return (
    texts.every(([wanted, given]) => wanted === undefined || wanted === given) &&
    (from === undefined || event.at >= from) &&
    (until === undefined || event.at < until)
  );
}
