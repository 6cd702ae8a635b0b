/** @module Everything that an administrator can write, with arguments that numbers choose, foreign and forbidden ones included. */
import type { ApiAnswer, ApiClient } from '../../../support/administered.ts';
import type { State, Who } from './model.ts';
import { ADMINISTRATORS, HOUR } from './world.ts';

export interface Choice {
  readonly operation: number;
  readonly administrator: number;
  readonly numbers: readonly number[];
}

export interface Done {
  readonly said: string;
  readonly administrator: string;
  readonly answer: ApiAnswer;
  readonly takenOver?: Who | undefined;
}

/** Draws one after the other; when the numbers run out they start again. */
class Draw {
  readonly #numbers: readonly number[];
  #next = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  number(below: number): number {
    const number = this.#numbers[this.#next % this.#numbers.length]!;
    this.#next += 1;
    return number % below;
  }

  of<T>(list: readonly T[]): T {
    return list[this.number(list.length)]!;
  }

  some<T>(list: readonly T[]): T[] {
    const bits = this.number(1 << list.length);
    return list.filter((_, index) => (bits & (1 << index)) !== 0);
  }

  sometimes(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return this.number(2) === 0 ? {} : fields;
  }
}

interface Given {
  readonly draw: Draw;
  readonly state: State;
  readonly now: number;
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly takesOver?: Who;
}

const FRESH = ['new1', 'new2', 'new3'];
const ROLES = ['A', 'B', 'Shopper', 'OrderReader', 'OrderAdmin', 'MarketAdmin', 'UserAdmin', 'ApiClientAdmin', 'Impersonation', 'FullAccess'];
const TYPES = ['seller', 'buyer', 'site', 'partner', 'kind1'];

const keys = (map: ReadonlyMap<string, unknown>, ...more: string[]): string[] => [...new Set([...map.keys(), ...more])].sort();
const known = {
  users: ({ state }: Given) => keys(state.users, ...FRESH),
  groups: ({ state }: Given) => keys(state.userGroups, 'group1', 'group2'),
  organizations: ({ state }: Given) => keys(state.organizations, 'org1', 'org2'),
  profiles: ({ state }: Given) => keys(state.securityProfiles, 'profile1', 'profile2'),
  clients: ({ state }: Given) => keys(state.clients, 'client1', 'client2'),
  assignments: ({ state }: Given) => keys(state.assignments),
  /** Who takes the own roles away cannot do anything any more. */
  removable: ({ state }: Given) =>
    [...state.assignments.values()].filter((assignment) => !ADMINISTRATORS.some((id) => id === assignment.party.id)).map(({ id }) => id),
  rules: ({ state }: Given) => keys(state.impersonationRules, 'rule1'),
};

/** An hour of the day around now, as text. */
const instant = ({ draw, now }: Given): string => new Date(Math.floor(now / HOUR) * HOUR + (draw.number(14) - 2) * HOUR).toISOString();
const window = (given: Given) => ({
  ...given.draw.sometimes({ valid_from: instant(given) }),
  ...given.draw.sometimes({ valid_until: instant(given) }),
});

function party(given: Given, kinds = 4): Record<string, string> {
  const { draw } = given;
  const kind = draw.number(kinds);
  if (kind === 0) return { user: draw.of(known.users(given)) };
  if (kind === 1) return { user_group: draw.of(known.groups(given)) };
  return kind === 2 ? { organization: draw.of(known.organizations(given)) } : { client_id: draw.of(known.clients(given)) };
}

const memberships = (given: Given) =>
  [...new Set([given.draw.of(known.groups(given)), given.draw.of(known.groups(given))])].map((user_group) => ({ user_group, ...window(given) }));

const permissions = ({ draw }: Given) => [
  { type: draw.of(['data/open', 'data/secret', 'data/*', 'data/late']), operations: [draw.of(['read', 'update', 'list'])] },
];

const profileFields = (given: Given) => ({
  roles: given.draw.some(ROLES),
  ...given.draw.sometimes({ permissions: permissions(given) }),
  ...given.draw.sometimes({ organization: given.draw.of(known.organizations(given)) }),
  ...(given.draw.number(9) === 0 ? { full_access: true } : {}),
});

const GRANTS = ['client_credentials', 'password', 'authorization_code', 'refresh_token'];
const clientFields = (given: Given) => ({
  ...given.draw.sometimes({ organization: given.draw.of(known.organizations(given)) }),
  ...given.draw.sometimes({ context_user: given.draw.of(known.users(given)) }),
  ...given.draw.sometimes({ maximum_roles: given.draw.some(ROLES) }),
  ...given.draw.sometimes({ grant_types: given.draw.some(GRANTS) }),
  ...given.draw.sometimes({ redirect_uris: ['https://elsewhere.example.com/'] }),
  ...given.draw.sometimes({ active: given.draw.number(2) === 0 }),
});

