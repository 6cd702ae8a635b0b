/** @module A plan as people read it: rows by section, then what it means for whom. */
import type { WorkspacePlan } from './apply.ts';
import type { PlanRow } from './plan.ts';
import type { Action, FieldChange } from './object-change.ts';
import type { RoleEffect } from './effects.ts';
import { visible } from './problem.ts';
import { isSame } from './section.ts';

export interface FormatOptions {
  /** With the colour codes of a terminal. Default false. */
  readonly colour?: boolean | undefined;
  /** The change was made; otherwise it is told as one that would be. Default false. */
  readonly applied?: boolean | undefined;
}

const SIGNS: Readonly<Record<Action, string>> = { create: '+', update: '~', remove: '-' };
const COLOURS: Readonly<Record<string, string>> = { '+': '\u001B[32m', '~': '\u001B[33m', '-': '\u001B[31m' };
const BOLD = '\u001B[1m';
const PLAIN = '\u001B[0m';

const MOST_NAMES = 8;
const MOST_ROLES = 12;
const WIDEST_VALUE = 100;

/** The plan as plain text of several lines, without a final line break. */
export function formatPlan(plan: WorkspacePlan, options: FormatOptions = {}): string {
  const paint = (colour: string | undefined, text: string): string =>
    options.colour === true && colour !== undefined ? `${colour}${text}${PLAIN}` : text;
  const lines = [title(plan, options.applied === true)];
  let section: string | undefined;
  for (const row of plan.rows) {
    if (row.section !== section) {
      section = row.section;
      lines.push('', paint(BOLD, section));
    }
    lines.push(...rowLines(row).map((line, index) => paint(index === 0 ? COLOURS[SIGNS[row.action]] : undefined, line)));
  }
  if (plan.effects.length > 0) {
    lines.push('', paint(BOLD, 'effective roles'), ...inOrder(plan.effects).map((effect) => `  ${effectSentence(effect)}`));
  } else if (plan.rows.length > 0) {
    lines.push('', 'Nobody gains or loses a role.');
  }
  if (plan.effectsCut) lines.push('  … and others: more users or clients are reached than were compared.');
  if (plan.expectations > 0) lines.push('', plan.expectations === 1 ? 'The expectation holds.' : `All ${plan.expectations} expectations hold.`);
  return lines.join('\n');
}

function title({ workspace, rows }: WorkspacePlan, applied: boolean): string {
  const name = workspace === undefined ? '' : `${visible(workspace)}: `;
  if (rows.length === 0) return `${name}nothing to change.`;
  const count = (action: Action): number => rows.filter((row) => row.action === action).length;
  const words = applied ? ['created', 'updated', 'removed'] : ['to create', 'to update', 'to remove'];
  return `${name}${count('create')} ${words[0]}, ${count('update')} ${words[1]}, ${count('remove')} ${words[2]}.`;
}

/** Fields that the key of an assignment tells already. */
const IN_KEY: ReadonlySet<string> = new Set(['security_profile', 'user', 'user_group', 'organization', 'client_id', 'client', 'valid_from']);

function rowLines({ section, action, key, fields }: PlanRow): string[] {
  const head = `  ${SIGNS[action]} ${visible(key)}`;
  if (action === 'remove') return [head];
  if (action === 'update') return [head, ...fields.map((change) => `      ${change.field}: ${difference(change)}`)];
  const told = fields
    .filter(({ field, after }) => after !== key && !(section === 'assignments' && IN_KEY.has(field)))
    .map(({ field, after }) => `${field}: ${show(after)}`);
  return [told.length === 0 ? head : `${head}  (${shorten(told.join('; '))})`];
}

function difference({ before, after }: FieldChange): string {
  if (Array.isArray(before) && Array.isArray(after)) {
    const [was, becomes] = [before as unknown[], after as unknown[]];
    const gone = was.filter((item) => !becomes.some((other) => isSame(item, other)));
    const come = becomes.filter((item) => !was.some((other) => isSame(item, other)));
    return [...come.map((item) => `+${show(item)}`), ...gone.map((item) => `-${show(item)}`)].join(' ');
  }
  return `${before === undefined ? '(none)' : shorten(show(before))} → ${after === undefined ? '(none)' : shorten(show(after))}`;
}

function inOrder(effects: readonly RoleEffect[]): RoleEffect[] {
  return effects.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

/** Users by organization, then clients. */
function orderOf({ kind, organization, client, subjects }: RoleEffect): string {
  return [kind === 'user' ? '0' : '1', organization ?? '', client ?? '', subjects[0] ?? ''].join('\0');
}

/** `Users of Acme: +OrderReader -OrderAdmin (3 people: alice, bob, carol)`. */
export function effectSentence({ kind, organization, client, gained, lost, subjects }: RoleEffect): string {
  const who = kind === 'client' ? 'Clients' : organization === undefined ? 'Users' : `Users of ${organization}`;
  const through = client === undefined ? '' : ` through ${client}`;
  const roles = [...signed('+', gained), ...signed('-', lost)].join(' ');
  const noun = kind === 'client' ? (subjects.length === 1 ? 'client' : 'clients') : subjects.length === 1 ? 'person' : 'people';
  const names = subjects.slice(0, MOST_NAMES).join(', ');
  const rest = subjects.length > MOST_NAMES ? ` and ${subjects.length - MOST_NAMES} more` : '';
  return visible(`${who}${through}: ${roles} (${subjects.length} ${noun}: ${names}${rest})`);
}

function signed(sign: string, roles: readonly string[]): string[] {
  const shown = roles.slice(0, MOST_ROLES).map((role) => `${sign}${role}`);
  return roles.length > MOST_ROLES ? [...shown, `${sign}${roles.length - MOST_ROLES} more`] : shown;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${fields.map(([field, member]) => `${field}: ${show(member)}`).join(', ')}}`;
  }
  return visible(String(value));
}

function shorten(text: string): string {
  return text.length > WIDEST_VALUE ? `${text.slice(0, WIDEST_VALUE - 1)}…` : text;
}
