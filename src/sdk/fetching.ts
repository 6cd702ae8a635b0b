/** Asks the authorization server, and nobody else: no redirects, a deadline, a limit to what is read. */

/** The part of `fetch` that is needed, for runtimes and tests that bring their own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The `fetch` of the runtime, looked up when it is needed. */
export const RUNTIME_FETCH: Fetch = (url, init) => globalThis.fetch(url, init);

/** Milliseconds. */
const DEADLINE = 5000;
/** Characters. */
const LONGEST_ANSWER = 32 * 1024 * 1024;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; undefined when the status is 304. */
  readonly json: unknown;
}

/**
 * An answer of 200 with JSON, or 304.
 * @throws Error for everything else, in words for the log
 */
export async function fetchJson(fetch: Fetch, url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(DEADLINE) });
  if (response.status === 304) return { status: 304, headers: response.headers, json: undefined };
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 200)}`);
  if (text.length > LONGEST_ANSWER) throw new Error(`${url} answered with ${text.length} characters.`);
  return { status: 200, headers: response.headers, json: JSON.parse(text) };
}

/**
 * The issuer, when keys and decisions may be fetched from it: over TLS, or from this very machine.
 * @throws TypeError
 */
export function assertIssuer(issuer: string): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url === undefined || url.search !== '' || url.hash !== '' || issuer.endsWith('/')) {
    throw new TypeError(`The issuer must be a URL as it stands in tokens, without a slash at its end: ${JSON.stringify(issuer)}`);
  }
  if (url.protocol === 'https:') return;
  if (url.protocol === 'http:' && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)) return;
  throw new TypeError(`The issuer must have an https URL, or be on this machine: ${JSON.stringify(issuer)}`);
}
