/** Speaks to the protocol's endpoints as a client does: forms in, JSON out. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export type Form = Readonly<Record<string, string | undefined>>;

/** Posts a form; undefined values are left out. */
export async function post(url: string, form: Form, headers: Record<string, string> = {}): Promise<Answer> {
  const present = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(present) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: asObject(text) };
}

function asObject(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

export function basic(clientId: string, secret: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString('base64')}` };
}

/** The claims of a compact JWS, unverified. */
export function claimsOf(token: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(token).split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
}

/** The claims that two tokens of the same right have in common, whenever they were issued. */
export function timelessClaimsOf(token: unknown): Record<string, unknown> {
  const { jti: _jti, iat: _iat, nbf: _nbf, exp: _exp, ...claims } = claimsOf(token);
  return claims;
}
