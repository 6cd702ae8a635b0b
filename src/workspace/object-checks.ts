/** @module Objects do not contradict themselves or each other: clients and their secrets, assignments, names of users. */
import { assertAssignment, type Assignment } from '../domain/assignment.ts';
import { isProven, type Client, type ClientSecret } from '../domain/client.ts';
import { DomainError } from '../domain/errors.ts';
import { canonicalUsername, type User } from '../domain/party.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { assertSecurityProfile, type SecurityProfile } from '../domain/security-profile.ts';
import { soundEntries, type Desired } from './desired.ts';
import { printPlace, type Path, type Problem } from './problem.ts';
import type { Declared } from './schema.ts';
import { batches } from './sections.ts';
import { problemAt, type Entry, type Workspace } from './workspace.ts';

/** How the declared clients come to their secrets. */
export interface SecretSources {
  /** Unexpired ones that are stored. */
  readonly secrets: ReadonlyMap<string, readonly ClientSecret[]>;
  /** One is made for every client that needs it. */
  readonly generated: boolean;
}

export function checkClients(workspace: Workspace, desired: Desired, { secrets, generated }: SecretSources): Problem[] {
  const problems: Problem[] = [];
  for (const entry of soundEntries(workspace, 'clients')) {
    const client = desired.objects.clients.get(entry.key) as Client;
    const report = (field: Path, message: string) => problems.push(problemAt(entry, field, message));
    checkAuthentication(client, entry, { secrets: secrets.get(entry.key) ?? [], generated }, report);
    if (!isProven(client) && client.isAnonymousBuyer !== true && client.grantTypes.includes('client_credentials')) {
      report(['grant_types'], 'client_credentials is for clients that authenticate; token_endpoint_auth_method is none.');
    }
    if (client.isAnonymousBuyer === true && client.contextUser === undefined) report(['context_user'], 'is missing: is_anonymous_buyer needs it.');
    if (client.grantTypes.includes('authorization_code') && client.redirectUris.length === 0) {
      report(
        ['redirect_uris'],
        `is missing: authorization_code${entry.declared.grant_types === undefined ? ', the default of grant_types,' : ''} needs at least one.`,
      );
    }
  }
  return problems;
}

type Report = (field: Path, message: string) => void;

function checkAuthentication(
  client: Client,
  entry: Entry<'clients'> & { readonly declared: Declared<'clients'> },
  { secrets, generated }: { readonly secrets: readonly ClientSecret[]; readonly generated: boolean },
  report: Report,
): void {
  const method = client.tokenEndpointAuthMethod;
  const declaresSecret = entry.declared.client_secret !== undefined;
  if (method === 'client_secret_basic' || method === 'client_secret_post') {
    if (generated || declaresSecret || secrets.length > 0) return;
    const byDefault = entry.declared.token_endpoint_auth_method === undefined ? ', the default,' : '';
    report(
      ['client_secret'],
      `is missing: token_endpoint_auth_method ${method}${byDefault} needs one. A public client says token_endpoint_auth_method: none.`,
    );
    return;
  }
  if (declaresSecret)
    report(['client_secret'], `does not go with token_endpoint_auth_method ${method}: a client that has a secret must present it on every grant.`);
  else if (secrets.some(({ id }) => !isFromWorkspace(id))) {
    report(
      ['token_endpoint_auth_method'],
      `cannot become ${method} while the client has a secret: a client that has a secret must present it on every grant.`,
    );
  }
  if (method === 'private_key_jwt' && client.jwks === undefined) report(['jwks'], 'is missing: token_endpoint_auth_method private_key_jwt needs it.');
}

/** Ids of secrets that came from a workspace file start with this. */
export const SECRET_ID_PREFIX = 'ws-';
export const isFromWorkspace = (secretId: string): boolean => secretId.startsWith(SECRET_ID_PREFIX);

export function checkSecurityProfiles(workspace: Workspace, desired: Desired): Problem[] {
  const problems: Problem[] = [];
  for (const entry of soundEntries(workspace, 'security_profiles')) {
    try {
      assertSecurityProfile(desired.objects.security_profiles.get(entry.key) as SecurityProfile);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      problems.push(problemAt(entry, [entry.declared.managed === undefined ? 'origin' : 'managed'], error.message));
    }
  }
  return problems;
}

export function checkAssignments(workspace: Workspace, desired: Desired): Problem[] {
  const problems: Problem[] = [];
  for (const entry of soundEntries(workspace, 'assignments')) {
    try {
      assertAssignment(desired.objects.assignments.get(entry.key) as Assignment);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      problems.push(problemAt(entry, [error.message.startsWith('include_descendants') ? 'include_descendants' : 'valid_until'], error.message));
    }
  }
  return problems;
}

/** User names that are the same to a person, and ids that a user and a client share. */
export async function checkIdentities(tx: StoreTransaction, workspace: Workspace, desired: Desired): Promise<Problem[]> {
  const problems: Problem[] = [];
  const names = new Map<string, Entry<'users'>>();
  for (const entry of soundEntries(workspace, 'users')) {
    const { username } = desired.objects.users.get(entry.key) as User;
    const canonical = canonicalUsername(username);
    const field = entry.declared.username === undefined ? 'id' : 'username';
    if (canonical === undefined) continue;
    const former = names.get(canonical);
    if (former === undefined) names.set(canonical, entry);
    else {
      const elsewhere = printPlace(former.document.locate([...former.path, former.declared?.username === undefined ? 'id' : 'username']));
      problems.push(problemAt(entry, [field], `the user name ${JSON.stringify(username)} is the same as that of ${former.key} at ${elsewhere}.`));
    }
  }
  const { users, clients } = workspace.entries;
  const storedUsers = await stored(tx, 'users', [...clients.keys()], desired);
  const storedClients = await stored(tx, 'clients', [...users.keys()], desired);
  for (const [id, entry] of clients) {
    if (users.has(id) || storedUsers.has(id))
      problems.push(problemAt(entry, ['client_id'], `${JSON.stringify(id)} is the id of a user; user ids and client ids are never equal.`));
  }
  for (const [id, entry] of users) {
    if (storedClients.has(id) && !clients.has(id))
      problems.push(problemAt(entry, ['id'], `${JSON.stringify(id)} is the id of a client; user ids and client ids are never equal.`));
  }
  return problems;
}

async function stored(tx: StoreTransaction, section: 'users' | 'clients', ids: readonly string[], desired: Desired): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const batch of batches(ids)) for (const id of (await tx[section].findMany(batch)).keys()) if (!desired.removed[section].has(id)) found.add(id);
  return found;
}
