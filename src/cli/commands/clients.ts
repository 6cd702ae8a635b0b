/** `rolemint client …` */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { CLIENT_AUTHENTICATION_METHODS, GRANT_TYPES, type ClientAuthenticationMethod, type GrantType } from '../../domain/client.ts';
import { DomainError } from '../../domain/errors.ts';
import { visible } from '../../workspace/problem.ts';
import { addCommand, addGroup, duration, JSON_OPTION, limit, several } from '../command.ts';
import type { CliContext } from '../context.ts';
import {
  addSecret,
  createClient,
  expireSecret,
  listClients,
  listSecrets,
  revokeClientTokens,
  setClientActive,
  showClient,
} from '../operations/clients.ts';
import type { ClientDocument, FreshSecretDocument, SecretDocument } from '../operations/clients.ts';
import { table } from '../style.ts';

interface Json {
  readonly json?: boolean;
}

export function addClientCommands(program: Command, context: CliContext): void {
  const group = addGroup(program, 'client', {
    summary: 'Clients: list, show, create, enable, disable, secret, revoke-tokens.',
    examples: ['rolemint client list', 'rolemint client show shop', 'rolemint client secret add shop --expires-in 90d --grace 24h'],
  });
  addReading(group, context);
  addCreate(group, context);
  addSwitches(group, context);
  addSecretCommands(group, context);
}

function addReading(group: Command, context: CliContext): void {
  addCommand(group, 'list', { summary: 'List clients by id.', examples: ['rolemint client list', 'rolemint client list --json'] })
    .option('--limit <number>', 'at most so many', limit, 100)
    .option('--after <id>', 'only those whose id comes after this one')
    .option(...JSON_OPTION)
    .action(async (options: Json & { limit: number; after?: string }) => {
      context.answer(options, await context.perform(listClients, { after: options.after, limit: options.limit }), ({ clients, next }) => {
        if (clients.length === 0) return 'There are no clients.';
        const rows = clients.map(({ client_id, client_name, token_endpoint_auth_method: method, grant_types, active }) =>
          [client_id, client_name, method, grant_types.join(' '), active ? '' : 'disabled'].map(visible),
        );
        const more = next === null ? '' : `\n${context.style.dim(`more: rolemint client list --after ${visible(next)}`)}`;
        return `${table([['id', 'name', 'authentication', 'grant types', ''], ...rows], (cell, row) => (row === 0 ? context.style.dim(cell) : cell))}${more}`;
      });
    });
  addCommand(group, 'show <client>', {
    summary: 'Show a client and its limits.',
    examples: ['rolemint client show shop', 'rolemint client show shop --json'],
  })
    .option(...JSON_OPTION)
    .action(async (client_id: string, options: Json) => {
      context.answer(options, await context.perform(showClient, { client_id }), (found) => clientInWords(found, context));
    });
}

function clientInWords(client: ClientDocument & { readonly secrets: readonly SecretDocument[] }, context: CliContext): string {
  const { style } = context;
  const { types, ids } = client.allowed_organizations;
  const good = client.secrets.filter(({ expired }) => !expired).length;
  const facts: (readonly [string, string | null])[] = [
    ['name', client.client_name],
    ['organization', client.organization],
    ['grant types', client.grant_types.join(' ')],
    ['authentication', client.token_endpoint_auth_method],
    ['secrets', client.secrets.length === 0 ? null : `${good} good, ${client.secrets.length - good} ended`],
    ['context user', client.context_user],
    ['only for', types === undefined && ids === undefined ? null : [...(types ?? []).map((type) => `type ${type}`), ...(ids ?? [])].join(', ')],
    ['maximum roles', client.maximum_roles?.join(' ') ?? null],
    ['minimum roles', client.minimum_roles.length === 0 ? null : client.minimum_roles.join(' ')],
    ['without scope', typeof client.omitted_scope === 'string' ? client.omitted_scope : client.omitted_scope.join(' ')],
    ['redirect URIs', client.redirect_uris.length === 0 ? null : client.redirect_uris.join(' ')],
  ];
  const rows = facts.filter(([, value]) => value !== null).map(([name, value]) => [`  ${name}`, visible(value!)]);
  const state = client.active ? style.good('enabled') : style.bad('disabled');
  return `${style.bold(visible(client.client_id))}  ${state}\n${table(rows, (cell, _row, column) => (column === 0 ? style.dim(cell) : cell))}`;
}

