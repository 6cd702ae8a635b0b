import { describe, expect, it } from '@jest/globals';
import { CliContext } from '../../../src/cli/context.ts';
import { buildProgram, everyCommand } from '../../../src/cli/run.ts';
import type { Command } from 'commander';
import { runWith, type Result } from './harness.ts';

const surroundings = {
  stdin: process.stdin,
  env: {},
  cwd: '/',
  operator: 'ops',
  signals: { on: () => undefined, off: () => undefined },
};
const run = (...argv: string[]): Promise<Result> => runWith(argv, surroundings);

function namesOf(command: Command): string[] {
  return command.parent === null ? [] : [...namesOf(command.parent), command.name()];
}

const commands = everyCommand(buildProgram(new CliContext({ ...surroundings, stdout: { write: () => true }, stderr: { write: () => true } })));

describe('help', () => {
  it.each(commands.map((command) => [namesOf(command).join(' '), command] as const))(
    'of `%s` has a summary of one sentence, described options and an example',
    async (name, command) => {
      const shown = await run(...name.split(' '), '--help');
      expect(shown).toMatchObject({ code: 0, err: '' });
      expect(command.summary()).toMatch(/^[A-Z][^\n]*\.$/);
      expect(shown.out).toContain(`Usage: rolemint ${name}`);
      expect(shown.out).toContain('\nExamples:\n  $ ');
      for (const option of command.options) expect(option.description).not.toBe('');
    },
  );

  it('lists every command and the exit codes', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    for (const name of [
      'serve',
      'migrate',
      'plan',
      'apply',
      'export',
      'keys',
      'why',
      'preview',
      'token',
      'verify',
      'user',
      'client',
      'audit',
      'bootstrap',
      'doctor',
      'help',
    ]) {
      expect(out).toMatch(new RegExp(`\\n  ${name} `));
    }
    expect(out).toContain('Exit codes:\n  0  done');
  });

  it('explains the exit codes and any command as a topic', async () => {
    expect((await run('help', 'exit-codes')).out).toMatch(/^Exit codes:/);
    expect((await run('help', 'client', 'secret', 'add')).out).toContain('Usage: rolemint client secret add');
    expect(await run('help', 'nothing')).toMatchObject({ code: 1, out: '' });
  });

  it('takes no password and no secret on the command line', () => {
    const taking = commands.flatMap((command) =>
      command.options.filter(({ flags }) => /password|secret/.test(flags) && /[<[]/.test(flags)).map(({ flags }) => flags),
    );
    expect(taking).toEqual([]);
  });

  it('every command that answers has --json', () => {
    const silent = commands
      .filter((command) => command.commands.length === 0 && !command.options.some(({ long }) => long === '--json'))
      .map((command) => command.name());
    expect(silent).toEqual(['serve', 'help']);
  });
});

describe('a command line with a mistake', () => {
  it.each([
    [['serv'], "rolemint: unknown command 'serv'\n(Did you mean serve?)"],
    [['user', 'lst'], "rolemint: unknown command 'lst'\n(Did you mean list?)"],
    [['why', 'alice', 'X', '--clent', 'shop'], "rolemint: unknown option '--clent'\n(Did you mean --client?)"],
    [['preview', 'alice'], "rolemint: required option '--client <id>' not specified"],
    [['client', 'secret', 'add', 'shop', '--expires-in', 'soon'], 'Write a number with a unit'],
    [['why', 'alice', 'X', '--at', '2026-13-01'], 'Write an instant such as'],
  ])('%j is refused with a sentence and exit code 1', async (argv, sentence) => {
    const { code, out, err } = await run(...argv);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(sentence);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('names every problem of the settings at once, without a stack', async () => {
    const { code, out, err } = await runWith(['user', 'list'], { ...surroundings, env: { ROLEMINT_PORT: 'x', ROLEMINT_ISSUR: 'y' } });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^rolemint: The configuration cannot be used:\n/);
    expect(err).toContain('ROLEMINT_PORT');
    expect(err).toContain('ROLEMINT_ISSUR');
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('shows the stack to whoever debugs', async () => {
    const { err } = await runWith(['user', 'list'], { ...surroundings, env: { ROLEMINT_PORT: 'x', ROLEMINT_LOG_LEVEL: 'debug' } });
    expect(err).toMatch(/\n\s+at /);
  });
});