const userFields = (given: Given) => ({
  ...given.draw.sometimes({ organization: given.draw.of(known.organizations(given)) }),
  ...given.draw.sometimes({ user_groups: memberships(given) }),
  ...given.draw.sometimes({ active: given.draw.number(4) !== 0 }),
});

const assignmentFields = (given: Given) => ({
  security_profile: given.draw.of(known.profiles(given)),
  ...party(given),
  ...given.draw.sometimes({ client: given.draw.of(known.clients(given)) }),
  ...window(given),
  confirm: 'full_access',
});

const post = (path: string, body: unknown): Request => ({ method: 'POST', path, body });
const patch = (path: string, body: unknown): Request => ({ method: 'PATCH', path, body });
const remove = (path: string): Request => ({ method: 'DELETE', path });

const OPERATIONS: readonly ((given: Given) => Request)[] = [
  (given) => post('/assignments', assignmentFields(given)),
  (given) =>
    post('/assignments', {
      ...assignmentFields(given),
      security_profile: given.draw.of(['a', 'shopping', 'open', 'impersonating', 'administering', 'profile1']),
    }),
  (given) =>
    post('/assignments', {
      security_profile: given.draw.of(known.profiles(given)),
      organization: given.draw.of(known.organizations(given)),
      include_descendants: true,
    }),
  (given) => remove(`/assignments/${given.draw.of(known.removable(given))}`),
  (given) =>
    patch(`/assignments/${given.draw.of(known.assignments(given))}`, {
      ...given.draw.sometimes({ valid_until: given.draw.number(2) === 0 ? null : instant(given) }),
      ...given.draw.sometimes({ include_descendants: given.draw.number(2) === 0 }),
      confirm: 'full_access',
    }),
  (given) => post('/user-groups', { id: given.draw.of(known.groups(given)), organization: given.draw.of(known.organizations(given)) }),
  (given) => patch(`/user-groups/${given.draw.of(known.groups(given))}`, { organization: given.draw.of(known.organizations(given)) }),
  (given) => remove(`/user-groups/${given.draw.of(known.groups(given))}`),
  (given) => ({
    method: 'PUT',
    path: `/user-groups/${given.draw.of(known.groups(given))}/members/${given.draw.of(known.users(given))}`,
    body: window(given),
  }),
  (given) => remove(`/user-groups/${given.draw.of(known.groups(given))}/members/${given.draw.of(known.users(given))}`),
  (given) => post('/users', { id: given.draw.of(FRESH), organization: given.draw.of(known.organizations(given)), ...userFields(given) }),
  (given) => patch(`/users/${given.draw.of(known.users(given))}`, userFields(given)),
  (given) => remove(`/users/${given.draw.of(known.users(given))}`),
  (given) => {
    const id = given.draw.of(known.users(given));
    return { ...patch(`/users/${id}`, { email: `${given.draw.of(FRESH)}@example.com` }), takesOver: { kind: 'user', id } };
  },
  (given) => {
    const id = given.draw.of(known.users(given));
    return { ...post(`/users/${id}/password-link`, undefined), takesOver: { kind: 'user', id } };
  },
  (given) =>
    post('/organizations', { id: given.draw.of(['org1', 'org2']), type: given.draw.of(TYPES), parent: given.draw.of(known.organizations(given)) }),
  (given) =>
    patch(`/organizations/${given.draw.of(known.organizations(given))}`, {
      ...given.draw.sometimes({ parent: given.draw.number(5) === 0 ? null : given.draw.of(known.organizations(given)) }),
      ...given.draw.sometimes({ type: given.draw.of(TYPES) }),
    }),
  (given) => patch(`/organizations/${given.draw.of(['B2', 'B3', 'org1'])}`, { active: given.draw.number(2) === 0 }),
  (given) => post(`/organizations/${given.draw.of(known.organizations(given))}/move`, { parent: given.draw.of(known.organizations(given)) }),
  (given) => remove(`/organizations/${given.draw.of(known.organizations(given))}`),
  (given) => post('/security-profiles', { id: given.draw.of(['profile1', 'profile2']), ...profileFields(given) }),
  (given) => post('/security-profiles', { id: given.draw.of(['profile1', 'profile2']), permissions: permissions(given) }),
  (given) => patch(`/security-profiles/${given.draw.of(known.profiles(given))}`, profileFields(given)),
  (given) => patch(`/security-profiles/${given.draw.of(['profile1', 'profile2'])}`, { roles: given.draw.some(['A', 'Shopper', 'UserAdmin']) }),
  (given) => post(`/security-profiles/${given.draw.of(known.profiles(given))}/clone`, { id: given.draw.of(['profile1', 'profile2']) }),
  (given) => post(`/security-profiles/${given.draw.of(['profile1', 'profile2'])}/merge`, { take: 'all' }),
  (given) => remove(`/security-profiles/${given.draw.of(known.profiles(given))}`),
  (given) => post('/clients', { client_id: given.draw.of(['client1', 'client2']), ...clientFields(given) }),
  (given) => {
    const id = given.draw.of(known.clients(given));
    const body = clientFields(given);
    const takesOver = body['grant_types'] === undefined && body['redirect_uris'] === undefined ? {} : { takesOver: { kind: 'client', id } as const };
    return { ...patch(`/clients/${id}`, body), ...takesOver };
  },
  (given) => remove(`/clients/${given.draw.of(known.clients(given))}`),
  (given) => {
    const id = given.draw.of(known.clients(given));
    return { ...post(`/clients/${id}/secrets`, {}), takesOver: { kind: 'client', id } };
  },
  (given) =>
    post('/impersonation-rules', {
      id: given.draw.of(['rule1', 'rule2']),
      impersonator: party(given, 3),
      target: party(given, 3),
      security_profile: given.draw.of(known.profiles(given)),
      client: given.draw.of(known.clients(given)),
    }),
  (given) =>
    patch(`/impersonation-rules/${given.draw.of(known.rules(given))}`, {
      ...given.draw.sometimes({ impersonator: party(given, 3) }),
      ...given.draw.sometimes({ security_profile: given.draw.of(known.profiles(given)) }),
    }),
  (given) => remove(`/impersonation-rules/${given.draw.of(known.rules(given))}`),
  (given) => post('/organization-types', { name: 'kind1', parents: [given.draw.of(['seller', 'buyer'])], barred_resources: [] }),
  (given) =>
    patch(`/organization-types/${given.draw.of(TYPES)}`, {
      ...given.draw.sometimes({ barred_roles: given.draw.some(['MarketAdmin', 'A', 'B']) }),
      ...given.draw.sometimes({ barred_resources: given.draw.some(['clients', 'keys', 'resource_servers']) }),
      ...given.draw.sometimes({ parents: given.draw.some(['seller', 'buyer']) }),
    }),
  (given) => post('/roles', { name: given.draw.of(['Fresh', 'data/secret:update', 'data/secret:list']) }),
  (given) => remove(`/roles/${encodeURIComponent(given.draw.of(['Fresh', 'A', 'B', 'data/late:read', 'MarketAdmin']))}`),
  (given) =>
    patch(`/permission-types/${encodeURIComponent(given.draw.of(['data/open', 'data/secret', 'data/late', 'data/new']))}`, {
      operations: given.draw.some(['read', 'update', 'list']),
    }),
  (given) => post('/permission-types', { type: 'data/new', operations: given.draw.some(['read', 'update', 'list']) }),
  (given) => remove(`/permission-types/${encodeURIComponent(given.draw.of(['data/open', 'data/secret', 'data/new']))}`),
  (given) =>
    patch(`/resource-servers/${encodeURIComponent(given.draw.of(keys(given.state.resourceServers)))}`, {
      clients: [given.draw.of(known.clients(given))],
    }),
  (given) => post(`/workspace${given.draw.number(6) === 0 ? '?prune=true' : ''}`, workspace(given)),
];

