/** `rolemint remove` */
import { Argument, type Command } from 'commander';
import { visible } from '../../workspace/problem.ts';
import { Progress } from '../bulk/progress.ts';
import { addCommand, JSON_OPTION } from '../command.ts';
import { EXIT, type CliContext } from '../context.ts';
import { countNaming, removeStep, REMOVED_KINDS, type RemovedKind } from '../operations/bulk.ts';

export function addRemoveCommand(program: Command, context: CliContext): void {
  addCommand(program, 'remove', {
    summary: 'Remove a profile, user group or client with all that names it, however much that is.',
    about:
      'It is out of force at once. Its assignments and memberships then go a thousand at a time, each with its audit event; administration goes on ' +
      'meanwhile. Run it again when it was cut off, and it goes on. Without --yes it only says how much would go.',
    examples: [
      'rolemint remove security-profile seasonal',
      'rolemint remove security-profile seasonal --yes',
      'rolemint remove user-group staff --yes --json',
    ],
  })
    .addArgument(new Argument('<kind>', 'what it is').choices(REMOVED_KINDS))
    .argument('<id>', 'its id')
    .option('--yes', 'remove it')
    .option(...JSON_OPTION)
    .action((kind: RemovedKind, id: string, options: { readonly yes?: boolean; readonly json?: boolean }) => remove(context, { kind, id }, options));
}

interface Target {
  readonly kind: RemovedKind;
  readonly id: string;
}

async function remove(context: CliContext, target: Target, { yes, json }: { readonly yes?: boolean; readonly json?: boolean }): Promise<void> {
  const name = `the ${target.kind.replace('-', ' ')} ${visible(target.id)}`;
  const clock = await context.clock();
  await context.performing(async (perform) => {
    const { count } = await perform(countNaming, target);
    if (yes !== true) {
      context.exitCode = EXIT.differs;
      return context.answer(
        { json: json === true },
        { ...target, naming: count, removed: false },
        () => `Would remove ${name}; ${count.toLocaleString('en')} assignments, members and others name it. Do it with --yes.`,
      );
    }
    const progress = new Progress({ output: context.io.stderr, clock, things: 'removed' });
    let removed = 0;
    for (let done = false; !done;) {
      const step = await perform(removeStep, target);
      removed += step.removed;
      done = step.done;
      progress.show(removed, count === 0 ? undefined : Math.min(1, removed / count));
    }
    progress.clear();
    context.answer(
      { json: json === true },
      { ...target, naming: removed, removed: true },
      () => `Removed ${name}, with ${removed.toLocaleString('en')} assignments and memberships.`,
    );
  });
}