interface CreateOptions extends Json {
  readonly name?: string;
  readonly organization?: string;
  readonly grantType: readonly GrantType[];
  readonly auth: ClientAuthenticationMethod;
  readonly jwks?: string;
  readonly contextUser?: string;
  readonly maximumRole?: readonly string[];
  readonly omittedScope: 'none' | 'all';
  readonly expiresIn?: number;
}

function addCreate(group: Command, context: CliContext): void {
  addCommand(group, 'create <client>', {
    summary: 'Create a client; a generated secret is printed once.',
    about: 'Everything else that a client can have stands in workspace files: see `rolemint apply`.',
    examples: [
      'rolemint client create nightly --grant-type client_credentials --context-user erp',
      'rolemint client create shop --auth none --grant-type password --grant-type refresh_token',
    ],
  })
    .option('--name <text>', 'what people call it; default: its id')
    .option('--organization <id>', 'organization that it belongs to')
    .addOption(new Option('--auth <method>', 'how it proves who it is').choices(CLIENT_AUTHENTICATION_METHODS).default('client_secret_basic'))
    .addOption(
      new Option('--grant-type <type>', 'grant type that it may use; may be given several times').argParser(grantTypes).makeOptionMandatory(),
    )
    .option('--jwks <file>', 'file with its public keys, for private_key_jwt')
    .option('--context-user <user>', 'user with whose roles it acts')
    .option('--maximum-role <role>', 'no token through it carries other roles; may be given several times', several)
    .addOption(new Option('--omitted-scope <what>', 'what a request without scope gets').choices(['none', 'all']).default('none'))
    .option('--expires-in <duration>', 'when the secret ends, such as 90d', duration)
    .option(...JSON_OPTION)
    .action(async (client_id: string, options: CreateOptions) => {
      const made = await context.perform(createClient, {
        client_id,
        client_name: options.name ?? client_id,
        organization: options.organization,
        grant_types: options.grantType,
        token_endpoint_auth_method: options.auth,
        context_user: options.contextUser,
        maximum_roles: options.maximumRole,
        omitted_scope: options.omittedScope,
        jwks: await keysOf(options, context),
        expires_in_ms: options.expiresIn,
      });
      const secret = made.client_secret === undefined ? [] : [secretInWords(made as FreshSecretDocument, context)];
      context.answer(options, made, () => [`Created the client ${visible(client_id)}.`, ...secret].join('\n'));
    });
}

function grantTypes(value: string, earlier: readonly GrantType[] = []): readonly GrantType[] {
  const found = GRANT_TYPES.find((type) => type === value);
  if (found === undefined)
    throw new DomainError('invalid_input', `There is no grant type ${JSON.stringify(value)}. Allowed: ${GRANT_TYPES.join(', ')}.`);
  return [...earlier, found];
}

async function keysOf({ auth, jwks }: CreateOptions, { io }: CliContext): Promise<{ keys: Record<string, unknown>[] } | undefined> {
  if ((auth === 'private_key_jwt') !== (jwks !== undefined)) throw new DomainError('invalid_input', '--auth private_key_jwt and --jwks go together.');
  if (jwks === undefined) return undefined;
  const file = path.resolve(io.cwd, jwks);
  try {
    const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys?: unknown };
    if (Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null && 'kty' in key && !('d' in key) && !('k' in key))) {
      return { keys: keys as Record<string, unknown>[] };
    }
  } catch (error) {
    throw new DomainError('invalid_input', `${file} cannot be read as JSON (${(error as NodeJS.ErrnoException).code ?? 'no JSON'}).`);
  }
  throw new DomainError('invalid_input', `${file} must be a JSON Web Key Set with public keys only: {"keys": [...]}.`);
}

