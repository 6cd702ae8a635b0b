/** `rolemint user export` */
import { Option, type Command } from 'commander';
import { addCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { exportUserFile } from '../operations/bulk.ts';

interface ExportCommandOptions {
  readonly format: 'ndjson' | 'csv';
  readonly organization?: string;
  readonly includeHashes?: boolean;
}

export function addUserExportCommand(group: Command, context: CliContext): void {
  addCommand(group, 'export', {
    summary: 'Write users as NDJSON or CSV, any number of them, as they are at one moment.',
    about: 'What it writes is what "user import" takes. CSV leaves out from when and until when somebody is in a group.',
    examples: [
      'rolemint user export > users.ndjson',
      'rolemint user export --format csv --organization ACME > acme.csv',
      'rolemint user export --include-hashes | gzip > move.ndjson.gz',
    ],
  })
    .addOption(new Option('--format <format>', 'how to write them').choices(['ndjson', 'csv']).default('ndjson'))
    .option('--organization <id>', 'only users of this organization and of all below it')
    .option('--include-hashes', 'with the hashes of passwords: keep such a file secret')
    .option('--json', 'the same as --format ndjson')
    .action(async ({ format, organization, includeHashes, json }: ExportCommandOptions & { readonly json?: boolean }) => {
      await context.writing(exportUserFile, { format: json === true ? 'ndjson' : format, organization, include_hashes: includeHashes === true });
    });
}
