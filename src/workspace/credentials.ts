/**
 * @module Passwords and client secrets that files declare.
 *
 * `password` and `password_hash` of a user set the *first* password only. Who has a password keeps it: applying the
 * same files again must not bring back a password that its owner has changed since, perhaps because it was known to
 * others. To set a new one is an administrator's explicit act.
 *
 * `client_secret` is ensured: when no unexpired secret of the client is the declared one, it is added, and unexpired
 * ones that earlier came from a file (their ids start with `ws-`) expire at once. Secrets made elsewhere stay.
 */
import type { ClientSecret } from '../domain/client.ts';
import { normalizePassword } from '../domain/password-policy.ts';
import type { PasswordHasher, StoreTransaction } from '../domain/ports.ts';
import { digest } from '../services/client-authentication.ts';
import { hashOfSecret } from '../services/clients.ts';
import { soundEntries } from './desired.ts';
import type { FieldChange } from './object-change.ts';
import { isFromWorkspace, SECRET_ID_PREFIX } from './object-checks.ts';
import type { Declared, SectionName } from './schema.ts';
import type { Secret } from './secret.ts';
import { batches } from './sections.ts';
import type { Workspace, WorkspaceContext } from './workspace.ts';

/** Argon2id runs in a small pool behind a bounded queue; what is more would only wait there, or be refused. */
const AT_A_TIME = 4;

type Hash = Pick<ClientSecret, 'algorithm' | 'hash'>;

/** Hashes and comparisons of declared secrets, each made once. */
export class SecretWork {
  readonly #hasher: PasswordHasher;
  readonly #dryRun: boolean;
  readonly #made = new Map<string, Promise<unknown>>();

  /** @param dryRun nothing will be kept, so nothing needs to be hashed slowly */
  constructor(hasher: PasswordHasher, dryRun: boolean) {
    this.#hasher = hasher;
    this.#dryRun = dryRun;
  }

  passwordHash(user: Declared<'users'>): Promise<string> {
    return this.#once(`password ${user.id}`, async () => {
      if (this.#dryRun) return this.#hasher.decoy;
      return user.password_hash?.reveal() ?? (await this.#hasher.hash(normalizePassword(user.password!.reveal())));
    });
  }

  secretHash(clientId: string, secret: Secret): Promise<Hash> {
    return this.#once(`secret ${clientId}`, async () => {
      const hasher = this.#dryRun ? { hash: async () => this.#hasher.decoy } : this.#hasher;
      return hashOfSecret(hasher, secret.reveal());
    });
  }

  isThatSecret(clientId: string, kept: ClientSecret, secret: Secret): Promise<boolean> {
    return this.#once(`match ${clientId} ${kept.id} ${kept.hash}`, async () => {
      const text = secret.reveal();
      return kept.algorithm === 'sha256' ? kept.hash === digest(text) : await this.#hasher.verify(kept.hash, text);
    });
  }

  #once<T>(key: string, make: () => Promise<T>): Promise<T> {
    let made = this.#made.get(key) as Promise<T> | undefined;
    if (made === undefined) {
      made = make();
      this.#made.set(key, made);
    }
    return made;
  }
}

/** What has to happen to the secrets of one client. */
export interface SecretChange {
  readonly clientId: string;
  readonly add: Hash | undefined;
  readonly expire: readonly string[];
}

export interface CredentialChanges {
  /** User ids whose first password is set. */
  readonly passwords: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, SecretChange>;
}

/** Shown in place of every secret. */
const HIDDEN = '[redacted]';

/** What a change of credentials shows of itself: that there was a secret, and that there is one. */
export function credentialField({ passwords, secrets }: CredentialChanges, section: SectionName, key: string): FieldChange | undefined {
  if (section === 'users' && passwords.has(key)) return { field: 'password', after: HIDDEN };
  const secret = section === 'clients' ? secrets.get(key) : undefined;
  if (secret === undefined) return undefined;
  return { field: 'client_secret', before: secret.expire.length === 0 ? undefined : HIDDEN, after: secret.add === undefined ? undefined : HIDDEN };
}

