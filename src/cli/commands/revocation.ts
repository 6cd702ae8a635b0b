/** `rolemint revoke-all` */
import type { Command } from 'commander';
import { addCommand, JSON_OPTION } from '../command.ts';
import type { CliContext } from '../context.ts';
import { revokeAll } from '../operations/revocation.ts';

export function addRevocationCommand(program: Command, context: CliContext): void {
  addCommand(program, 'revoke-all', {
    summary: 'End every token and every link that was issued so far, to whomever; for a database that was restored.',
    about:
      'A backup does not know what was revoked after it was made. Run it once after a restore, before the servers start: then nothing ' +
      'that was issued before counts, and nobody needs to be found one by one. Everybody signs in again; programs get new tokens ' +
      'by themselves. Keys, passwords and client secrets stay.',
    examples: ['rolemint revoke-all'],
  })
    .option(...JSON_OPTION)
    .action(async (options: { readonly json?: boolean }) => {
      context.answer(options, await context.perform(revokeAll, {}), ({ issued_up_to: instant }) => {
        return `Nothing that was issued up to ${context.style.date(instant)} counts any more.`;
      });
    });
}
