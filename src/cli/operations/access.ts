/** Operations that explain: why somebody has a role, and what their token would carry. */
import type { AccessPath, Subject } from '../../domain/access.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Party } from '../../domain/party.ts';
import type { StoreTransaction } from '../../domain/ports.ts';
import type { Verdict } from '../../domain/scope.ts';
import type { Question } from '../../services/explain.ts';
import { accessTokenLifetime } from '../../services/prepared-client.ts';
import { accessTokenSize } from '../../services/token-size.ts';
import { accessTokenClaims } from '../../services/token-claims.ts';
import { nearest } from '../../workspace/suggest.ts';
import { isoOf, type Operation, type OperationContext } from '../operation.ts';

export interface QuestionParameters {
  /** Id or user name; unset: the client itself, as with client_credentials. */
  readonly user?: string | undefined;
  readonly client?: string | undefined;
  readonly audience?: string | undefined;
  /** Unset: now. */
  readonly at?: string | undefined;
}

export interface SubjectDocument {
  readonly kind: 'user' | 'client';
  readonly id: string;
  readonly username: string | null;
  readonly organization: string | null;
  readonly organization_type: string | null;
}

export interface PartyDocument {
  readonly kind: Party['kind'];
  readonly id: string;
  readonly name: string;
  /** Of a user group. */
  readonly organization: string | null;
}

export interface PathDocument {
  readonly state: AccessPath['state'];
  readonly assignment: string;
  readonly security_profile: { readonly id: string; readonly name: string };
  readonly party: PartyDocument;
  readonly include_descendants: boolean;
  readonly client: string | null;
  readonly from: string | null;
  readonly until: string | null;
  readonly assigned_by: string | null;
  readonly assigned_at: string;
  readonly reason: string | null;
}

export interface WhyDocument {
  readonly at: string;
  readonly role: string;
  readonly subject: SubjectDocument;
  /** Whose roles count when it is not the subject: the client's context user. */
  readonly context_user: SubjectDocument | null;
  readonly client: string | null;
  readonly audience: string | null;
  readonly verdict: Verdict;
  /** Why there would be no token at all. */
  readonly objection: string | null;
  readonly paths: readonly PathDocument[];
  /** Profiles that have the role, with the one assignment that would give it, and what would be decided then. */
  readonly remedies: readonly {
    readonly security_profile: { readonly id: string; readonly name: string };
    readonly assignment: Readonly<Record<string, string>>;
    readonly verdict: Verdict;
  }[];
  /** A role of nearly that name, when there is none of that name. */
  readonly did_you_mean: string | null;
}

export const why: Operation<QuestionParameters & { readonly role: string }, WhyDocument> = {
  name: 'why',
  perform: async (context, { role, ...parameters }) => {
    const { app } = context;
    const question = await questionOf(context, parameters);
    const answer = await app.services.explain.why(question, role);
    const { catalogue } = await app.services.access.workspace();
    const { subject, acting, explanation } = answer;
    const parties = await partiesOf(context, explanation.paths);
    return {
      at: (question.at ?? new Date(app.clock.now())).toISOString(),
      role,
      subject: subjectDocument(subject),
      context_user: acting === subject ? null : subjectDocument(acting),
      client: parameters.client ?? null,
      audience: parameters.audience ?? null,
      verdict: explanation.verdict,
      objection: answer.objection ?? null,
      paths: explanation.paths.map((path) => pathDocument(path, parties)).sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state)),
      remedies: answer.profilesWithRole.map(({ id, name, verdictIfAssigned }) => ({
        security_profile: { id, name },
        assignment: { security_profile: id, ...(acting.kind === 'user' ? { user: acting.id } : { client_id: acting.id }) },
        verdict: verdictIfAssigned,
      })),
      did_you_mean: explanation.verdict === 'unknown' ? (nearest(role, catalogue.roles) ?? null) : null,
    };
  },
};

export interface PreviewDocument {
  readonly at: string;
  readonly subject: SubjectDocument;
  readonly context_user: SubjectDocument | null;
  readonly client: string;
  readonly audience: string;
  readonly objection: string | null;
  readonly names: readonly { readonly name: string; readonly verdict: Verdict }[];
  readonly scope: string;
  readonly roles: readonly string[];
  /** When the first of the granted roles ends, which ends the token. */
  readonly roles_until: string | null;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Of the signed token. */
  readonly bytes: number;
}

