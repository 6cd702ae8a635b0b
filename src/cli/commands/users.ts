/** `rolemint user …` */
import { InvalidArgumentError, type Command } from 'commander';
import { visible } from '../../workspace/problem.ts';
import { addCommand, addGroup, JSON_OPTION, limit, several } from '../command.ts';
import type { CliContext } from '../context.ts';
import { createUser, listUsers, revokeUserTokens, setPassword, setUserActive, showUser, unlockUser } from '../operations/users.ts';
import type { PasswordResult, UserDetailsDocument } from '../operations/users.ts';
import { linesOfStdin, promptNewPassword } from '../secrets.ts';
import { table } from '../style.ts';
import { addUserExportCommand } from './user-export.ts';
import { addUserImportCommand } from './user-import.ts';

interface Json {
  readonly json?: boolean;
}

interface PasswordOptions extends Json {
  readonly passwordStdin?: boolean;
  readonly generate?: boolean;
  readonly link?: boolean;
}

const HOW = 'use --password-stdin, --generate or --link.';

export function addUserCommands(program: Command, context: CliContext): void {
  const group = addGroup(program, 'user', {
    summary: 'Users: list, show, create, password, unlock, enable, disable, revoke-tokens, import, export.',
    examples: ['rolemint user list', 'rolemint user show alice', 'rolemint user password alice --link'],
  });
  addReading(group, context);
  addCreate(group, context);
  addPassword(group, context);
  addSwitches(group, context);
  addUserImportCommand(group, context);
  addUserExportCommand(group, context);
}

function addReading(group: Command, context: CliContext): void {
  addCommand(group, 'list', { summary: 'List users by id.', examples: ['rolemint user list', 'rolemint user list --after alice --limit 50 --json'] })
    .option('--limit <number>', 'at most so many', limit, 100)
    .option('--after <id>', 'only those whose id comes after this one')
    .option(...JSON_OPTION)
    .action(async (options: Json & { limit: number; after?: string }) => {
      const result = await context.perform(listUsers, { after: options.after, limit: options.limit });
      context.answer(options, result, ({ users, next }) => {
        if (users.length === 0) return 'There are no users.';
        const rows = users.map((user) => [user.id, user.username, user.organization, user.active ? '' : 'disabled'].map(visible));
        const listed = table([['id', 'user name', 'organization', ''], ...rows], (cell, row, column) => paintRow(context, { cell, row, column }));
        return next === null ? listed : `${listed}\n${context.style.dim(`more: rolemint user list --after ${visible(next)}`)}`;
      });
    });
  addCommand(group, 'show <user>', {
    summary: 'Show a user, by id or user name, with the profiles that reach it.',
    examples: ['rolemint user show alice', 'rolemint user show alice --json'],
  })
    .option(...JSON_OPTION)
    .action(async (user: string, options: Json) => {
      context.answer(options, await context.perform(showUser, { user }), (found) => userInWords(found, context));
    });
}

function paintRow({ style }: CliContext, { cell, row, column }: { readonly cell: string; readonly row: number; readonly column: number }): string {
  if (row === 0) return style.dim(cell);
  return column === 3 ? style.warn(cell) : cell;
}

function userInWords(user: UserDetailsDocument, { style }: CliContext): string {
  const state = user.active ? style.good('enabled') : style.bad('disabled');
  const lines = [
    `${style.bold(visible(user.username))}  ${state}`,
    ...table(
      [
        ['  id', user.id],
        ['  organization', user.organization],
        ...(user.email === null ? [] : [['  e-mail', visible(user.email)]]),
        ['  password', user.has_password ? 'set' : 'none'],
        ...(user.user_groups.length === 0 ? [] : [['  user groups', user.user_groups.map(({ user_group }) => user_group).join(', ')]]),
        ...(user.authorized_organizations.length === 0 ? [] : [['  may act for', user.authorized_organizations.join(', ')]]),
      ],
      (cell, _row, column) => (column === 0 ? style.dim(cell) : cell),
    ).split('\n'),
  ];
  if (user.security_profiles.length === 0) return [...lines, '', 'No security profile reaches this user.'].join('\n');
  const state_words = { in_force: '', not_yet_valid: 'not yet', expired: 'ended', other_client: '' };
  const rows = user.security_profiles.map((profile) => [
    `  ${profile.security_profile}`,
    `through ${profile.through.replace('user_group', 'user group')}`,
    profile.client === null ? '' : `only in ${profile.client}`,
    state_words[profile.state],
    profile.valid_until === null ? '' : `until ${style.date(profile.valid_until)}`,
  ]);
  return [...lines, '', style.bold('Security profiles'), table(rows)].join('\n');
}

