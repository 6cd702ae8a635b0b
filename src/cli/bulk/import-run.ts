/** @module One run of an import over one file: batch after batch, what was refused told, a summary at the end. */
import type { FileHandle } from 'node:fs/promises';
import { DomainError } from '../../domain/errors.ts';
import type { ImportResult, RefusedField, UserRecord } from '../../workspace/import-users.ts';
import { visible } from '../../workspace/problem.ts';
import { EXIT, type CliContext, type Perform } from '../context.ts';
import { importBatch, type ImportBatch } from '../operations/bulk.ts';
import { Progress } from './progress.ts';
import type { FileRecord, RecordFile } from './records.ts';

export interface ImportRunOptions {
  readonly onError: 'stop' | 'skip';
  /** File of all refusals. */
  readonly report?: string;
  readonly dryRun?: boolean;
  readonly insecurePlaintext?: boolean;
  readonly json?: boolean;
}

/** Records in one transaction, and their size: administration waits meanwhile. */
const MOST_RECORDS = 1000;
const MOST_BYTES = 8 * 1024 * 1024;
/** After so many batches the database counts what is there: while it plans for few rows, each new one costs more than the last. */
const COUNTED_AFTER: ReadonlySet<number> = new Set([1, 10, 100, 1000]);
/** How often a batch is tried while the database does not answer. Nothing is imported twice. */
const MOST_TRIES = 10;
/** Refusals that are printed; all of them go into the report. */
const MOST_PRINTED = 20;

export interface RunOptions {
  readonly options: ImportRunOptions;
  readonly report: FileHandle | undefined;
  readonly requestId: string;
  readonly begun: number;
}

export class ImportRun {
  readonly #context: CliContext;
  readonly #run: RunOptions;
  readonly #counts = { read: 0, created: 0, updated: 0, unchanged: 0, refused: 0 };
  readonly #printed: RefusedField[] = [];
  #batches = 0;
  #ended: 'complete' | 'refused' | 'interrupted' = 'complete';

  constructor(context: CliContext, run: RunOptions) {
    this.#context = context;
    this.#run = run;
  }

  async go(file: RecordFile, perform: Perform): Promise<void> {
    const { io } = this.#context;
    const progress = new Progress({ output: io.stderr, clock: await this.#context.clock(), things: 'users' });
    const interrupt = () => void (this.#ended = 'interrupted');
    io.signals.on('SIGINT', interrupt);
    io.signals.on('SIGTERM', interrupt);
    try {
      for await (const batch of batchesOf(file.records())) {
        await this.#import(batch, perform);
        progress.show(this.#counts.read, file.size === undefined ? undefined : file.bytesRead() / Math.max(1, file.size));
        if (this.#ended !== 'complete') return;
      }
    } finally {
      progress.clear();
      io.signals.off('SIGINT', interrupt);
      io.signals.off('SIGTERM', interrupt);
    }
  }

  async #import(batch: readonly FileRecord[], perform: Perform): Promise<void> {
    const { onError } = this.#run.options;
    const unreadable = batch.flatMap((record) => ('problem' in record ? [{ line: record.line, field: '', message: record.problem }] : []));
    const first = unreadable[0]?.line ?? Infinity;
    const readable = batch
      .filter((record) => onError === 'skip' || record.line < first)
      .flatMap((record) => ('value' in record ? [userOf(record)] : []));
    const result = await this.#perform(readable, perform);
    const cut = result.stopped || (onError === 'stop' && unreadable.length > 0);
    const refused = result.stopped ? result.problems : [...result.problems, ...unreadable].toSorted((a, b) => a.line - b.line);
    this.#counts.read += batch.length;
    for (const name of ['created', 'updated', 'unchanged'] as const) this.#counts[name] += result[name];
    this.#counts.refused += result.refused + (result.stopped ? 0 : unreadable.length);
    await this.#tell(refused);
    if (cut) this.#ended = 'refused';
  }

  /** Tries again while the database does not answer: what was committed is found unchanged then. */
  async #perform(records: readonly UserRecord[], perform: Perform): Promise<ImportResult> {
    const { options, requestId } = this.#run;
    const batch: ImportBatch = {
      records,
      on_error: options.onError,
      dry_run: options.dryRun === true,
      insecure_plaintext: options.insecurePlaintext === true,
      analyze: COUNTED_AFTER.has((this.#batches += 1)),
      request_id: requestId,
    };
    for (let tries = 1; ; tries += 1) {
      try {
        return await perform(importBatch, batch);
      } catch (error) {
        if (!(error instanceof DomainError) || error.code !== 'unavailable' || tries === MOST_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000 * (error.retryAfterSeconds ?? 1)));
      }
    }
  }

  async #tell(problems: readonly RefusedField[]): Promise<void> {
    this.#printed.push(...problems.slice(0, MOST_PRINTED - this.#printed.length));
    await this.#run.report?.write(problems.map((problem) => `${JSON.stringify(problem)}\n`).join(''));
  }

  /** Prints the summary and decides what the command ends with. */
  conclude(now: number): void {
    const { options, requestId, begun } = this.#run;
    const seconds = Math.round((now - begun) / 1000);
    const summary = {
      ...this.#counts,
      dry_run: options.dryRun === true,
      ended: this.#ended,
      seconds,
      request_id: requestId,
      problems: this.#printed,
    };
    if (options.json !== true)
      for (const { line, field, message } of this.#printed)
        this.#context.note(visible(`line ${line}: ${field === '' ? '' : `${field}: `}${message}`));
    this.#context.answer(options, summary, () => this.#inWords(seconds));
    if (this.#ended !== 'complete' || this.#counts.refused > 0) this.#context.exitCode = EXIT.failed;
  }

  #inWords(seconds: number): string {
    const { style } = this.#context;
    const { options, requestId } = this.#run;
    const { created, updated, unchanged, refused } = this.#counts;
    const count = (number: number) => number.toLocaleString('en');
    const rest =
      refused > this.#printed.length
        ? ` (${options.report === undefined ? 'the first are listed; --report writes them all' : `all in ${options.report}`})`
        : '';
    const lines = [
      `${options.dryRun === true ? 'Dry run, nothing was changed: ' : ''}${count(created)} created, ${count(updated)} updated, ${count(unchanged)} unchanged, ${count(refused)} refused${rest}, in ${seconds} s.`,
    ];
    if (this.#ended === 'refused') lines.push(style.bad('Stopped there: correct the file and run it again, or use --on-error skip.'));
    if (this.#ended === 'interrupted') lines.push(style.warn('Interrupted: run it again, and it goes on.'));
    if (options.dryRun !== true && created + updated > 0) lines.push(style.dim(`audit events: rolemint audit list --request ${requestId}`));
    return lines.join('\n');
  }
}

const userOf = ({ line, value }: { readonly line: number; readonly value: unknown }): UserRecord => ({ line, user: value });

async function* batchesOf(records: AsyncIterable<FileRecord>): AsyncGenerator<readonly FileRecord[]> {
  let batch: FileRecord[] = [];
  let bytes = 0;
  for await (const record of records) {
    batch.push(record);
    bytes += 'value' in record ? JSON.stringify(record.value).length : 0;
    if (batch.length < MOST_RECORDS && bytes < MOST_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
