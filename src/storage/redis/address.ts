/** @module How a Redis is named in the configuration: one server, a cluster, or a group that Sentinel watches. */

/** `single`: one URL. `cluster`: some of its nodes. `sentinel`: sentinels, and the name of the group whose master is meant. */
export type RedisKind = 'single' | 'cluster' | 'sentinel';

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

export interface RedisAddress {
  readonly kind: RedisKind;
  /** The server, some nodes of the cluster, or the sentinels; at least one. */
  readonly nodes: readonly RedisNode[];
  /** Of a group that Sentinel watches. */
  readonly master?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** What the sentinels themselves want to hear. */
  readonly sentinelPassword?: string | undefined;
  readonly database: number;
  readonly tls: boolean;
}

const PORTS: Readonly<Record<RedisKind, number>> = { single: 6379, cluster: 6379, sentinel: 26_379 };

const SCHEME = /^(rediss?):\/\//;
const TAIL = /^(?:\/(?<path>[^/?#]*))?(?:\?(?<query>[^#]*))?$/;

/**
 * Reads `redis://user:password@host:port/database`, for a cluster `host:port,host:port` with or without the scheme and the
 * credentials, for Sentinel `redis://user:password@host:port,host:port/master?sentinel_password=…`. `rediss://`: by TLS.
 * @returns undefined when the text is none of it
 */
export function parseRedisAddress(kind: RedisKind, text: string): RedisAddress | undefined {
  const scheme = SCHEME.exec(text);
  if (scheme === null && kind !== 'cluster') return undefined;
  const rest = text.slice(scheme?.[0].length ?? 0);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const tail = TAIL.exec(end < 0 ? '' : rest.slice(end))?.groups;
  const at = authority.lastIndexOf('@');
  const nodes = authority
    .slice(at + 1)
    .split(',')
    .map((node) => parseNode(node, PORTS[kind]));
  const credentials = at < 0 ? {} : parseCredentials(authority.slice(0, at));
  if (tail === undefined || credentials === undefined || !nodes.every((node) => node !== undefined)) return undefined;
  if (kind === 'single' && nodes.length > 1) return undefined;
  const place = placeIn(kind, tail['path'] ?? '', new URLSearchParams(tail['query'] ?? ''));
  return place && { kind, nodes, ...credentials, ...place, tls: scheme?.[1] === 'rediss' };
}

function parseNode(text: string, port: number): RedisNode | undefined {
  const url = `tcp://${text}`;
  if (!/^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(text) || !URL.canParse(url)) return undefined;
  const { hostname, port: given } = new URL(url);
  return { host: hostname.replaceAll(/[[\]]/g, ''), port: given === '' ? port : Number(given) };
}

function parseCredentials(text: string): Pick<RedisAddress, 'username' | 'password'> | undefined {
  const [username = '', password = ''] = text.split(/:(.*)/s);
  try {
    return {
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    };
  } catch {
    return undefined;
  }
}

/** What stands behind the hosts. */
function placeIn(kind: RedisKind, path: string, query: URLSearchParams): Pick<RedisAddress, 'master' | 'sentinelPassword' | 'database'> | undefined {
  const names = [...query.keys()];
  if (kind === 'sentinel') {
    const sentinelPassword = query.get('sentinel_password') ?? undefined;
    if (!/^[\w.-]+$/.test(path) || names.some((name) => name !== 'sentinel_password')) return undefined;
    return { master: path, sentinelPassword, database: 0 };
  }
  if (names.length > 0 || !/^\d{0,4}$/.test(path) || (kind === 'cluster' && Number(path) !== 0)) return undefined;
  return { database: Number(path) };
}
