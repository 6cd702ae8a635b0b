/**
 * The parts of the documentation that say what the code says: tables of settings, error codes, built-in roles, commands
 * and metrics. Each stands in a document between two markers; `npm run docs` writes them, a test compares them.
 */
import type { Command } from 'commander';
import { CliContext } from '../src/cli/context.ts';
import { buildProgram } from '../src/cli/run.ts';
import { SETTINGS } from '../src/config.ts';
import { BUILT_IN_ROLES } from '../src/domain/role.ts';
import { MEANING, STATUS, type ProblemCode } from '../src/http/errors.ts';
import { ERROR_CODES } from '../src/http/ordercloud/errors.ts';
import { openMetrics } from '../src/telemetry/metrics.ts';
import { answeredTable, unansweredList } from './ordercloud-calls.ts';

/** Documents with generated parts, relative to the project. */
export const GENERATED_DOCUMENTS = ['README.md', 'docs/errors.md', 'docs/operations.md', 'docs/ordercloud.md'];

const PART = /(<!-- generated: ([a-z]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The document with every generated part as the code has it now. */
export function withGeneratedParts(document: string): string {
  return document.replaceAll(PART, (_whole, begin: string, name: string, end: string) => {
    const render = PARTS[name];
    if (render === undefined) throw new Error(`there is no generated part ${name}`);
    return `${begin}\n${render()}\n\n${end}`;
  });
}

const PARTS: Readonly<Record<string, () => string>> = {
  settings,
  errors,
  roles,
  commands,
  metrics,
  ordercloud: answeredTable,
  unanswered: unansweredList,
  ordercloudcodes: orderCloudCodes,
};

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string): string => `\`${text}\``;

function settings(): string {
  const rows = Object.entries(SETTINGS).map(([name, { fallback, about }]) => [code(name), fallback === '' ? 'unset' : code(fallback), about]);
  return table(['setting', 'default', 'what it is for'], rows);
}

function errors(): string {
  const rows = (Object.keys(STATUS) as ProblemCode[]).map((name) => [code(name), String(STATUS[name]), MEANING[name]]);
  return table(['code', 'status', 'what it means'], rows);
}

function orderCloudCodes(): string {
  const rows = (Object.keys(STATUS) as ProblemCode[]).map((name) => [code(ERROR_CODES[name]), String(STATUS[name]), code(name), MEANING[name]]);
  return table(['ErrorCode', 'status', 'code of the management API', 'what it means'], rows);
}

function roles(): string {
  return table(
    ['role', 'category', 'what it allows'],
    BUILT_IN_ROLES.map(({ name, category, description = '' }) => [code(name), category, description]),
  );
}

function commands(): string {
  const silent = { write: () => true };
  const io = { stdin: process.stdin, stdout: silent, stderr: silent, env: {}, cwd: '/', operator: 'docs', signals: process };
  return table(
    ['command', 'what it does'],
    leavesOf(buildProgram(new CliContext(io))).map(([name, summary]) => [code(`rolemint${name}`), summary]),
  );
}

/** The commands that do something, each with its whole name and its summary. */
function leavesOf(command: Command, prefix = ''): (readonly [string, string])[] {
  return command.commands.flatMap((child) => {
    const name = `${prefix} ${child.name()}`;
    return child.commands.length > 0 ? leavesOf(child, name) : [[name, child.summary()] as const];
  });
}

function metrics(): string {
  const { registry } = openMetrics({ hashing: () => ({ queued: 0, running: 0 }) });
  const all = registry.getMetricsAsArray() as unknown as readonly {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
  }[];
  const ours = all.filter(({ name }) => name.startsWith('rolemint_'));
  return table(
    ['metric', 'labels', 'what it measures'],
    ours.map(({ name, labelNames, help }) => [code(name), labelNames.map(code).join(' '), help]),
  );
}
