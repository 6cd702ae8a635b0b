/**
 * @module Unit tests of the policy: an expectation says which roles a token would carry, and is put to the function that
 * issues tokens, on the state that a change leads to.
 *
 * A request that would be refused carries no roles, so `roles: []` holds for it. An expectation for a user without `via`
 * is about no particular client: nothing narrows it, and without `scope` it is about everything that the user holds.
 */
import { holdings, isEffective, type Holdings, type Instant, type Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { admitsOrganization, type Client } from '../domain/client.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { OIDC_SCOPES } from '../domain/role.ts';
import { negotiate, omittedNames, parseScope } from '../domain/scope.ts';
import type { Problem } from './problem.ts';
import type { Declared } from './schema.ts';
import { didYouMean } from './suggest.ts';
import { problemAt, type Workspace } from './workspace.ts';

interface Outcome {
  readonly roles: readonly string[];
  /** Why there would be no token at all. */
  readonly refused?: string;
  /** Names that were dropped, each with its verdict; and why others are missing. */
  readonly verdicts: ReadonlyMap<string, string>;
}

/** @returns a problem for each expectation that does not hold */
export async function checkExpectations(tx: StoreTransaction, workspace: Workspace, catalogue: Catalogue, at: Instant): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const entry of workspace.expectations) {
    if (entry.declared === undefined) continue;
    const outcome = await evaluate(tx, entry.declared, catalogue, at);
    const expected = new Set(entry.declared.roles);
    const found = new Set(outcome.roles);
    if (expected.size === found.size && [...expected].every((role) => found.has(role))) continue;
    problems.push(problemAt(entry, ['roles'], explainFailure(entry.declared, outcome, catalogue)));
  }
  return problems;
}

const list = (names: readonly string[]): string => (names.length === 0 ? 'no roles' : names.join(' '));

function explainFailure(expectation: Declared<'expectations'>, { roles, refused, verdicts }: Outcome, catalogue: Catalogue): string {
  const expected = [...expectation.roles].sort();
  const missing = expected
    .filter((role) => !roles.includes(role))
    .map((role) => {
      const why =
        catalogue.indexOf(role) === undefined ? `nobody knows it.${didYouMean(role, catalogue.roles)}` : (verdicts.get(role) ?? 'not requested');
      return `${role} (${why})`;
    });
  const surplus = roles.filter((role) => !expected.includes(role));
  return [
    `the expectation fails: expected ${list(expected)}; found ${list(roles)}.`,
    ...(refused === undefined ? [] : [`There is no token at all: ${refused}.`]),
    ...(missing.length === 0 || refused !== undefined ? [] : [`Missing: ${missing.join(', ')}.`]),
    ...(surplus.length === 0 ? [] : [`Not expected: ${surplus.join(', ')}.`]),
  ].join(' ');
}

async function evaluate(tx: StoreTransaction, expectation: Declared<'expectations'>, catalogue: Catalogue, at: Instant): Promise<Outcome> {
  const clientId = expectation.client_id ?? expectation.via;
  const client = clientId === undefined ? undefined : (await tx.clients.findMany([clientId])).get(clientId);
  const subject = await subjectOf(tx, expectation, client);
  const refused = await refusal(tx, expectation, { client, subject });
  if (refused !== undefined || subject === undefined) return { roles: [], refused: refused ?? 'the subject does not exist', verdicts: new Map() };
  const held = holdings(catalogue, subject, clientId, at);
  const lacking = expectation.user === undefined ? undefined : client?.minimumRoles.find((role) => !holds(catalogue, held, role));
  if (lacking !== undefined) return { roles: [], refused: `the client demands ${lacking}, which the user does not have`, verdicts: new Map() };
  const requested = requestedNames(expectation, { catalogue, held, client });
  const limits = { maximumRoles: client?.maximumRoles && new Set(client.maximumRoles) };
  const { granted, dropped } = negotiate(catalogue, held, limits, requested);
  return { roles: granted, verdicts: new Map(dropped.map(({ name, verdict }) => [name, verdict])) };
}

function holds(catalogue: Catalogue, held: Holdings, name: string): boolean {
  const role = catalogue.indexOf(name);
  return role !== undefined && isEffective(catalogue, held, role);
}

async function subjectOf(tx: StoreTransaction, expectation: Declared<'expectations'>, client: Client | undefined): Promise<Subject | undefined> {
  const userId = expectation.user ?? client?.contextUser;
  if (userId !== undefined) return tx.access.findUser(userId);
  return client === undefined ? undefined : tx.access.findClient(client.clientId);
}

async function refusal(
  tx: StoreTransaction,
  expectation: Declared<'expectations'>,
  { client, subject }: { readonly client: Client | undefined; readonly subject: Subject | undefined },
): Promise<string | undefined> {
  if (client?.active === false) return 'the client is not active';
  if (subject?.active === false) return 'the subject, or an organization that it belongs to, is not active';
  if (client === undefined) return undefined;
  if ((await tx.access.findClient(client.clientId))?.active === false) return 'the organization of the client is not active';
  if (expectation.user === undefined)
    return client.grantTypes.includes('client_credentials') ? undefined : 'the client may not use client_credentials';
  if (subject?.organization !== undefined && !admitsOrganization(client.allowedOrganizations, subject.organization))
    return 'the client does not admit the organization of the user';
  return undefined;
}

function requestedNames(
  { scope }: Declared<'expectations'>,
  { catalogue, held, client }: { readonly catalogue: Catalogue; readonly held: Holdings; readonly client: Client | undefined },
): readonly string[] {
  // RFC 6749 §3.1: a parameter without a value counts as omitted.
  const omitted = scope === undefined || scope === null || scope === '';
  const names = omitted ? omittedNames(catalogue, held, client?.omittedScope ?? 'all') : (parseScope(scope) ?? []);
  return names.filter((name) => !OIDC_SCOPES.has(name));
}
