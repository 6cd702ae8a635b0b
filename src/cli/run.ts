/**
 * @module The command line. {@link runCli} parses, runs one command and returns its exit code: 0 done, 1 an error,
 * 2 something differs from what was asked. Results go to standard output, everything else to standard error.
 */
import { Command, CommanderError } from 'commander';
import { CliContext, EXIT } from './context.ts';
import { addAuditCommands } from './commands/audit.ts';
import { addBootstrapCommand } from './commands/bootstrap.ts';
import { addClientCommands } from './commands/clients.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addKeyCommands } from './commands/keys.ts';
import { addRemoveCommand } from './commands/remove.ts';
import { addRevocationCommand } from './commands/revocation.ts';
import { addServeCommand } from './commands/serve.ts';
import { addTokenCommands } from './commands/tokens.ts';
import { addUserCommands } from './commands/users.ts';
import { addWhyCommands } from './commands/why.ts';
import { addWorkspaceCommands } from './commands/workspace.ts';
import type { CliIo } from './io.ts';
import { PACKAGE } from './package.ts';

const EXIT_CODES = `Exit codes:
  0  done, or nothing to do
  1  an error: wrong usage, a refused change, something out of reach; doctor or audit verify found something wrong
  2  the answer is no: plan found changes, what was named does not exist, why found the role missing,
     verify found the token not valid, the server refused a token`;

/** Runs one command line. Never ends the process. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const context = new CliContext(io);
  try {
    await buildProgram(context).parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    // Commander has said what is wrong with the command line.
    if (error instanceof CommanderError && error.code !== 'commander.invalidArgument') return EXIT.failed;
    return explain(error, context);
  }
}

/** The whole command table. */
export function buildProgram(context: CliContext): Command {
  const { io } = context;
  const program = new Command('rolemint');
  program.exitOverride();
  program.configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    outputError: (text, write) => write(text.replace(/^error: /, 'rolemint: ')),
    getOutHasColors: () => context.style.colours,
    getErrHasColors: () => false,
  });
  program
    .description('Rolemint: an authorization server whose tokens carry what was asked for and is held.')
    .version(PACKAGE.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .showHelpAfterError('(rolemint help lists the commands)')
    .addHelpText('after', `\n${EXIT_CODES}`);
  addServeCommand(program, context);
  addWorkspaceCommands(program, context);
  addKeyCommands(program, context);
  addWhyCommands(program, context);
  addTokenCommands(program, context);
  addUserCommands(program, context);
  addClientCommands(program, context);
  addAuditCommands(program, context);
  addRemoveCommand(program, context);
  addBootstrapCommand(program, context);
  addRevocationCommand(program, context);
  addDoctorCommand(program, context);
  addHelpCommand(program, context);
  for (const command of everyCommand(program))
    command.exitOverride().helpOption('-h, --help', 'print help').helpCommand(false).copyInheritedSettings(program);
  return program;
}

export function everyCommand(parent: Command): Command[] {
  return parent.commands.flatMap((command) => [command, ...everyCommand(command)]);
}

function addHelpCommand(program: Command, { io }: CliContext): void {
  program
    .command('help [topic...]')
    .summary('Explain a command, or the exit codes.')
    .description('Explain a command, or the exit codes.')
    .addHelpText('after', '\nExamples:\n  $ rolemint help why\n  $ rolemint help client secret add\n  $ rolemint help exit-codes')
    .action((topic: readonly string[]) => {
      if (topic[0] === 'exit-codes') return void io.stdout.write(`${EXIT_CODES}\n`);
      let command = program;
      for (const name of topic) {
        const found = command.commands.find((candidate) => candidate.name() === name);
        if (found === undefined) return program.error(`error: unknown command '${topic.join(' ')}'`);
        command = found;
      }
      command.outputHelp();
    });
}

/** One clear line, or a list where several things are wrong; the stack only for whoever debugs. */
function explain(error: unknown, { io }: CliContext): number {
  const { code, message, stack } = error as { code?: unknown; message?: unknown; stack?: string };
  io.stderr.write(`rolemint: ${typeof message === 'string' && message !== '' ? message : String(error)}\n`);
  if (io.env['ROLEMINT_LOG_LEVEL'] === 'debug' && stack !== undefined) io.stderr.write(`${stack}\n`);
  return code === 'not_found' ? EXIT.differs : EXIT.failed;
}
