/** The demo marketplace, and lines to paste into a shell that show what it is for. */
import path from 'node:path';
import { DomainError } from '../domain/errors.ts';
import { parseWorkspace, readSources } from '../workspace/read.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { PACKAGE } from './package.ts';
import type { App } from '../app.ts';

export const DEMO_FILE = path.join(PACKAGE.root, 'examples', 'marketplace', 'workspace.yaml');

export async function readDemo(): Promise<Workspace> {
  const { sources, problems } = await readSources([DEMO_FILE]);
  return parseWorkspace(sources, { insecurePlaintext: true, lookup: () => undefined }, problems);
}

export interface Demonstration {
  readonly about: string;
  readonly line: string;
}

/**
 * Lines that ask for a token with a password, for one without a person, and about one; each works as it is. What they
 * ask for are the file's own expectations, so they show what the file promises.
 * @returns nothing when the store holds another workspace
 */
export async function demonstrations(
  { store, clock }: Pick<App, 'store' | 'clock'>,
  demo: Workspace,
  issuer: string,
): Promise<readonly Demonstration[]> {
  const cast = castOf(demo);
  const clients = await Promise.all([cast.shop.id, cast.service.id, cast.api.id].map((id) => store.findClient(id, new Date(clock.now()))));
  if (clients.includes(undefined) || (await store.access.findUser(cast.person.id)) === undefined) return [];
  const password = [
    data('grant_type', 'password'),
    data('client_id', cast.shop.id),
    data('username', cast.person.username),
    data('password', cast.person.password),
  ];
  const token = quoted(`${issuer}/oauth/token`);
  const withPassword = ['curl -s', token, ...password, data('scope', cast.person.scope)];
  const forApi = ['curl -s', token, ...password, data('scope', cast.person.scope), data('resource', cast.api.audience)].join(' ');
  const extract = `sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'`;
  return [
    { about: `${cast.person.username} signs in through ${cast.shop.id} and asks for more than they hold`, line: withPassword.join(' ') },
    {
      about: `${cast.service.id} acts for itself`,
      line: ['curl -s', basic(cast.service), token, data('grant_type', 'client_credentials'), data('scope', cast.service.scope)].join(' '),
    },
    {
      about: `${cast.api.id} asks about a token that it was sent`,
      line: `curl -s ${basic(cast.api)} ${quoted(`${issuer}/oauth/introspect`)} -d "token=$(${forApi} | ${extract})"`,
    },
  ];
}

const quoted = (text: string): string => (/^[\w:/.@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
const data = (name: string, value: string): string =>
  /^[\w.-]+$/.test(value) ? `-d ${name}=${value}` : `--data-urlencode ${quoted(`${name}=${value}`)}`;
const basic = ({ id, secret }: { readonly id: string; readonly secret: string }): string => `-u ${quoted(`${id}:${secret}`)}`;

/** Who appears: a person with a public client, a client that acts for itself, an API that introspects. */
function castOf({ entries, expectations }: Workspace) {
  const promises = expectations.map(({ declared }) => declared).filter((promise) => promise !== undefined && typeof promise.scope === 'string');
  const secretOf = (id: string) => entries.clients.get(id)?.declared?.client_secret?.reveal();
  const isPublic = (id: string | undefined) => entries.clients.get(id ?? '')?.declared?.token_endpoint_auth_method === 'none';
  const forPerson = promises.find((promise) => promise!.user !== undefined && isPublic(promise!.via));
  const forService = promises.find((promise) => promise!.client_id !== undefined && secretOf(promise!.client_id) !== undefined);
  const person = entries.users.get(forPerson?.user ?? '')?.declared;
  const server = [...entries.resource_servers.values()].find(({ declared }) => secretOf(declared?.clients?.[0] ?? '') !== undefined)?.declared;
  if (forPerson === undefined || forService === undefined || person?.password === undefined || server === undefined) {
    throw new DomainError('internal', `${DEMO_FILE} does not have the cast of the demo.`);
  }
  const [api] = server.clients!;
  return {
    person: { id: person.id, username: person.username ?? person.id, password: person.password.reveal(), scope: forPerson.scope! },
    shop: { id: forPerson.via! },
    service: { id: forService.client_id!, secret: secretOf(forService.client_id!)!, scope: forService.scope! },
    api: { id: api!, secret: secretOf(api!)!, audience: server.audience },
  };
}
