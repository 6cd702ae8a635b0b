/** `rolemint user import` */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { DomainError } from '../../domain/errors.ts';
import { USER_FIELDS } from '../../workspace/import-users.ts';
import { ImportRun, type ImportRunOptions } from '../bulk/import-run.ts';
import { openRecordFile, type RecordFormat } from '../bulk/records.ts';
import { addCommand, JSON_OPTION } from '../command.ts';
import type { CliContext } from '../context.ts';

interface ImportCommandOptions extends ImportRunOptions {
  readonly format?: RecordFormat;
  readonly delimiter: string;
}

export function addUserImportCommand(group: Command, context: CliContext): void {
  addCommand(group, 'import <file>', {
    summary: 'Import users from NDJSON or CSV, any number of them.',
    about:
      'Each record has the fields of a user in a workspace file; in CSV the header names them, lists are separated by semicolons, and an empty ' +
      'cell leaves a field as it is. "-" reads standard input, and .gz is unpacked. Thousands of users a second get in with password_hash; a plain ' +
      'password has to be hashed, about 40 a second on each core. Users who are in already and the same are left alone: run an import again that ' +
      'was cut off, and it goes on.',
    examples: [
      'rolemint user import users.ndjson',
      'rolemint user import users.csv.gz --dry-run',
      'rolemint user import users.ndjson --on-error skip --report refused.ndjson',
      'zcat users.ndjson.gz | rolemint user import - --json',
    ],
  })
    .addOption(new Option('--format <format>', 'of the file; default: what its name says, or else ndjson').choices(['ndjson', 'csv']))
    .option('--delimiter <character>', 'between the fields of CSV', delimiter, ',')
    .addOption(new Option('--on-error <how>', 'when a record is refused').choices(['stop', 'skip']).default('stop'))
    .option('--report <file>', 'write every refusal there, as NDJSON: line, field, message')
    .option('--dry-run', 'say what would be imported and refused; users who are not in yet are unknown to it')
    .option('--insecure-plaintext', 'accept the field password; slow, and not with ROLEMINT_PRODUCTION=true')
    .option(...JSON_OPTION)
    .action((file: string, options: ImportCommandOptions) => importFile(context, file, options));
}

function delimiter(text: string): string {
  const character = text === '\\t' ? '\t' : text;
  if (!/^[^"\r\n]$/u.test(character)) throw new InvalidArgumentError('Write one character, or \\t.');
  return character;
}

async function importFile(context: CliContext, file: string, options: ImportCommandOptions): Promise<void> {
  const { io } = context;
  if (options.insecurePlaintext === true && context.config().production)
    throw new DomainError('invalid_input', '--insecure-plaintext is refused with ROLEMINT_PRODUCTION=true: import password_hash.');
  const { format, delimiter: between } = options;
  const where = file === '-' ? file : path.resolve(io.cwd, file);
  const records = await openRecordFile(where, io.stdin, { format, delimiter: between, columns: USER_FIELDS });
  const report = options.report === undefined ? undefined : await open(path.resolve(io.cwd, options.report), 'w', 0o600);
  const { SYSTEM_RANDOM } = await import('../../app.ts');
  const run = new ImportRun(context, { options, report, requestId: `import-${SYSTEM_RANDOM.id()}`, begun: (await context.clock()).now() });
  try {
    await context.performing((perform) => run.go(records, perform));
  } finally {
    await report?.close();
  }
  const clock = await context.clock();
  run.conclude(clock.now());
}