/** A document with a few sections; also one that names what stays as it is. */
function workspace(given: Given): Record<string, unknown> {
  const { draw } = given;
  return {
    rolemint: 1,
    confirm: 'full_access',
    ...draw.sometimes({ user_groups: [{ id: draw.of(known.groups(given)), organization: draw.of(known.organizations(given)) }] }),
    ...draw.sometimes({ users: [{ id: draw.of(known.users(given)), ...userFields(given) }] }),
    ...draw.sometimes({ security_profiles: [{ id: draw.of(known.profiles(given)), ...profileFields(given) }] }),
    ...draw.sometimes({ clients: [{ client_id: draw.of(known.clients(given)), ...clientFields(given) }] }),
    ...draw.sometimes({ assignments: [{ ...assignmentFields(given), confirm: undefined }] }),
    ...draw.sometimes({ permission_types: [{ type: draw.of(['data/secret', 'data/late']), operations: draw.some(['read', 'update']) }] }),
  };
}

export const NUMBER_OF_OPERATIONS = OPERATIONS.length;

export async function perform(api: (administrator: string) => ApiClient, choice: Choice, given: Pick<Given, 'state' | 'now'>): Promise<Done> {
  const administrator = ADMINISTRATORS[choice.administrator % ADMINISTRATORS.length]!;
  const { method, path, body, takesOver } = OPERATIONS[choice.operation % OPERATIONS.length]!({ ...given, draw: new Draw(choice.numbers) });
  const answer = await api(administrator).call(method, path, body === undefined ? {} : { body });
  const said = `${administrator}: ${method} ${path} ${JSON.stringify(body)} → ${answer.status} ${String(answer.body?.title ?? '')}`;
  const isNew = takesOver !== undefined && !(takesOver.kind === 'user' ? given.state.users : given.state.clients).has(takesOver.id);
  return { said, administrator, answer, takenOver: answer.status < 300 && !isNew ? takesOver : undefined };
}
