/** Which calls of OrderCloud's SDK are answered: its own type declarations beside our routes. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { orderCloudRoutes } from '../src/http/ordercloud/routes.ts';

const DECLARATIONS = path.resolve(import.meta.dirname, '../node_modules/ordercloud-javascript-sdk/dist/api');
/** What the SDK does without a server. */
const LOCAL = new Set(['Tokens', 'index']);
/** At the endpoints of the protocol. */
const AT_OAUTH = [
  'Auth.Login',
  'Auth.ElevatedLogin',
  'Auth.ClientCredentials',
  'Auth.RefreshToken',
  'Auth.Anonymous',
  'Certs.GetPublicKey',
  'UserInfo.GetToken',
];

export interface OrderCloudCalls {
  /** Every call that the SDK declares, by resource. */
  readonly declared: ReadonlyMap<string, readonly string[]>;
  /** `Buyers.List` and so on. */
  readonly answered: ReadonlySet<string>;
}

export function orderCloudCalls(): OrderCloudCalls {
  const files = readdirSync(DECLARATIONS).map((file) => path.basename(file, '.d.ts'));
  const resources = files.filter((resource) => !LOCAL.has(resource)).toSorted();
  // Routes look at what they work with when they are called, not when they are declared.
  const routes = orderCloudRoutes({} as Parameters<typeof orderCloudRoutes>[0]);
  return {
    declared: new Map(resources.map((resource) => [resource, callsOf(resource)])),
    answered: new Set([...AT_OAUTH, ...routes.map(({ call }) => call)]),
  };
}

/** Methods of the class that a declaration file declares, but for `As`, which only chooses the token of the next call. */
function callsOf(resource: string): readonly string[] {
  const text = readFileSync(path.join(DECLARATIONS, `${resource}.d.ts`), 'utf8');
  const methods = [...text.matchAll(/^ {4}(\w+)(?:<[^(]*>)?\(/gm)].map(([, name]) => name!);
  return [...new Set(methods)].filter((name) => name !== 'constructor' && name !== 'As');
}

const code = (name: string): string => `\`${name}\``;

/** Resources of which something is answered, with what is and what is not. */
export function answeredTable(): string {
  const { declared, answered } = orderCloudCalls();
  const rows = [...declared].flatMap(([resource, calls]) => {
    const found = calls.filter((call) => answered.has(`${resource}.${call}`));
    const no = calls.filter((call) => !answered.has(`${resource}.${call}`));
    const rest = resource === 'Me' ? `${no.length} others, of what is sold and bought` : no.map(code).join(' ');
    return found.length === 0 ? [] : [`| ${code(resource)} | ${found.map(code).join(' ')} | ${rest} |`];
  });
  const all = [...declared.values()].flat().length;
  const yes = [...declared].flatMap(([resource, calls]) => calls.filter((call) => answered.has(`${resource}.${call}`))).length;
  const silent = [...declared].filter(([resource, calls]) => !calls.some((call) => answered.has(`${resource}.${call}`)));
  return [
    '| resource | answered | not answered |',
    '| --- | --- | --- |',
    ...rows,
    '',
    `That is ${yes} of the ${all} calls of the SDK. Nothing is answered of ${silent.map(([resource]) => code(resource)).join(', ')}.`,
  ].join('\n');
}

/** Every call that is not answered. */
export function unansweredList(): string {
  const { declared, answered } = orderCloudCalls();
  return [...declared]
    .map(([resource, calls]) => [resource, calls.filter((call) => !answered.has(`${resource}.${call}`))] as const)
    .filter(([, calls]) => calls.length > 0)
    .map(([resource, calls]) => `- ${code(resource)}: ${calls.map(code).join(' ')}`)
    .join('\n');
}
