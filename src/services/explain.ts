/**
 * @module Answers "why does she have this role?" and "what would her token carry?" with the function that issues tokens,
 * on what the store says now.
 */
import { holdings, type Holdings, type Reach, type Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { DomainError } from '../domain/errors.ts';
import {
  explain,
  judge,
  negotiate,
  omittedNames,
  parseScope,
  type Explanation,
  type Negotiation,
  type ScopeLimits,
  type Verdict,
} from '../domain/scope.ts';
import type { Clock } from '../domain/ports.ts';
import type { AccessService, PreparedResourceServer } from './access.ts';
import { objectionTo } from './admission.ts';
import type { PreparedClient } from './prepared-client.ts';

/** Whose token, through which client, for which API, when. */
export interface Question {
  /** Undefined: the client itself, as with client_credentials. */
  readonly user?: string | undefined;
  readonly client: string | undefined;
  readonly audience?: string | undefined;
  /** Undefined: now. */
  readonly at?: Date | undefined;
}

export interface Why {
  readonly subject: Subject;
  /** Whose roles count: the subject, or the client's context user. */
  readonly acting: Subject;
  readonly explanation: Explanation;
  /** Why there would be no token at all, whatever is held; undefined: there would. */
  readonly objection: string | undefined;
  /** Profiles that have the role, whether or not they reach the subject; by name. */
  readonly profilesWithRole: readonly ProfileWithRole[];
}

export interface ProfileWithRole {
  readonly id: string;
  readonly name: string;
  /** What would be decided on the role if this profile were assigned to the one who acts, from now on. */
  readonly verdictIfAssigned: Verdict;
}

export interface Preview {
  readonly subject: Subject;
  readonly acting: Subject;
  readonly negotiation: Negotiation;
  readonly explanations: readonly Explanation[];
  /** Why there would be no token at all; undefined: there would. */
  readonly objection: string | undefined;
  readonly client: PreparedClient | undefined;
  /** Undefined: the issuer itself, which no resource server stands for. */
  readonly resourceServer: PreparedResourceServer | undefined;
}

interface Case {
  readonly catalogue: Catalogue;
  readonly subject: Subject;
  readonly acting: Subject;
  readonly held: Holdings;
  readonly limits: ScopeLimits;
  readonly objection: string | undefined;
  readonly client: PreparedClient | undefined;
  readonly resourceServer: PreparedResourceServer | undefined;
}

export class ExplainService {
  readonly #access: AccessService;
  readonly #clock: Clock;

  constructor(access: AccessService, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /** @throws `not_found` when user, client or audience does not exist */
  async why(question: Question, role: string): Promise<Why> {
    const asked = await this.#case(question);
    const { catalogue, subject, acting, held, limits, objection } = asked;
    const [explanation] = explain(catalogue, held, limits, [role]);
    return { subject, acting, explanation: explanation!, objection, profilesWithRole: profilesWith(asked, role) };
  }

  /**
   * @param scope undefined or empty: as when a request has none (RFC 6749 §3.1)
   * @throws `not_found`, and `invalid_input` for a string that is not a scope
   */
  async preview(question: Question, scope: string | undefined): Promise<Preview> {
    const { catalogue, subject, acting, held, limits, objection, client, resourceServer } = await this.#case(question);
    const requested = scope === undefined || scope === '' ? omittedNames(catalogue, held, client?.omittedScope ?? 'all') : parseScope(scope);
    if (requested === undefined) throw new DomainError('invalid_input', 'This is not a scope: at most 1,000 names with single spaces between them.');
    return {
      subject,
      acting,
      negotiation: negotiate(catalogue, held, limits, requested),
      explanations: explain(catalogue, held, limits, requested),
      objection,
      client,
      resourceServer,
    };
  }

  async #case({ user, client: clientId, audience, at }: Question): Promise<Case> {
    await this.#access.refresh(0);
    const { catalogue, resourceServers } = await this.#access.workspace();
    const client = clientId === undefined ? undefined : found(await this.#access.client(clientId), 'client', clientId);
    const resourceServer = audience === undefined ? undefined : found(resourceServers.get(audience), 'resource server', audience);
    const subject = user === undefined ? await this.#clientSubject(clientId) : found(await this.#access.subject('user', user), 'user', user);
    const contextUser = user === undefined ? client?.client.contextUser : undefined;
    const acting = contextUser === undefined ? subject : found(await this.#access.subject('user', contextUser), 'user', contextUser);
    const held = holdings(catalogue, acting, clientId, at?.getTime() ?? this.#clock.now());
    const limits = { maximumRoles: client?.maximumRoles, resourceServerRoles: resourceServer?.roleSet };
    const objection = objectionIn({ catalogue, subject, acting, held, client });
    return { catalogue, subject, acting, held, limits, objection, client, resourceServer };
  }

  async #clientSubject(clientId: string | undefined): Promise<Subject> {
    if (clientId === undefined) throw new DomainError('invalid_input', 'Name a user, a client, or both.');
    return found(await this.#access.subject('client', clientId), 'client', clientId);
  }
}

function found<T>(value: T | undefined, noun: string, id: string): T {
  if (value === undefined) throw new DomainError('not_found', `There is no ${noun} ${JSON.stringify(id)}.`);
  return value;
}

function objectionIn({
  catalogue,
  subject,
  acting,
  held,
  client,
}: Pick<Case, 'catalogue' | 'subject' | 'acting' | 'held' | 'client'>): string | undefined {
  if (subject.kind === 'client') {
    if (!subject.active) return 'the client or its organization is disabled';
    return acting.active ? undefined : `its context user ${acting.id} is disabled`;
  }
  if (client === undefined) return subject.active ? undefined : 'the user or its organization is disabled';
  return objectionTo({ user: subject, client: client.client, catalogue, holdings: () => held });
}

function profilesWith({ catalogue, acting, held, limits }: Case, role: string): ProfileWithRole[] {
  const position = catalogue.indexOf(role);
  if (position === undefined) return [];
  const ifAssigned = (profile: string): Verdict => {
    const reach: Reach = {
      assignment: '',
      profile,
      party: { kind: acting.kind, id: acting.id },
      includeDescendants: false,
      from: -Infinity,
      until: Infinity,
      assignedAt: held.at,
    };
    return judge(catalogue, holdings(catalogue, { ...acting, reaches: [reach] }, held.client, held.at), limits, role);
  };
  return [...catalogue.profiles()]
    .filter(({ roles }) => roles.includes(position))
    .map(({ profile }) => ({ id: profile.id, name: profile.name, verdictIfAssigned: ifAssigned(profile.id) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
