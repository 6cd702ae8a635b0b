/** `rolemint why` and `rolemint preview`: what a token carries, and why. */
import type { Command } from 'commander';
import { DomainError } from '../../domain/errors.ts';
import type { Verdict } from '../../domain/scope.ts';
import type { PathDocument, PreviewDocument, SubjectDocument, WhyDocument } from '../../services/access-documents.ts';
import { visible } from '../../workspace/problem.ts';
import { addCommand, instant, JSON_OPTION } from '../command.ts';
import { EXIT, type CliContext } from '../context.ts';
import { preview, why, type QuestionParameters } from '../operations/access.ts';
import { awayInWords, table, visibleJson, type Style } from '../style.ts';

interface QuestionOptions {
  readonly client?: string;
  readonly audience?: string;
  readonly at?: string;
  readonly json?: boolean;
}

export function addWhyCommands(program: Command, context: CliContext): void {
  addCommand(program, 'why <names...>', {
    summary: 'Say why somebody has a role, by every path, or what is missing.',
    about:
      'Names are USER ROLE, or ROLE alone with --client: then the client asks for itself (client_credentials). ' +
      'Ends with 2 when a token would not carry the role.',
    examples: [
      'rolemint why alice OrderAdmin --client shop',
      'rolemint why --client nightly OrderReader',
      'rolemint why alice OrderAdmin --client shop --at 2026-12-24T18:00:00Z',
    ],
  })
    .usage('[user] <role> [options]')
    .option('--client <id>', 'in tokens for this client; without: what holds for every client')
    .option('--audience <uri>', 'in tokens for this resource server; default: the issuer')
    .option('--at <instant>', 'at this instant; default: now', instant)
    .option(...JSON_OPTION)
    .action(async (names: readonly string[], options: QuestionOptions) => {
      const [role, user, ...rest] = names.toReversed();
      if (role === undefined || rest.length > 0) throw new DomainError('invalid_input', 'Name a user and a role, or a role with --client.');
      if (user === undefined && options.client === undefined)
        throw new DomainError('invalid_input', 'Name a user as well, or a client with --client.');
      const result = await context.perform(why, { ...questionOf(options), user, role });
      context.answer(options, result, () => whyInWords(result, context.style));
      if (result.verdict !== 'granted' || result.objection !== null) context.exitCode = EXIT.differs;
    });
  addCommand(program, 'preview [user]', {
    summary: 'Show what a token would carry, without issuing one.',
    about: 'Without a user the client asks for itself (client_credentials). Without --scope it asks as a request without scope does.',
    examples: ['rolemint preview alice --client shop --scope "Shopper OrderAdmin"', 'rolemint preview --client nightly --json'],
  })
    .requiredOption('--client <id>', 'client that the token is for')
    .option('--scope <names>', 'the scope that is asked for, separated by spaces')
    .option('--audience <uri>', 'resource server that the token is for; default: the issuer')
    .option('--at <instant>', 'at this instant; default: now', instant)
    .option(...JSON_OPTION)
    .action(async (user: string | undefined, options: QuestionOptions & { client: string; scope?: string }) => {
      const result = await context.perform(preview, { ...questionOf(options), client: options.client, user, scope: options.scope });
      context.answer(options, result, () => previewInWords(result, context.style));
    });
}

const questionOf = ({ client, audience, at }: QuestionOptions): Omit<QuestionParameters, 'user'> => ({ client, audience, at });

const nameOf = ({ username, id }: SubjectDocument): string => visible(username ?? id);

function whyInWords(found: WhyDocument, style: Style): string {
  const lines = [headline(found, style)];
  if (found.context_user !== null) lines.push(style.dim(`  It acts with the roles of its context user, ${nameOf(found.context_user)}.`));
  if (found.objection !== null) lines.push(style.bad(`  But there would be no token at all: ${visible(found.objection)}.`));
  if (found.paths.length > 0) lines.push(pathsInWords(found, style));
  if (found.verdict !== 'granted') lines.push(...remediesInWords(found, style));
  return lines.join('\n');
}

function headline(found: WhyDocument, style: Style): string {
  const who = style.bold(nameOf(found.subject));
  const role = style.bold(visible(found.role));
  const tokens = found.client === null ? '' : ` in tokens for ${visible(found.client)}`;
  const acting = found.context_user ?? found.subject;
  const wording: Record<Verdict, () => string> = {
    granted: () => `${who} has ${role}${tokens}.`,
    unknown: () =>
      `Nobody can have ${role}: there is no such role.${found.did_you_mean === null ? '' : ` Did you mean ${visible(found.did_you_mean)}?`}`,
    unheld: () =>
      `${who} does not have ${role}${tokens}: ${found.paths.length === 0 ? 'no security profile with it reaches them' : 'it reaches them for other clients only'}.`,
    not_yet_valid: () => `${who} does not have ${role} yet${tokens}.`,
    expired: () => `${who} does not have ${role} any more${tokens}.`,
    barred_for_organization_type: () =>
      `${who} cannot have ${role}: people of a ${visible(acting.organization_type ?? '')} are barred from it, whatever is assigned.`,
    above_client_maximum: () =>
      `${who} holds ${role}, but tokens for ${visible(found.client ?? '')} cannot carry it: it is not among the client's maximum_roles.`,
    outside_resource_server: () =>
      `${who} holds ${role}, but tokens for ${visible(found.audience ?? 'the issuer')} do not carry it: it is not among the resource server's roles.`,
  };
  return wording[found.verdict]();
}

