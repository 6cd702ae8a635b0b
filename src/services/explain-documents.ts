/** @module Explains as far as whoever asks may see: names, people and reasons of what lies outside stay out of the answer. */
import type { AccessPath, Subject } from '../domain/access.ts';
import { DomainError } from '../domain/errors.ts';
import type { Party, PartyKind } from '../domain/party.ts';
import type { Clock, Random, Store } from '../domain/ports.ts';
import { covers, EVERYTHING, type Tenancy } from '../domain/tenancy.ts';
import {
  isoOrNull,
  pathDocuments,
  subjectDocument,
  type EffectiveRolesDocument,
  type PartyDocument,
  type PreviewDocument,
  type SeenParties,
  type WhyDocument,
} from './access-documents.ts';
import type { AccessService } from './access.ts';
import { heldRoles } from './effective-roles.ts';
import type { ExplainService, ProfileWithRole, Question } from './explain.ts';
import { ALL } from './one-time-links.ts';
import { accessTokenLifetime } from './prepared-client.ts';
import { accessTokenClaims, ownResourceServer, type OwnResourceServerOptions } from './token-claims.ts';
import { accessTokenSize } from './token-size.ts';

export interface ExplainDocumentsOptions extends OwnResourceServerOptions {
  readonly accessTokenLifetimeSeconds: number;
  readonly explain: ExplainService;
  readonly access: AccessService;
  readonly store: Pick<Store, 'directory'>;
  readonly clock: Clock;
  readonly random: Random;
  /** The name that was probably meant. */
  readonly nearest: (found: string, candidates: Iterable<string>) => string | undefined;
}

/** Who reads the answer: somebody who administers a part of the tree, or the user whom it is about. */
export type Viewer = { readonly kind: 'administrator'; readonly tenancy: Tenancy } | { readonly kind: 'self' };

/** The command line, with the database in its hands. */
export const OPERATOR: Viewer = { kind: 'administrator', tenancy: EVERYTHING };

/** A profile that hardly anybody can find is no remedy, nor is the thousandth. */
const MOST_REMEDIES = 100;
const MOST_CANDIDATES = 1000;

const NOUN_OF = { user: 'users', user_group: 'user_groups', organization: 'organizations', client: 'clients' } as const satisfies Record<
  PartyKind,
  string
>;

export class ExplainDocuments {
  readonly #options: ExplainDocumentsOptions;

  constructor(options: ExplainDocumentsOptions) {
    this.#options = options;
  }

