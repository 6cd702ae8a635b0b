/**
 * @module Users by the thousand, record by record, under the same rules as users in a workspace file: a batch of records
 * is a workspace that declares nothing but them, and becomes true in a transaction of its own. What is in already is left
 * alone, so that an import that was cut off is finished by doing it again.
 */
import { DomainError, type ErrorCode } from '../domain/errors.ts';
import { makeChange } from './change.ts';
import { prepareSecrets, SecretWork } from './credentials.ts';
import type { SourceDocument } from './document.ts';
import { WorkspaceError } from './problem.ts';
import { entrySchemas, type SecretPolicy } from './schema.ts';
import { uniteDocuments } from './union.ts';
import type { Workspace, WorkspaceContext } from './workspace.ts';

/** A user in the words of a workspace file, and the line of the file that it came from. */
export interface UserRecord {
  readonly line: number;
  readonly user: unknown;
}

export interface ImportOptions {
  readonly policy: SecretPolicy;
  /** `stop`: what stands before the first record that is refused is imported. `skip`: everything but such records. */
  readonly onError: 'stop' | 'skip';
  /** Nothing is kept; what names users of earlier batches is judged as if they were not there. */
  readonly dryRun: boolean;
}

/** Why a record was refused. */
export interface RefusedField {
  readonly line: number;
  /** `email`, `user_groups[1]`; empty: the record as a whole. */
  readonly field: string;
  readonly message: string;
}

export interface ImportResult {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Records, not problems: one record can have several. */
  readonly refused: number;
  readonly problems: readonly RefusedField[];
  /** Something was refused that ends the import. */
  readonly stopped: boolean;
}

/** Fields that a record can have. */
export const USER_FIELDS: readonly string[] = Object.keys(entrySchemas({ insecurePlaintext: false, lookup: () => undefined }).users.shape);

const NOTHING: ImportResult = { created: 0, updated: 0, unchanged: 0, refused: 0, problems: [], stopped: false };

/** Refusals for what a record says, whichever it is; anything else has nothing to do with the records. */
const BLAMES_A_RECORD: ReadonlySet<ErrorCode> = new Set(['invalid_input', 'already_exists', 'in_use']);

/**
 * Imports one batch; every record that is taken is in for good when it returns.
 * @param records at most a thousand: administration on all nodes waits while they are written
 * @throws DomainError when something else than a record is wrong; parts of the batch may be in
 */
export async function importUsers(context: WorkspaceContext, records: readonly UserRecord[], options: ImportOptions): Promise<ImportResult> {
  if (records.length === 0) return NOTHING;
  try {
    return await write(context, records, options);
  } catch (error) {
    if (error instanceof WorkspaceError) return withoutRefused(context, { records, options, error });
    if (!(error instanceof DomainError) || !BLAMES_A_RECORD.has(error.code)) throw error;
    const [only] = records;
    if (records.length === 1) return refusing([{ line: only!.line, field: '', message: error.message }], options);
    return inHalves(context, records, options);
  }
}

async function write(context: WorkspaceContext, records: readonly UserRecord[], { policy, dryRun }: ImportOptions): Promise<ImportResult> {
  const workspace = uniteDocuments([documentOf(records)], policy);
  const work = new SecretWork(context.hasher, dryRun);
  if (declaresPasswords(workspace)) await prepareSecrets(context, workspace, work);
  const { rows } = await makeChange<never>(context, async () => ({ workspace }), { dryRun, work, effects: false });
  const created = rows.filter(({ action }) => action === 'create').length;
  return { ...NOTHING, created, updated: rows.length - created, unchanged: records.length - rows.length };
}

const declaresPasswords = (workspace: Workspace): boolean =>
  [...workspace.entries.users.values()].some(({ declared }) => declared?.password !== undefined);

/** What the records say, as if they stood in a workspace file; each place is the line of a record. */
function documentOf(records: readonly UserRecord[]): SourceDocument {
  return {
    file: '',
    value: { rolemint: 1, users: records.map(({ user }) => user) },
    problems: [],
    readable: true,
    locate: ([, index]) => ({ file: '', line: records[index as number]?.line ?? 0, column: 1 }),
  };
}

interface Refused {
  readonly records: readonly UserRecord[];
  readonly options: ImportOptions;
  readonly error: WorkspaceError;
}

async function withoutRefused(context: WorkspaceContext, { records, options, error }: Refused): Promise<ImportResult> {
  const problems = error.problems.map(({ line, path, message }) => ({ line, field: fieldOf(path), message }));
  const lines = new Set(problems.map(({ line }) => line));
  const first = Math.min(...lines);
  const sound = records.filter(({ line }) => (options.onError === 'stop' ? line < first : !lines.has(line)));
  return sum(await importUsers(context, sound, options), refusing(problems, options));
}

/** `users[17].email` in the batch is `email` of its record. */
const fieldOf = (path: string): string => path.replace(/^users\[\d+\]\.?/, '');

function refusing(problems: readonly RefusedField[], { onError }: ImportOptions): ImportResult {
  return { ...NOTHING, refused: new Set(problems.map(({ line }) => line)).size, problems, stopped: onError === 'stop' };
}

/** The store says that something is wrong, and not with which record: halves come down to it. */
async function inHalves(context: WorkspaceContext, records: readonly UserRecord[], options: ImportOptions): Promise<ImportResult> {
  const middle = Math.ceil(records.length / 2);
  const before = await importUsers(context, records.slice(0, middle), options);
  return before.stopped ? before : sum(before, await importUsers(context, records.slice(middle), options));
}

function sum(a: ImportResult, b: ImportResult): ImportResult {
  return {
    created: a.created + b.created,
    updated: a.updated + b.updated,
    unchanged: a.unchanged + b.unchanged,
    refused: a.refused + b.refused,
    problems: [...a.problems, ...b.problems],
    stopped: a.stopped || b.stopped,
  };
}