export const preview: Operation<QuestionParameters & { readonly client: string; readonly scope?: string | undefined }, PreviewDocument> = {
  name: 'preview',
  perform: async (context, { scope, ...parameters }) => {
    const { app } = context;
    const { issuer, accessTokenLifetimeSeconds } = app.config;
    const question = await questionOf(context, parameters);
    const { subject, acting, negotiation, explanations, objection, client, resourceServer } = await app.services.explain.preview(question, scope);
    const at = question.at?.getTime() ?? app.clock.now();
    const iat = Math.floor(at / 1000);
    const lifetime = accessTokenLifetime(client!.client, accessTokenLifetimeSeconds);
    const audience = resourceServer ?? { audience: issuer, name: 'Rolemint', signingAlg: 'ES256' as const, clients: [], roleSet: undefined };
    const scopeText = negotiation.granted.join(' ');
    // A token that comes with a refresh token carries the id of the grant as well.
    const jti =
      subject.kind === 'user' && client!.client.grantTypes.includes('refresh_token') ? `${app.random.id()}~${app.random.id()}` : app.random.id();
    const exp = Math.max(iat + 1, Math.min(iat + lifetime, Math.floor(negotiation.until / 1000)));
    const claims = accessTokenClaims(
      { iss: issuer, jti, iat, exp, scope: scopeText, roles: negotiation.granted },
      { subject, acting, request: { client: client!, dpopThumbprint: undefined }, resourceServer: audience },
    );
    return {
      at: new Date(at).toISOString(),
      subject: subjectDocument(subject),
      context_user: acting === subject ? null : subjectDocument(acting),
      client: parameters.client,
      audience: audience.audience,
      objection: objection ?? null,
      names: explanations.map(({ name, verdict }) => ({ name, verdict })),
      scope: scopeText,
      roles: negotiation.granted,
      roles_until: isoOf(negotiation.until),
      claims,
      bytes: accessTokenSize(claims, audience.signingAlg),
    };
  },
};

const STATES: readonly AccessPath['state'][] = ['in_force', 'not_yet_valid', 'other_client', 'expired'];

async function questionOf({ app }: OperationContext, { user, client, audience, at }: QuestionParameters): Promise<Question> {
  const { issuer } = app.config;
  await app.services.access.refresh(0);
  if (client !== undefined && (await app.services.access.client(client)) === undefined) {
    await app.services.clients.get(client);
    throw new DomainError('not_found', `The client ${JSON.stringify(client)} is disabled: nobody gets a token through it.`);
  }
  const { resourceServers } = await app.services.access.workspace();
  const wanted = audience ?? issuer;
  return {
    user: user === undefined ? undefined : await app.services.users.idOf(user),
    client,
    // The issuer is an audience also where no resource server stands for it.
    audience: wanted === issuer && !resourceServers.has(issuer) ? undefined : wanted,
    at: at === undefined ? undefined : new Date(at),
  };
}

function subjectDocument({ kind, id, username, organization }: Subject): SubjectDocument {
  return { kind, id, username: username ?? null, organization: organization?.id ?? null, organization_type: organization?.type ?? null };
}

function pathDocument({ reach, profileName, state }: AccessPath, parties: ReadonlyMap<string, PartyDocument>): PathDocument {
  return {
    state,
    assignment: reach.assignment,
    security_profile: { id: reach.profile, name: profileName },
    party: parties.get(keyOf(reach.party))!,
    include_descendants: reach.includeDescendants,
    client: reach.client ?? null,
    from: isoOf(reach.from),
    until: isoOf(reach.until),
    assigned_by: reach.assignedBy ?? null,
    assigned_at: new Date(reach.assignedAt).toISOString(),
    reason: reach.reason ?? null,
  };
}

const keyOf = ({ kind, id }: Party): string => `${kind} ${id}`;

/** The parties of these paths with what people call them. */
async function partiesOf({ app }: OperationContext, paths: readonly AccessPath[]): Promise<ReadonlyMap<string, PartyDocument>> {
  const parties = paths.map(({ reach }) => reach.party);
  return app.store.transaction((tx) => named(tx, parties), { rollback: true });
}

async function named(tx: StoreTransaction, parties: readonly Party[]): Promise<ReadonlyMap<string, PartyDocument>> {
  const ids = (kind: Party['kind']) => [...new Set(parties.filter((party) => party.kind === kind).map(({ id }) => id))];
  const groups = await tx.userGroups.findMany(ids('user_group'));
  const organizations = await tx.organizations.findMany([...ids('organization'), ...[...groups.values()].map(({ organization }) => organization)]);
  const users = await tx.users.findMany(ids('user'));
  const clients = await tx.clients.findMany(ids('client'));
  const nameOf = ({ kind, id }: Party): string | undefined => {
    if (kind === 'user') return users.get(id)?.username;
    if (kind === 'user_group') return groups.get(id)?.name;
    return kind === 'organization' ? organizations.get(id)?.name : clients.get(id)?.clientName;
  };
  return new Map(
    parties.map((party) => {
      const owner = party.kind === 'user_group' ? groups.get(party.id)?.organization : undefined;
      const organization = owner === undefined ? null : (organizations.get(owner)?.name ?? owner);
      return [keyOf(party), { ...party, name: nameOf(party) ?? party.id, organization }];
    }),
  );
}

export const ACCESS_OPERATIONS = [why, preview];
