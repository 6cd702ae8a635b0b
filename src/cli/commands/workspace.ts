/** `rolemint migrate`, `plan`, `apply`, `export`. */
import path from 'node:path';
import { Option, type Command } from 'commander';
import type { WorkspacePlan } from '../../workspace/apply.ts';
import { formatPlan } from '../../workspace/format.ts';
import { parseWorkspace, readSources } from '../../workspace/read.ts';
import { DomainError } from '../../domain/errors.ts';
import { addCommand, JSON_OPTION } from '../command.ts';
import { EXIT, type CliContext } from '../context.ts';
import { apply, exportAll, migrate, plan, type WorkspaceSources } from '../operations/workspace.ts';

interface FileOptions {
  readonly insecurePlaintext?: boolean;
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const PLAINTEXT = ['--insecure-plaintext', 'accept passwords and secrets that stand in the files as they are; never in production'] as const;
const PRUNE = ['--prune', 'remove what the files do not name, in the sections that stand in the files'] as const;

export function addWorkspaceCommands(program: Command, context: CliContext): void {
  addCommand(program, 'migrate', {
    summary: "Bring the database's schema up to date.",
    about: 'The server does so as well when it starts; of many that start at once, one migrates and the others wait.',
    examples: ['rolemint migrate', 'ROLEMINT_DATABASE_URL=postgres://… rolemint migrate --json'],
  })
    .option(...JSON_OPTION)
    .action(async (options: FileOptions) => {
      context.answer(options, await context.perform(migrate, {}), ({ database }) => `The schema of the ${database} database is up to date.`);
    });
  addCommand(program, 'plan <files...>', {
    summary: 'Say what applying workspace files would change, in rows and in the roles of people.',
    about: 'Files or folders; several are read as one. Ends with 0 when nothing would change, with 2 when something would, with 1 on an error.',
    examples: ['rolemint plan workspace/', 'rolemint plan base.yaml people.yaml --prune --json'],
  })
    .option(...PLAINTEXT)
    .option(...PRUNE)
    .option(...JSON_OPTION)
    .action(async (files: readonly string[], options: FileOptions) => planFiles(context, files, options));
  addCommand(program, 'apply <files...>', {
    summary: 'Bring the database to what workspace files declare, in one transaction.',
    about: 'Applying the same files twice changes nothing. A failing expectation, or any other problem, leaves everything as it is.',
    examples: [
      'rolemint apply workspace/',
      'rolemint apply workspace/ --dry-run',
      'ADMIN_PASSWORD=… rolemint apply people.yaml   # with password: {env: ADMIN_PASSWORD}',
    ],
  })
    .option(...PLAINTEXT)
    .option(...PRUNE)
    .option('--dry-run', 'only say what would change, as plan does')
    .option(...JSON_OPTION)
    .action(async (files: readonly string[], options: FileOptions) => {
      if (options.dryRun === true) return planFiles(context, files, options);
      const changed = await context.perform(apply, await sourcesOf(context, files, options));
      context.answer(options, changed, () => inWords(context, changed, true));
    });
  addCommand(program, 'export', {
    summary: 'Write the whole workspace as one file, without secrets.',
    about: 'Applying it to the same database changes nothing. Client secrets, and passwords unless asked for, stay out.',
    examples: ['rolemint export > workspace.yaml', 'rolemint export --format json', 'rolemint export --include-hashes > move.yaml'],
  })
    .addOption(new Option('--format <format>', 'how to write it').choices(['yaml', 'json']).default('yaml'))
    .option('--include-hashes', 'with the hashes of passwords: keep such a file secret')
    .option('--json', 'the same as --format json')
    .action(async (options: { format: 'yaml' | 'json'; includeHashes?: boolean; json?: boolean }) => {
      const format = options.json === true ? 'json' : options.format;
      await context.writing(exportAll, { format, include_hashes: options.includeHashes === true });
    });
}

async function planFiles(context: CliContext, files: readonly string[], options: FileOptions): Promise<void> {
  const planned = await context.perform(plan, await sourcesOf(context, files, options));
  context.answer(options, planned, () => inWords(context, planned, false));
  if (planned.rows.length > 0) context.exitCode = EXIT.differs;
}

function inWords({ style }: CliContext, found: WorkspacePlan, applied: boolean): string {
  return formatPlan(found, { colour: style.colours, applied });
}

/**
 * Reads the files here, as the one who runs the command, with the values of exactly those environment variables that
 * they name: a server that performs the operation needs neither the files nor the environment.
 */
export async function sourcesOf(context: CliContext, files: readonly string[], options: FileOptions): Promise<WorkspaceSources> {
  const { io } = context;
  if (options.insecurePlaintext === true && context.config().production) {
    throw new DomainError('invalid_input', '--insecure-plaintext is refused with ROLEMINT_PRODUCTION=true: write {env: NAME} or password_hash.');
  }
  const { sources, problems } = await readSources(files.map((file) => relativeTo(io.cwd, file)));
  const environment: Record<string, string> = {};
  const lookup = (name: string): string | undefined => {
    const value = io.env[name];
    if (value !== undefined) environment[name] = value;
    return value;
  };
  parseWorkspace(sources, { insecurePlaintext: options.insecurePlaintext === true, lookup }, problems);
  return { sources, insecure_plaintext: options.insecurePlaintext === true, environment, prune: options.prune === true };
}

/** As the person wrote it where that works, so that problems name the file the same way. */
function relativeTo(cwd: string, file: string): string {
  return path.resolve(file) === path.resolve(cwd, file) ? file : path.resolve(cwd, file);
}
