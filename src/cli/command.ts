/** How commands are declared, so that each has a summary, examples and `--json`. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

export interface CommandText {
  /** One sentence, in the list of commands too. */
  readonly summary: string;
  /** What else is worth knowing. */
  readonly about?: string;
  /** Command lines that work. */
  readonly examples: readonly string[];
}

/** Adds a command. @param usage as commander takes it: `why <names...>` */
export function addCommand(parent: Command, usage: string, { summary, about, examples }: CommandText): Command {
  return parent
    .command(usage)
    .summary(summary)
    .description(about === undefined ? summary : `${summary}\n\n${about}`)
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`);
}

/** Adds a command that only has commands of its own. */
export function addGroup(parent: Command, name: string, text: CommandText): Command {
  return addCommand(parent, name, text);
}

export const JSON_OPTION = ['--json', 'print the result as JSON, and nothing else'] as const;

/** Collects an option that may be given several times. */
export const several = (value: string, earlier: readonly string[] = []): readonly string[] => [...earlier, value];

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30d`, `24h`, `15m`, `0s` in milliseconds. */
export function duration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new InvalidArgumentError('Write a number with a unit: 30d, 24h, 15m or 90s.');
  return Number(count) * UNITS[unit]!;
}

/** An instant as ISO 8601 with a zone, or a day: then its first instant in UTC. */
export function instant(text: string): string {
  const isInstant = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text) && !Number.isNaN(Date.parse(text));
  if (!isInstant) throw new InvalidArgumentError('Write an instant such as 2027-01-31T18:00:00Z, or a day such as 2027-01-31.');
  return new Date(text).toISOString();
}

export function limit(text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 1000) throw new InvalidArgumentError('Write a number from 1 to 1000.');
  return value;
}
