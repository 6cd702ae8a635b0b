/** `rolemint audit …` */
import { InvalidArgumentError, type Command } from 'commander';
import type { RecordedAuditDocument } from '../../domain/audit-chain.ts';
import type { ChainHead } from '../../domain/audit-event.ts';
import { visible } from '../../workspace/problem.ts';
import { addCommand, addGroup, instant, JSON_OPTION, limit } from '../command.ts';
import { EXIT, type CliContext } from '../context.ts';
import { listAuditEvents, verifyAudit, type AuditEventsDocument, type VerificationDocument } from '../operations/audit.ts';
import { table } from '../style.ts';

interface Json {
  readonly json?: boolean;
}

interface Span {
  readonly since?: string;
  readonly until?: string;
}

export function addAuditCommands(program: Command, context: CliContext): void {
  const group = addGroup(program, 'audit', {
    summary: 'Audit events: list, export, verify.',
    about: 'Every change and every security event, in a chain: none can be changed, removed or put in between without verify telling.',
    examples: ['rolemint audit list --target user:alice', 'rolemint audit export --since 2026-01-01 > audit.ndjson', 'rolemint audit verify'],
  });
  addList(group, context);
  addExport(group, context);
  addVerify(group, context);
}

interface ListOptions extends Json, Span {
  readonly type?: string;
  readonly actor?: string;
  readonly onBehalfOf?: string;
  readonly target?: { readonly kind: string; readonly id: string | undefined };
  readonly request?: string;
  readonly oldestFirst?: boolean;
  readonly after?: string;
  readonly limit: number;
}

function addList(group: Command, context: CliContext): void {
  addCommand(group, 'list', {
    summary: 'List audit events, newest first.',
    examples: ['rolemint audit list', 'rolemint audit list --type user_locked_out --since 2026-11-01', 'rolemint audit list --actor alice --json'],
  })
    .option('--type <type>', 'only events of this type')
    .option('--actor <id>', 'only what this user, client or operator did')
    .option('--on-behalf-of <id>', 'only what was done while this user was impersonated')
    .option('--target <kind[:id]>', 'only what happened to this: user:alice, or user', targetOf)
    .option('--request <id>', 'only events of the request with this X-Request-Id')
    .option('--since <instant>', 'at this instant or later', instant)
    .option('--until <instant>', 'before this instant', instant)
    .option('--oldest-first', 'in the order in which they happened')
    .option('--limit <number>', 'at most so many', limit, 50)
    .option('--after <number>', 'only those that come after this one in the list', eventNumber)
    .option(...JSON_OPTION)
    .action(async ({ json, target, onBehalfOf, request, oldestFirst, ...options }: ListOptions) => {
      const asked = { ...options, on_behalf_of: onBehalfOf, target_kind: target?.kind, target_id: target?.id, request_id: request };
      const result = await context.perform(listAuditEvents, { ...asked, oldest_first: oldestFirst === true });
      context.answer({ json: json === true }, result, (found) => eventsInWords(found, context));
    });
}

function eventsInWords({ events, next }: AuditEventsDocument, { style }: CliContext): string {
  if (events.length === 0) return 'There are no such audit events.';
  const rows = events.map((event) => [event.id, event.at, event.type, whoDid(event), `${event.target.kind} ${event.target.id}`].map(visible));
  const listed = table([['number', 'at', 'type', 'who', 'what'], ...rows], (cell, row) => (row === 0 ? style.dim(cell) : cell));
  return next === null ? listed : `${listed}\n${style.dim(`more: the same with --after ${next}`)}`;
}

function whoDid({ actor, on_behalf_of: impersonated, client_id: clientId }: RecordedAuditDocument): string {
  const as = impersonated === undefined ? '' : ` as ${impersonated.id}`;
  return `${actor.kind} ${actor.id}${as}${clientId === undefined || clientId === actor.id ? '' : ` through ${clientId}`}`;
}

/** Events that are in memory at once. */
const PAGE = 500;

function addExport(group: Command, context: CliContext): void {
  addCommand(group, 'export', {
    summary: 'Write audit events as NDJSON: one JSON object a line, oldest first.',
    about: 'Each event has its number and its hash, so that the export can be verified by itself. Any number of events can be exported.',
    examples: ['rolemint audit export > audit.ndjson', 'rolemint audit export --since 2026-11-01 --until 2026-12-01 > november.ndjson'],
  })
    .option('--since <instant>', 'at this instant or later', instant)
    .option('--until <instant>', 'before this instant', instant)
    .option('--json', 'the same: every line is JSON')
    .action(async ({ since, until }: Span) => {
      await context.performing(async (perform) => {
        let after: string | undefined;
        do {
          const page = await perform(listAuditEvents, { since, until, oldest_first: true, after, limit: PAGE });
          await context.write(page.events.map((event) => `${JSON.stringify(event)}\n`).join(''));
          after = page.next ?? undefined;
        } while (after !== undefined);
      });
    });
}

function addVerify(group: Command, context: CliContext): void {
  addCommand(group, 'verify', {
    summary: 'Verify that no audit event was changed, removed or put in between.',
    about:
      'Ends with 1, naming the first event that does not fit. Note what it prints at the end somewhere else, and give it back with --expect: ' +
      'that finds also a chain that was made anew as a whole by somebody who can write to the database.',
    examples: ['rolemint audit verify', 'rolemint audit verify --json', `rolemint audit verify --expect 1204:${'5f'.repeat(32)}`],
  })
    .option('--expect <number:hash>', 'an end of the chain that was noted earlier', headOf)
    .option(...JSON_OPTION)
    .action(async ({ expect, ...options }: Json & { expect?: ChainHead }) => {
      const found = await context.perform(verifyAudit, { expect });
      context.answer(options, found, () => verificationInWords(found, context));
      if (!found.unbroken) context.exitCode = EXIT.failed;
    });
}

function verificationInWords({ events, hash, fault }: VerificationDocument, { style }: CliContext): string {
  if (fault === null) return style.good(`${events} events, unbroken`) + (events === 0 ? '' : `\n${style.dim(`end of the chain: ${events}:${hash}`)}`);
  const sentences = {
    changed: `event ${fault.event} is not what was written, or does not follow the one before`,
    missing: `event ${fault.event} is missing`,
    cut: `event ${fault.event} and all later ones are missing`,
    added: `event ${fault.event} was put in by somebody else`,
    replaced: `event ${fault.event} is not the one that was noted`,
    head: 'the last link of the chain, kept in the table audit_chain, is gone or was changed',
  };
  return `${style.bad('broken')}: ${sentences[fault.kind]}; ${events} events before are unbroken`;
}

function targetOf(text: string): { readonly kind: string; readonly id: string | undefined } {
  const end = text.indexOf(':');
  return end < 0 ? { kind: text, id: undefined } : { kind: text.slice(0, end), id: text.slice(end + 1) };
}

function eventNumber(text: string): string {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Write the number of an event.');
  return String(Number(text));
}

function headOf(text: string): ChainHead {
  const [, events, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (events === undefined || hash === undefined)
    throw new InvalidArgumentError('Write what audit verify printed: the number of an event and its hash.');
  return { events: Number(events), hash };
}
