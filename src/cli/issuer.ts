/** How commands talk to a running server as any client would: over HTTP, by what its discovery document says. */
import { DomainError } from '../domain/errors.ts';

const TIMEOUT = 10_000;
const LARGEST_ANSWER = 1024 * 1024;

export interface Discovery {
  readonly issuer: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** `Date` of the answer. */
  readonly date: string | null;
  readonly body: unknown;
}

/** @throws `unavailable` when nobody answers, or not with JSON */
export async function request(url: string, init: RequestInit = {}): Promise<HttpAnswer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) });
    text = await response.text();
  } catch (cause) {
    throw new DomainError('unavailable', `${url} does not answer (${reasonOf(cause)}).`, { cause });
  }
  try {
    if (text.length > LARGEST_ANSWER) throw new RangeError('too large');
    return { status: response.status, date: response.headers.get('date'), body: JSON.parse(text) };
  } catch (cause) {
    throw new DomainError('unavailable', `${url} answers ${response.status}, but not with JSON: is it the address of a Rolemint server?`, { cause });
  }
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as { name?: string; message?: string; cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `nothing within ${TIMEOUT / 1000} seconds`;
  return cause?.code ?? cause?.message ?? message ?? 'unknown reason';
}

/** Reads the metadata of a server (RFC 8414). @throws `unavailable` */
export async function discover(issuer: string): Promise<Discovery & Pick<HttpAnswer, 'date'>> {
  const { status, body, date } = await request(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const found = body as Partial<Discovery> | null;
  if (status !== 200 || typeof found?.issuer !== 'string' || typeof found.token_endpoint !== 'string' || typeof found.jwks_uri !== 'string') {
    throw new DomainError('unavailable', `${issuer} has no metadata of an authorization server (answer ${status}).`);
  }
  return { issuer: found.issuer, token_endpoint: found.token_endpoint, jwks_uri: found.jwks_uri, date };
}