function addCreate(group: Command, context: CliContext): void {
  addCommand(group, 'create <username>', {
    summary: 'Create a user.',
    about: 'Without --password-stdin, --generate or --link the user has no password yet.',
    examples: [
      'rolemint user create carol --organization ACME --link',
      'rolemint user create carol --organization ACME --group approvers --password-stdin < password.txt',
    ],
  })
    .requiredOption('--organization <id>', 'organization that the user belongs to')
    .option('--id <id>', 'id; default: the user name where it is free, else a new UUID')
    .option('--email <address>', 'e-mail address')
    .option('--group <id>', 'user group that the user is in; may be given several times', several)
    .option('--password-stdin', 'read the password from standard input')
    .option('--generate', 'generate a password and print it once')
    .option('--link', 'print a link with which the user sets a password, good once and for a day')
    .option(...JSON_OPTION)
    .action(async (username: string, options: PasswordOptions & { organization: string; id?: string; email?: string; group?: readonly string[] }) => {
      const credential = credentialOf(options);
      const password = credential === 'given' ? (await linesOfStdin(context, 1))[0] : undefined;
      const { organization, email, group: user_groups = [] } = options;
      const wanted = { username, organization, id: options.id, email, user_groups, password, credential: credential ?? 'none' } as const;
      const made = await context.perform(createUser, wanted);
      const id = made.id === made.username ? '' : `, id ${made.id}`;
      context.answer(options, made, () =>
        [`Created ${visible(made.username)} in ${made.organization}${id}.`, ...credentialInWords(made, context)].join('\n'),
      );
    });
}

function addPassword(group: Command, context: CliContext): void {
  addCommand(group, 'password <user>', {
    summary: 'Set a password, or make a link with which the user sets one.',
    about:
      'Asks without echo unless told otherwise. The password must satisfy the policies of the profiles that reach the user. ' +
      'Everything that was issued under an earlier password is revoked.',
    examples: [
      'rolemint user password alice',
      'rolemint user password alice --link',
      'printf %s "$NEW_PASSWORD" | rolemint user password alice --password-stdin',
    ],
  })
    .option('--password-stdin', 'read the password from standard input')
    .option('--generate', 'generate a password and print it once')
    .option('--link', 'print a link with which the user sets the password, good once and for a day')
    .option(...JSON_OPTION)
    .action(async (user: string, options: PasswordOptions) => {
      const credential = credentialOf(options) ?? 'given';
      const ask = async () => (options.passwordStdin === true ? (await linesOfStdin(context, 1))[0] : promptNewPassword(context, HOW));
      const password = credential === 'given' ? await ask() : undefined;
      const result = await context.perform(setPassword, { user, password, credential });
      const done = credential === 'link' ? [] : [`The password of ${visible(result.user)} is set.`];
      context.answer(options, result, () => [...done, ...credentialInWords(result, context)].join('\n'));
    });
}

function credentialOf({ passwordStdin, generate, link }: PasswordOptions): 'given' | 'generated' | 'link' | undefined {
  if ([passwordStdin, generate, link].filter(Boolean).length > 1)
    throw new InvalidArgumentError('--password-stdin, --generate and --link exclude each other.');
  if (passwordStdin === true) return 'given';
  if (generate === true) return 'generated';
  return link === true ? 'link' : undefined;
}

function credentialInWords({ password, one_time_link, one_time_link_expires_at: expires }: PasswordResult, { style }: CliContext): string[] {
  return [
    ...(password === undefined ? [] : [`Password, shown this once: ${style.bold(password)}`]),
    ...(one_time_link === undefined ? [] : [`Link to set a password, good once until ${style.date(expires!)}:\n  ${style.bold(one_time_link)}`]),
  ];
}

function addSwitches(group: Command, context: CliContext): void {
  addCommand(group, 'unlock <user>', { summary: 'End the lock that follows too many failed attempts.', examples: ['rolemint user unlock alice'] })
    .option(...JSON_OPTION)
    .action(async (user: string, options: Json) => {
      context.answer(options, await context.perform(unlockUser, { user }), (done) => `${visible(done.user)} can sign in again.`);
    });
  for (const active of [true, false]) {
    const verb = active ? 'enable' : 'disable';
    const summary = active ? 'Let a disabled user sign in again.' : 'Keep a user out: no new tokens, and those issued so far are revoked.';
    addCommand(group, `${verb} <user>`, { summary, examples: [`rolemint user ${verb} alice`] })
      .option(...JSON_OPTION)
      .action(async (user: string, options: Json) => {
        const result = await context.perform(setUserActive, { user, active });
        context.answer(options, result, (done) => `${visible(done.user)} ${done.changed ? 'is' : 'was already'} ${verb}d.`);
      });
  }
  addCommand(group, 'revoke-tokens <user>', {
    summary: 'Revoke everything that was issued to a user so far.',
    about: 'Introspection says so at once; an API that verifies offline accepts an access token until it ends.',
    examples: ['rolemint user revoke-tokens alice'],
  })
    .option(...JSON_OPTION)
    .action(async (user: string, options: Json) => {
      context.answer(
        options,
        await context.perform(revokeUserTokens, { user }),
        (done) => `Everything issued to ${visible(done.user)} so far is revoked.`,
      );
    });
}