function addSwitches(group: Command, context: CliContext): void {
  for (const active of [true, false]) {
    const verb = active ? 'enable' : 'disable';
    const summary = active
      ? 'Let a disabled client get tokens again.'
      : 'Keep a client out: no new tokens, and those issued through it so far are revoked.';
    addCommand(group, `${verb} <client>`, { summary, examples: [`rolemint client ${verb} shop`] })
      .option(...JSON_OPTION)
      .action(async (client_id: string, options: Json) => {
        const result = await context.perform(setClientActive, { client_id, active });
        context.answer(options, result, (done) => `${visible(done.client_id)} ${done.changed ? 'is' : 'was already'} ${verb}d.`);
      });
  }
  addCommand(group, 'revoke-tokens <client>', {
    summary: 'Revoke everything that was issued through a client so far.',
    about: 'Introspection says so at once; an API that verifies offline accepts an access token until it ends.',
    examples: ['rolemint client revoke-tokens shop'],
  })
    .option(...JSON_OPTION)
    .action(async (client_id: string, options: Json) => {
      context.answer(
        options,
        await context.perform(revokeClientTokens, { client_id }),
        (done) => `Everything issued through ${visible(done.client_id)} so far is revoked.`,
      );
    });
}

function addSecretCommands(clients: Command, context: CliContext): void {
  const group = addGroup(clients, 'secret', {
    summary: 'Secrets of a client: add, list, expire.',
    about: 'A client can have several at a time, so that it changes over without an outage: add one, deploy it, let the old one end.',
    examples: ['rolemint client secret add shop --grace 24h', 'rolemint client secret list shop'],
  });
  addCommand(group, 'add <client>', {
    summary: 'Generate another secret of 256 bits and print it once.',
    examples: ['rolemint client secret add shop', 'rolemint client secret add shop --expires-in 90d --grace 24h'],
  })
    .option('--expires-in <duration>', 'when it ends, such as 90d; default: never', duration)
    .option('--grace <duration>', 'how long the earlier secrets stay good; default: as long as they would', duration)
    .option(...JSON_OPTION)
    .action(async (client_id: string, options: Json & { expiresIn?: number; grace?: number }) => {
      const made = await context.perform(addSecret, { client_id, expires_in_ms: options.expiresIn, grace_ms: options.grace });
      context.answer(options, made, () => secretInWords(made, context));
    });
  addCommand(group, 'list <client>', {
    summary: 'List the secrets of a client, without the secrets themselves.',
    examples: ['rolemint client secret list shop'],
  })
    .option(...JSON_OPTION)
    .action(async (client_id: string, options: Json) => {
      context.answer(options, await context.perform(listSecrets, { client_id }), ({ secrets }) => secretsInWords(secrets, context));
    });
  addCommand(group, 'expire <client> <secret-id>', {
    summary: 'End a secret, now or after a while.',
    examples: [
      'rolemint client secret expire shop 01923f5e-7a7a-7000-8000-000000000000',
      'rolemint client secret expire shop 01923f5e-7a7a-7000-8000-000000000000 --in 24h',
    ],
  })
    .option('--in <duration>', 'after so long', duration, 0)
    .option(...JSON_OPTION)
    .action(async (client_id: string, secret_id: string, options: Json & { in: number }) => {
      const done = await context.perform(expireSecret, { client_id, secret_id, in_ms: options.in });
      context.answer(options, done, () =>
        options.in === 0 ? `The secret ${secret_id} has ended.` : `The secret ${secret_id} ends ${context.style.date(done.expires_at)}.`,
      );
      if (done.secrets_left === 0) context.note(`${visible(client_id)} has no other secret: then it gets no token.`);
    });
}

function secretInWords({ client_id, secret_id, client_secret, expires_at }: FreshSecretDocument, { style }: CliContext): string {
  const until = expires_at === null ? '' : `, good until ${style.date(expires_at)}`;
  return `Secret of ${visible(client_id)}, shown this once: ${style.bold(client_secret)}\n${style.dim(`(id ${secret_id}${until})`)}`;
}

function secretsInWords(secrets: readonly SecretDocument[], { style }: CliContext): string {
  if (secrets.length === 0) return 'This client has no secrets.';
  const rows = secrets.map(({ id, algorithm, created_at, expires_at, expired }) => {
    const end = expires_at === null ? '' : `${expired ? 'ended' : 'ends'} ${style.date(expires_at)}`;
    return [expired ? 'ended' : 'good', id, algorithm === 'sha256' ? 'generated' : 'chosen', `made ${style.date(created_at)}`, end];
  });
  return table(rows, (cell, row, column) => (column === 0 ? (secrets[row]!.expired ? style.dim(cell) : style.good(cell)) : cell));
}
