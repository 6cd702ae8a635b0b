/** A request as the SDK needs it, whatever framework it came through: method, target and two of its headers. */
import { AccessError } from './errors.ts';

/** The standard `Request` is one; the middleware makes one of what its framework has. */
export interface PresentedRequest {
  readonly method: string;
  /** Absolute, or the path with its query as it was received. */
  readonly url: string;
  readonly headers: HeaderReader;
}

/** What `Headers` can do: several of the same name come joined by a comma. */
export interface HeaderReader {
  get(name: string): string | null;
}

/** How a token was presented. */
export interface Credentials {
  readonly scheme: 'Bearer' | 'DPoP';
  readonly token: string;
}

/** RFC 9110 §11.4: the scheme in any case, then the credentials after one space or more. */
const SCHEME = /^(bearer|dpop)(?: +(.*))?$/is;
/** RFC 6750 §2.1, RFC 9449 §7.1: b64token. */
const TOKEN = /^[\w.~+/-]+=*$/;

/**
 * The access token of an `Authorization` header and its scheme, `Bearer` (RFC 6750 §2.1) or `DPoP` (RFC 9449 §7.1).
 * @throws AccessError `missing_token` (401) without one, `invalid_token` (401) when it cannot be one
 */
export function credentialsOf(header: string | null | undefined): Credentials {
  const found = SCHEME.exec(header ?? '');
  if (found === null) throw new AccessError('missing_token', 'An access token is needed.');
  const scheme = found[1]!.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer';
  const token = found[2] ?? '';
  if (TOKEN.test(token)) return { scheme, token };
  throw new AccessError('invalid_token', `The Authorization header must be "${scheme}", a space and one access token.`, {
    reason: 'malformed',
    scheme,
  });
}

/** The parts of Node's `IncomingMessage` that the middleware reads; Bun and Deno have them too. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders?: readonly string[] | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * A request of Node's HTTP server. Headers are read as they were received: of several `Authorization` headers Node keeps
 * the first and says nothing; joined they are no token, whichever of them was meant.
 * @param url the target as it was received, when a framework has changed the request's own
 */
export function presentedByNode(request: NodeRequest, url: string = request.url ?? '/'): PresentedRequest {
  return { method: request.method ?? 'GET', url, headers: { get: (name) => nodeHeader(request, name) } };
}

function nodeHeader({ rawHeaders, headers }: NodeRequest, name: string): string | null {
  if (rawHeaders === undefined || rawHeaders.length === 0) {
    const value = headers[name];
    return value === undefined ? null : typeof value === 'string' ? value : value.join(', ');
  }
  const values: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]!.toLowerCase() === name) values.push(rawHeaders[index + 1]!);
  }
  return values.length === 0 ? null : values.join(', ');
}
