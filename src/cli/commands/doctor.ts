/** `rolemint doctor` */
import type { Command } from 'commander';
import { visible } from '../../workspace/problem.ts';
import { runChecks } from '../checks.ts';
import { addCommand, JSON_OPTION } from '../command.ts';
import { EXIT, type CliContext } from '../context.ts';

export function addDoctorCommand(program: Command, context: CliContext): void {
  addCommand(program, 'doctor', {
    summary: 'Check the installation, and say what to do where something is wrong.',
    about:
      'Looks at Node.js, settings, database, folders, keys, Redis, clocks, the running server, and what the demo left behind. ' +
      'Ends with 1 when a check fails; warnings do not count.',
    examples: ['rolemint doctor', 'rolemint doctor --json'],
  })
    .option(...JSON_OPTION)
    .action(async (options: { json?: boolean }) => {
      const { style } = context;
      const checks = await runChecks(context);
      const failed = checks.filter(({ status }) => status === 'fail').length;
      const signs = { ok: style.good('ok  '), warn: style.warn('warn'), fail: style.bad('fail') };
      context.answer(options, { healthy: failed === 0, checks }, () => {
        const lines = checks.map(({ name, status, finding, advice }) => {
          return `${signs[status]}  ${style.bold(name)}: ${visible(finding)}${advice === null ? '' : `\n      → ${visible(advice)}`}`;
        });
        return lines.join('\n');
      });
      if (failed > 0) context.exitCode = EXIT.failed;
    });
}