function pathsInWords({ paths, at }: WhyDocument, style: Style): string {
  const rows = paths.map((path) => [
    `${path.state === 'in_force' ? '✓' : '·'} through ${partyInWords(path)}`,
    `profile "${visible(path.security_profile.name)}"`,
    `assigned${path.assigned_by === null ? '' : ` by ${visible(path.assigned_by)}`}, ${style.date(path.assigned_at)}`,
    [stateInWords(path, at, style), path.reason === null ? '' : `(${visible(path.reason)})`].filter(Boolean).join('  '),
  ]);
  const painted = table(rows, (cell, row) => (paths[row]!.state === 'in_force' ? cell.replace('✓', style.good('✓')) : style.dim(cell)));
  return painted
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

function partyInWords({ party, include_descendants: below }: PathDocument): string {
  const name = visible(party.name);
  switch (party.kind) {
    case 'user':
      return 'a direct assignment';
    case 'user_group':
      return `user group ${name}${party.organization === null ? '' : ` (${visible(party.organization)})`}`;
    case 'organization':
      return `${name} (organization${below ? ', and those below it' : ''})`;
    case 'client':
      return `the client ${name}`;
  }
}

function stateInWords({ state, client, from, until }: PathDocument, at: string, style: Style): string {
  const moment = (date: string) => `${style.date(date)} (${awayInWords(date, at)})`;
  const only = client === null ? '' : `only in tokens for ${visible(client)}`;
  switch (state) {
    case 'in_force':
      return [until === null ? '' : `until ${moment(until)}`, only].filter(Boolean).join(', ');
    case 'not_yet_valid':
      return `not yet: from ${moment(from!)}`;
    case 'expired':
      return `ended${until === null ? '' : ` ${moment(until)}`}`;
    case 'other_client':
      return only;
  }
}

const BLOCKS: Partial<Record<Verdict, string>> = {
  barred_for_organization_type: 'the type of the organization would still bar it',
  above_client_maximum: "the client's maximum_roles would still keep it out",
  outside_resource_server: 'the resource server would still not know it',
};

const MENDED_BY_ASSIGNING: ReadonlySet<Verdict> = new Set<Verdict>(['unheld', 'not_yet_valid', 'expired']);

function remediesInWords({ remedies, verdict, role }: WhyDocument, style: Style): string[] {
  if (!MENDED_BY_ASSIGNING.has(verdict)) return [];
  if (remedies.length === 0) return ['', `No security profile has ${visible(role)}: add it to one first.`];
  const lines = remedies.map(({ assignment, security_profile: profile, verdict: then }) => {
    const line = `  - {${Object.entries(assignment)
      .map(([field, value]) => `${field}: ${yamlWord(value)}`)
      .join(', ')}}`;
    const blocked = BLOCKS[then] === undefined ? '' : style.warn(`; ${BLOCKS[then]}`);
    return `${line}${style.dim(`   # ${visible(profile.name)}`)}${blocked}`;
  });
  return [
    '',
    remedies.length === 1 ? 'This assignment in a workspace file would give it:' : 'One of these assignments in a workspace file would give it:',
    'assignments:',
    ...lines,
  ];
}

/** Ids need no quotes in YAML unless they read as something else. */
const yamlWord = (id: string): string =>
  /^[A-Za-z][A-Za-z0-9._-]*$/.test(id) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(id) ? id : JSON.stringify(id);

function previewInWords(found: PreviewDocument, style: Style): string {
  const who = found.subject.kind === 'user' ? nameOf(found.subject) : 'itself';
  const lines = [`A token for ${style.bold(visible(found.client))}, asked for by ${style.bold(who)}, meant for ${visible(found.audience)}:`];
  if (found.context_user !== null) lines.push(style.dim(`  It acts with the roles of its context user, ${nameOf(found.context_user)}.`));
  if (found.objection !== null) lines.push(style.bad(`  There would be none: ${visible(found.objection)}.`));
  if (found.names.length > 0) {
    const rows = found.names.map(({ name, verdict }) => [`  ${verdict === 'granted' ? '✓' : '·'} ${visible(name)}`, verdict.replaceAll('_', ' ')]);
    lines.push(table(rows, (cell, row) => (found.names[row]!.verdict === 'granted' ? cell.replace('✓', style.good('✓')) : style.dim(cell))));
  } else {
    lines.push(style.dim('  No role is asked for.'));
  }
  const until = found.roles_until === null ? '' : `; ends with the first of its roles, ${style.date(found.roles_until)}`;
  return [
    ...lines,
    `scope: ${JSON.stringify(found.scope)}   ${style.dim(`${found.bytes} bytes${until}`)}`,
    style.dim(visibleJson(found.claims)),
  ].join('\n');
}