/** Unexpired secrets of the clients that the files declare. */
export async function unexpiredSecrets(tx: StoreTransaction, workspace: Workspace, now: Date): Promise<ReadonlyMap<string, readonly ClientSecret[]>> {
  const unexpired = new Map<string, readonly ClientSecret[]>();
  for (const batch of batches([...workspace.entries.clients.keys()])) {
    for (const [id, secrets] of await tx.findClientSecrets(batch)) {
      unexpired.set(
        id,
        secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now),
      );
    }
  }
  return unexpired;
}

async function withoutPassword(tx: StoreTransaction, workspace: Workspace): Promise<Declared<'users'>[]> {
  const declaring = [...soundEntries(workspace, 'users')]
    .map(({ declared }) => declared)
    .filter((user) => user.password !== undefined || user.password_hash !== undefined);
  const lacking: Declared<'users'>[] = [];
  for (const batch of batches(declaring)) {
    const owners = await tx.findPasswordOwners(batch.map(({ id }) => id));
    lacking.push(...batch.filter(({ id }) => !owners.has(id)));
  }
  return lacking;
}

/**
 * Hashes and compares everything that the change will need, before its transaction begins: argon2id takes its time, and
 * administration on every node would wait for it.
 */
export async function prepareSecrets(context: WorkspaceContext, workspace: Workspace, work: SecretWork): Promise<void> {
  const now = new Date(context.clock.now());
  const { users, secrets } = await context.store.transaction(
    async (tx) => ({ users: await withoutPassword(tx, workspace), secrets: await unexpiredSecrets(tx, workspace, now) }),
    { rollback: true },
  );
  const jobs: (() => Promise<unknown>)[] = users.map((user) => () => work.passwordHash(user));
  for (const { key, declared } of soundEntries(workspace, 'clients')) jobs.push(() => secretChange(declared, secrets.get(key) ?? [], work));
  await Promise.all(Array.from({ length: AT_A_TIME }, () => runAll(jobs)));
}

async function runAll(jobs: (() => Promise<unknown>)[]): Promise<void> {
  for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) await job();
}

/** What of the declared credentials the store does not have yet. */
export async function credentialChanges(
  tx: StoreTransaction,
  workspace: Workspace,
  { work, secrets }: { readonly work: SecretWork; readonly secrets: ReadonlyMap<string, readonly ClientSecret[]> },
): Promise<CredentialChanges> {
  const passwords = new Map<string, string>();
  for (const user of await withoutPassword(tx, workspace)) passwords.set(user.id, await work.passwordHash(user));
  const changes = new Map<string, SecretChange>();
  for (const { key, declared } of soundEntries(workspace, 'clients')) {
    const change = await secretChange(declared, secrets.get(key) ?? [], work);
    if (change !== undefined) changes.set(key, change);
  }
  return { passwords, secrets: changes };
}

async function secretChange(client: Declared<'clients'>, kept: readonly ClientSecret[], work: SecretWork): Promise<SecretChange | undefined> {
  const { client_id: clientId, client_secret: secret, token_endpoint_auth_method: method } = client;
  const expire = kept.filter(({ id }) => isFromWorkspace(id)).map(({ id }) => id);
  if (secret === undefined) {
    // A client that turns to another way of authenticating has no more use for the secret that a file gave it.
    const usesNone = method === 'none' || method === 'private_key_jwt';
    return usesNone && expire.length > 0 ? { clientId, add: undefined, expire } : undefined;
  }
  for (const one of kept) if (await work.isThatSecret(clientId, one, secret)) return undefined;
  return { clientId, add: await work.secretHash(clientId, secret), expire };
}

/** Writes the credentials; the users and clients exist by now. */
export async function writeCredentials(tx: StoreTransaction, changes: CredentialChanges, context: WorkspaceContext): Promise<void> {
  const now = new Date(context.clock.now());
  await tx.setPasswords(changes.passwords, now);
  for (const { clientId, add, expire } of changes.secrets.values()) {
    for (const id of expire) await tx.expireClientSecret(clientId, id, now);
    if (add !== undefined) await tx.addClientSecret(clientId, { id: `${SECRET_ID_PREFIX}${context.random.id()}`, ...add, createdAt: now });
  }
}
