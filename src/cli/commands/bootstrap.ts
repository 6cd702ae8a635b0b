/** `rolemint bootstrap` */
import type { Command } from 'commander';
import { visible } from '../../workspace/problem.ts';
import { addCommand, JSON_OPTION } from '../command.ts';
import type { CliContext } from '../context.ts';
import { bootstrap } from '../operations/clients.ts';

export function addBootstrapCommand(program: Command, context: CliContext): void {
  addCommand(program, 'bootstrap', {
    summary: 'Make the first administrator and a client to administer with.',
    about:
      'Prints, once, a link with which the administrator sets a password (good once and for a day; the server must run) and the secret of the client. ' +
      'Belongs to the root organization; where there are several, or none, to one of its own. Refuses when it was done before.',
    examples: ['rolemint bootstrap', 'rolemint bootstrap --username root --json'],
  })
    .option('--username <name>', 'name of the administrator', 'admin')
    .option('--client <id>', 'id of the client', 'rolemint-admin')
    .option('--organization <id>', 'where the administrator belongs instead')
    .option(...JSON_OPTION)
    .action(async (options: { username: string; client: string; organization?: string; json?: boolean }) => {
      const { style } = context;
      const made = await context.perform(bootstrap, {
        username: options.username,
        client_id: options.client,
        organization: options.organization ?? null,
      });
      context.answer(options, made, () =>
        [
          `${style.bold(visible(made.username))} is the administrator, in ${visible(made.organization)}. This is shown once:`,
          `  link to set the password   ${style.bold(made.one_time_link)}`,
          `                             ${style.dim(`good once, until ${style.date(made.one_time_link_expires_at)}; the server must run`)}`,
          `  client id                  ${style.bold(made.client_id)}`,
          `  client secret              ${style.bold(made.client_secret)}`,
        ].join('\n'),
      );
    });
}
