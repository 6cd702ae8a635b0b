/**
 * @module Files of very many records, read piece by piece: NDJSON, one JSON object a line, or CSV with a header; either
 * may be compressed with gzip. What cannot be read is one record's fault where that can be told.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { DomainError } from '../../domain/errors.ts';
import { didYouMean } from '../../workspace/suggest.ts';

export type RecordFormat = 'ndjson' | 'csv';

/** One record of a file: what it holds, or why that cannot be read. */
export type FileRecord = { readonly line: number; readonly value: unknown } | { readonly line: number; readonly problem: string };

export interface RecordFile {
  readonly format: RecordFormat;
  /** Bytes of the file; unset: nobody knows how many will come. */
  readonly size: number | undefined;
  /** Bytes of the file that have been read so far. */
  bytesRead(): number;
  /** The records in their order. Can be gone through once. @throws `invalid_input` when the rest cannot be read at all */
  records(): AsyncIterable<FileRecord>;
}

export interface RecordFileOptions {
  /** Unset: what the name of the file says, or else NDJSON. */
  readonly format?: RecordFormat | undefined;
  /** Between the fields of CSV. */
  readonly delimiter: string;
  /** Columns that CSV may have. */
  readonly columns: readonly string[];
}

/** A line that is longer is no record. */
const LONGEST_RECORD = 1024 * 1024;

/** @param file `-`: standard input. @throws `not_found`, and `invalid_input` for what is no file */
export async function openRecordFile(file: string, stdin: NodeJS.ReadableStream, options: RecordFileOptions): Promise<RecordFile> {
  const isStdin = file === '-';
  const name = path.basename(file).toLowerCase();
  const format = options.format ?? (/\.csv(?:\.gz)?$/.test(name) ? 'csv' : 'ndjson');
  const size = isStdin ? undefined : await sizeOf(file);
  let bytes = 0;
  const raw = isStdin ? stdin : createReadStream(file);
  const counted = (async function* () {
    for await (const chunk of raw) {
      const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      bytes += buffer.length;
      yield buffer;
    }
  })();
  const content = name.endsWith('.gz') ? gunzipped(counted) : counted;
  return {
    format,
    size,
    bytesRead: () => bytes,
    records: () => (format === 'csv' ? csvRecords(textOf(content), options) : jsonRecords(textOf(content))),
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    const found = await stat(file);
    if (found.isDirectory()) throw new DomainError('invalid_input', `${file} is a directory.`);
    return found.size;
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new DomainError('not_found', `${file} does not exist.`);
    throw new DomainError('invalid_input', `${file} cannot be read (${code ?? 'unknown reason'}).`, { cause: error });
  }
}

async function* gunzipped(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.from(content);
  const gunzip = createGunzip();
  source.once('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of source.pipe(gunzip)) yield chunk as Buffer;
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw error;
    throw new DomainError('invalid_input', 'The file is no gzip, or its end is missing.', { cause: error });
  }
}

async function* textOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of content) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    throw new DomainError('invalid_input', 'The file is not valid UTF-8.', { cause: error });
  }
}

async function* jsonRecords(texts: AsyncIterable<string>): AsyncGenerator<FileRecord> {
  let line = 0;
  for await (const text of linesOf(texts)) {
    line += 1;
    if (text.trim() !== '') yield jsonRecord(line, text);
  }
}

function jsonRecord(line: number, text: string): FileRecord {
  if (text.length > LONGEST_RECORD) return { line, problem: `is longer than ${LONGEST_RECORD} characters.` };
  try {
    return { line, value: JSON.parse(text) as unknown };
  } catch {
    // What the parser says quotes the line, which may hold a password.
    return { line, problem: 'is no JSON: each line must be one object.' };
  }
}

/** Lines without what ends them; of one that is too long only the beginning. */
async function* linesOf(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let open = '';
  for await (const text of texts) {
    const lines = text.split('\n');
    for (const [index, part] of lines.entries()) {
      if (open.length <= LONGEST_RECORD) open += part;
      if (index === lines.length - 1) continue;
      yield open;
      open = '';
    }
  }
  if (open !== '') yield open;
}

interface CsvRow {
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly lines: number };
}

async function* csvRecords(texts: AsyncIterable<string>, { delimiter, columns }: RecordFileOptions): AsyncGenerator<FileRecord> {
  const skipped: FileRecord[] = [];
  const parser = parse({
    bom: true,
    delimiter,
    info: true,
    columns: (header: string[]) => checkedHeader(header, columns),
    max_record_size: LONGEST_RECORD,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => void (error !== undefined && skipped.push({ line: lineOf(error), problem: csvProblem(error) })),
  });
  const source = Readable.from(texts);
  source.once('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<CsvRow>) {
      yield* skipped.splice(0);
      yield { line: info.lines, value: fieldsOf(record) };
    }
    yield* skipped.splice(0);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new DomainError('invalid_input', `The file is no CSV (${error.code}) at line ${lineOf(error)}.`, { cause: error });
  }
}

const lineOf = (error: CsvError): number => Number(error['lines'] ?? 0);

function csvProblem({ code }: CsvError): string {
  if (code === 'CSV_RECORD_INCONSISTENT_COLUMNS' || code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH') return 'has not as many fields as the header.';
  if (code === 'CSV_MAX_RECORD_SIZE') return `is longer than ${LONGEST_RECORD} characters.`;
  return `is no CSV (${code}).`;
}

function checkedHeader(header: readonly string[], columns: readonly string[]): string[] {
  const names = header.map((name) => name.trim());
  const unknown = names.find((name) => !columns.includes(name));
  if (unknown !== undefined) {
    const hint = didYouMean(unknown, columns);
    throw new DomainError(
      'invalid_input',
      `The header has the unknown column ${JSON.stringify(unknown.slice(0, 100))}.${hint} Allowed: ${columns.join(', ')}.`,
    );
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new DomainError('invalid_input', `The header has the column ${twice} twice.`);
  return names;
}

/** Columns that hold lists; what stands between semicolons. */
const LISTS: ReadonlySet<string> = new Set(['user_groups', 'authorized_organizations']);

/** An empty cell says nothing, as a field that is left out of JSON. */
function fieldsOf(record: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).flatMap(([name, cell]) => (cell === '' ? [] : [[name, valueOf(name, cell)]])));
}

function valueOf(name: string, cell: string): unknown {
  if (LISTS.has(name)) return cell.split(';').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
  if (name === 'active' && (cell === 'true' || cell === 'false')) return cell === 'true';
  return cell;
}