  /**
   * Why a role is, or is not, in a token; by every path, or by what is missing.
   * @param question about subjects whom the viewer may see
   * @throws `not_found` when user, client or audience does not exist, or the client is disabled
   */
  async why(question: Question, role: string, viewer: Viewer): Promise<WhyDocument> {
    const { explain, access, clock, nearest } = this.#options;
    const asked = await this.#prepared(question);
    const { subject, acting, explanation, objection, profilesWithRole } = await explain.why(asked, role);
    const { catalogue } = await access.workspace();
    const remedies = await this.#remedies(profilesWithRole, viewer);
    const mayGuess = explanation.verdict === 'unknown' && viewer.kind === 'administrator';
    return {
      at: (question.at ?? new Date(clock.now())).toISOString(),
      role,
      subject: subjectDocument(subject),
      context_user: acting === subject ? null : subjectDocument(acting, isSeen(acting, viewer)),
      client: question.client ?? null,
      audience: question.audience ?? null,
      verdict: explanation.verdict,
      objection: objection ?? null,
      paths: pathDocuments(explanation.paths, acting, await this.#seen(explanation.paths, acting, viewer)),
      remedies: remedies.map(({ id, name, verdictIfAssigned }) => ({
        security_profile: { id, name },
        assignment: { security_profile: id, ...(acting.kind === 'user' ? { user: acting.id } : { client_id: acting.id }) },
        verdict: verdictIfAssigned,
      })),
      did_you_mean: mayGuess ? (nearest(role, catalogue.roles) ?? null) : null,
    };
  }

  /**
   * What a token would carry, without one being issued.
   * @param scope undefined: as when a request has none
   * @throws `not_found` as {@link why}, and `invalid_input` for a string that is not a scope
   */
  async preview(question: Question & { readonly client: string }, scope: string | undefined, viewer: Viewer): Promise<PreviewDocument> {
    const { explain, issuer, orderCloudApi, accessTokenLifetimeSeconds, clock, random } = this.#options;
    const asked = await this.#prepared(question);
    const { subject, acting, negotiation, explanations, objection, client, resourceServer } = await explain.preview(asked, scope);
    const at = question.at?.getTime() ?? clock.now();
    const iat = Math.floor(at / 1000);
    const audience = resourceServer ?? ownResourceServer({ issuer, orderCloudApi }, acting);
    const scopeText = negotiation.granted.join(' ');
    // A token that comes with a refresh token carries the id of the grant as well.
    const hasGrant = subject.kind === 'user' && client!.client.grantTypes.includes('refresh_token');
    const jti = hasGrant ? `${random.id()}~${random.id()}` : random.id();
    const grantType = subject.kind === 'client' ? 'client_credentials' : 'password';
    const ends = Math.min(iat + accessTokenLifetime(client!.client, accessTokenLifetimeSeconds, grantType), Math.floor(negotiation.until / 1000));
    const claims = accessTokenClaims(
      { iss: issuer, jti, iat, exp: Math.max(iat + 1, ends), scope: scopeText, roles: negotiation.granted },
      { subject, acting, request: { client: client!, dpopThumbprint: undefined }, resourceServer: audience },
    );
    return {
      at: new Date(at).toISOString(),
      subject: subjectDocument(subject),
      context_user: acting === subject ? null : subjectDocument(acting, isSeen(acting, viewer)),
      client: question.client,
      audience: audience.audience,
      objection: objection ?? null,
      names: explanations.map(({ name, verdict }) => ({ name, verdict })),
      scope: scopeText,
      roles: negotiation.granted,
      roles_until: isoOrNull(negotiation.until),
      claims,
      bytes: accessTokenSize(claims, audience.signingAlg),
    };
  }

  /** Everything that a user holds at an instant, and by which ways. @throws `not_found` */
  async effectiveRoles({ user, client, at }: EffectiveRolesQuestion, viewer: Viewer): Promise<EffectiveRolesDocument> {
    const { access, clock } = this.#options;
    await access.refresh(0);
    const subject = await access.subject('user', user);
    if (subject === undefined) throw unknown('user', user);
    const { catalogue } = await access.workspace();
    const instant = at?.getTime() ?? clock.now();
    const roles = heldRoles(catalogue, subject, { client, at: instant });
    const paths = [...new Map(roles.flatMap((role) => role.paths.map((path) => [path.reach, path] as const))).values()];
    return {
      at: new Date(instant).toISOString(),
      subject: subjectDocument(subject),
      client: client ?? null,
      roles: roles.map(({ role, barred, until, paths: ways }) => ({
        role,
        barred,
        until: isoOrNull(until),
        assignments: ways.map(({ reach }) => reach.assignment),
      })),
      paths: pathDocuments(paths, subject, await this.#seen(paths, subject, viewer)),
    };
  }

  async #prepared(question: Question): Promise<Question> {
    const { access, store, issuer } = this.#options;
    const { client, audience } = question;
    await access.refresh(0);
    if (client !== undefined && (await access.client(client)) === undefined) {
      if (!(await store.directory.find('clients', [client], ALL)).has(client)) throw unknown('client', client);
      throw new DomainError('not_found', `The client ${JSON.stringify(client)} is disabled: nobody gets a token through it.`);
    }
    const { resourceServers } = await access.workspace();
    const wanted = audience ?? issuer;
    // The issuer is an audience also where no resource server stands for it.
    return { ...question, audience: wanted === issuer && !resourceServers.has(issuer) ? undefined : wanted };
  }

  /** Profiles that whoever asks may see, and so could assign. */
  async #remedies(profiles: readonly ProfileWithRole[], viewer: Viewer): Promise<readonly ProfileWithRole[]> {
    if (viewer.kind === 'self') return [];
    const candidates = profiles.slice(0, MOST_CANDIDATES);
    const visible = await this.#options.store.directory.find(
      'security_profiles',
      candidates.map(({ id }) => id),
      { tenancy: viewer.tenancy, inherited: true },
    );
    return candidates.filter(({ id }) => visible.has(id)).slice(0, MOST_REMEDIES);
  }

  /** What people call the parties of these paths, at most one statement for each kind of party. */
  async #seen(paths: readonly AccessPath[], subject: Subject, viewer: Viewer): Promise<SeenParties> {
    const { directory } = this.#options.store;
    const parties = paths.map(({ reach }) => reach.party).filter((party) => viewer.kind === 'administrator' || isOwn(party, subject));
    const visibility = viewer.kind === 'self' ? ALL : { tenancy: viewer.tenancy, inherited: false };
    const find = <K extends PartyKind>(kind: K, more: readonly string[] = []) => {
      const ids = [...new Set([...parties.filter((party) => party.kind === kind).map(({ id }) => id), ...more])];
      return ids.length === 0 ? undefined : directory.find(NOUN_OF[kind], ids, visibility);
    };
    const [users, groups, clients] = await Promise.all([find('user'), find('user_group'), find('client')]);
    const organizations = await find(
      'organization',
      Array.from(groups?.values() ?? [], ({ organization }) => organization),
    );
    const nameOf = ({ kind, id }: Party): string | undefined => {
      if (kind === 'user') return users?.get(id)?.username;
      if (kind === 'user_group') return groups?.get(id)?.name;
      return kind === 'organization' ? organizations?.get(id)?.name : clients?.get(id)?.clientName;
    };
    return (party): PartyDocument | undefined => {
      const name = nameOf(party);
      if (name === undefined) return undefined;
      const owner = party.kind === 'user_group' ? groups?.get(party.id)?.organization : undefined;
      return { ...party, name, organization: owner === undefined ? null : (organizations?.get(owner)?.name ?? owner) };
    };
  }
}

export interface EffectiveRolesQuestion {
  readonly user: string;
  /** Undefined: only assignments that are not limited to a client count. */
  readonly client?: string | undefined;
  /** Undefined: now. */
  readonly at?: Date | undefined;
}

const isSeen = ({ organization }: Subject, viewer: Viewer): boolean => viewer.kind === 'administrator' && covers(viewer.tenancy, organization?.path);

/** Whether the party is the user, a group it is in, or its organization. */
function isOwn({ kind, id }: Party, { id: user, memberships, organization }: Subject): boolean {
  if (kind === 'user') return id === user;
  return kind === 'user_group' ? memberships.some(({ userGroup }) => userGroup === id) : kind === 'organization' && id === organization?.id;
}

const unknown = (noun: string, id: string): DomainError => new DomainError('not_found', `There is no ${noun} ${JSON.stringify(id.slice(0, 200))}.`);
