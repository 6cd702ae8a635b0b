/** `rolemint token` and `rolemint verify`: a running server as a client, and an API, see it. */
import { Option, type Command } from 'commander';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose';
import { visible } from '../../workspace/problem.ts';
import { addCommand, JSON_OPTION } from '../command.ts';
import { EXIT, type CliContext } from '../context.ts';
import { discover, request } from '../issuer.ts';
import { linesOfStdin, prompt, textOfStdin } from '../secrets.ts';
import { awayInWords, spanInWords, visibleJson } from '../style.ts';

interface TokenOptions {
  readonly client: string;
  readonly secretStdin?: boolean;
  readonly auth: 'basic' | 'post';
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly scope?: string;
  readonly resource?: string;
  readonly url?: string;
  readonly decode?: boolean;
  readonly json?: boolean;
}

export function addTokenCommands(program: Command, context: CliContext): void {
  addCommand(program, 'token', {
    summary: 'Ask a running server for a token, as a client does.',
    about:
      'With --user by the password grant, else by client_credentials. A secret or password comes from standard input ' +
      '(with both: two lines, the secret first) or, for the password, from a prompt. Ends with 2 when the server refuses.',
    examples: [
      'rolemint token --client shop --user alice --scope "Shopper OrderReader" --decode',
      'rolemint token --client nightly --secret-stdin < secret.txt',
    ],
  })
    .requiredOption('--client <id>', 'client that asks')
    .option('--secret-stdin', 'read the client secret from standard input')
    .addOption(new Option('--auth <method>', 'how the secret is sent').choices(['basic', 'post']).default('basic'))
    .option('--user <name>', 'person that the token is for, by the password grant')
    .option('--password-stdin', 'read the password from standard input instead of asking for it')
    .option('--scope <names>', 'the scope that is asked for, separated by spaces')
    .option('--resource <uri>', 'resource server that the token is for')
    .option('--url <issuer>', 'the server; default: ROLEMINT_ISSUER')
    .option('--decode', 'show the claims of the token as well')
    .option(...JSON_OPTION)
    .action(async (options: TokenOptions) => askForToken(context, options));
  addCommand(program, 'verify <token>', {
    summary: 'Verify an access token as an API does, against the published keys.',
    about:
      'Give - to read the token from standard input. Says that it is valid, or exactly what is wrong. ' +
      'Ends with 2 when it is not valid. Revocation shows at introspection only.',
    examples: ['rolemint verify eyJhbGciOiJFUzI1NiIs…', 'rolemint verify - --audience https://api.example.com < token.txt'],
  })
    .option('--audience <uri>', 'the audience that the token must have; default: any')
    .option('--url <issuer>', 'the server; default: ROLEMINT_ISSUER')
    .option(...JSON_OPTION)
    .action(async (token: string, options: VerifyOptions) => verifyToken(context, token, options));
}

async function askForToken(context: CliContext, options: TokenOptions): Promise<void> {
  const { token_endpoint: endpoint } = await discover(options.url ?? context.config().issuer);
  const { secret, password } = await credentialsOf(context, options);
  const form = new URLSearchParams({ grant_type: options.user === undefined ? 'client_credentials' : 'password' });
  if (options.user !== undefined) form.set('username', options.user);
  if (password !== undefined) form.set('password', password);
  if (options.scope !== undefined) form.set('scope', options.scope);
  if (options.resource !== undefined) form.set('resource', options.resource);
  const headers: Record<string, string> = {};
  if (secret !== undefined && options.auth === 'basic') headers['authorization'] = basic(options.client, secret);
  else form.set('client_id', options.client);
  if (secret !== undefined && options.auth === 'post') form.set('client_secret', secret);
  const { status, body } = await request(endpoint, { method: 'POST', headers, body: form });
  if (status !== 200) {
    context.exitCode = EXIT.differs;
    if (options.json === true) return context.answer(options, body, () => '');
    return context.note(visible(`rolemint: the server refuses with ${status} ${refusalInWords(body)}`));
  }
  const answer = body as Readonly<Record<string, unknown>>;
  const claims = options.decode === true ? decodeJwt(String(answer['access_token'])) : undefined;
  const shown = claims === undefined ? answer : { ...answer, claims };
  context.answer(options, shown, () => visibleJson(shown));
}

function refusalInWords(body: unknown): string {
  const { error, error_description: description } = (body ?? {}) as { error?: unknown; error_description?: unknown };
  return [error, description].filter((part) => typeof part === 'string').join(': ');
}

interface Credentials {
  readonly secret: string | undefined;
  readonly password: string | undefined;
}

async function credentialsOf(context: CliContext, { secretStdin, user, passwordStdin }: TokenOptions): Promise<Credentials> {
  const fromStdin = [secretStdin, user === undefined ? false : passwordStdin].filter((wanted) => wanted === true).length;
  const lines = fromStdin === 0 ? [] : [...(await linesOfStdin(context, fromStdin))];
  const secret = secretStdin === true ? lines.shift() : undefined;
  if (user === undefined) return { secret, password: undefined };
  return { secret, password: lines.shift() ?? (await prompt(context, `Password of ${visible(user)}`, 'use --password-stdin.')) };
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined. */
function basic(client: string, secret: string): string {
  const encoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  return `Basic ${Buffer.from(`${encoded(client)}:${encoded(secret)}`).toString('base64')}`;
}

interface VerifyOptions {
  readonly audience?: string;
  readonly url?: string;
  readonly json?: boolean;
}

interface VerifyDocument {
  readonly valid: boolean;
  /** What is wrong. */
  readonly problem: string | null;
  readonly expires_at: string | null;
  readonly header: unknown;
  readonly claims: JWTPayload | null;
}

async function verifyToken(context: CliContext, given: string, options: VerifyOptions): Promise<void> {
  const token = (given === '-' ? await textOfStdin(context.io.stdin) : given).trim();
  const now = (await context.clock()).now();
  const { issuer, jwks_uri } = await discover(options.url ?? context.config().issuer);
  const { body } = await request(jwks_uri);
  const { header, claims } = decoded(token);
  const expiresAt = typeof claims?.exp === 'number' ? new Date(claims.exp * 1000).toISOString() : null;
  const expected: Expected = { keys: body as JSONWebKeySet, issuer, audience: options.audience, now };
  const problem = claims === null ? 'it is not a JWT: three parts of base64url with JSON in the first two' : await problemOf(token, expected);
  const result: VerifyDocument = { valid: problem === null, problem, expires_at: expiresAt, header, claims };
  if (problem !== null) context.exitCode = EXIT.differs;
  context.answer(options, result, () => verdictInWords(result, now, context));
}

function decoded(token: string): { header: unknown; claims: JWTPayload | null } {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    return { header: null, claims: null };
  }
}

interface Expected {
  readonly keys: JSONWebKeySet;
  readonly issuer: string;
  readonly audience: string | undefined;
  readonly now: number;
}

/** What is wrong with a token, in the words of the rule that it breaks; null: nothing. */
async function problemOf(token: string, { keys, issuer, audience, now }: Expected): Promise<string | null> {
  try {
    await jwtVerify(token, createLocalJWKSet(keys), {
      issuer,
      ...(audience === undefined ? {} : { audience }),
      typ: 'at+jwt',
      currentDate: new Date(now),
      requiredClaims: ['exp', 'iat', 'sub', 'client_id', 'jti'],
    });
    return null;
  } catch (error) {
    const { code, claim, reason, message } = error as { code?: string; claim?: string; reason?: string; message: string };
    switch (code) {
      case errors.JWTExpired.code:
        return `it ended ${spanInWords(now - Number(decodeJwt(token).exp) * 1000)} ago`;
      case errors.JWSSignatureVerificationFailed.code:
        return 'its signature is not of the key that it names: somebody changed it, or another key signed it';
      case errors.JWKSNoMatchingKey.code:
        return 'the server publishes no key with its kid and alg: it was signed elsewhere, or the key is retired';
      case errors.JWTClaimValidationFailed.code:
        return reason === 'missing' ? `the claim ${claim} is missing` : wrongClaim(token, claim ?? '', { issuer, audience });
      case errors.JOSEAlgNotAllowed.code:
      case errors.JOSENotSupported.code:
      case errors.JWSInvalid.code:
      case errors.JWTInvalid.code:
        return message;
      case undefined:
      default:
        throw error;
    }
  }
}

function wrongClaim(token: string, claim: string, { issuer, audience }: Pick<Expected, 'issuer' | 'audience'>): string {
  const found = JSON.stringify(claim === 'typ' ? decodeProtectedHeader(token).typ : decodeJwt(token)[claim]);
  const wanted = { iss: issuer, aud: audience, typ: 'at+jwt' }[claim];
  return wanted === undefined ? `the claim ${claim} is ${found}` : `${claim} is ${found}, not ${JSON.stringify(wanted)}`;
}

function verdictInWords({ valid, problem, expires_at, claims, header }: VerifyDocument, now: number, { style }: CliContext): string {
  const ends = expires_at === null ? '' : ` It ends ${awayInWords(expires_at, new Date(now).toISOString())}.`;
  const verdict = valid ? `${style.good('Valid.')}${ends}` : `${style.bad('Not valid:')} ${visible(problem!)}.`;
  return claims === null ? verdict : [verdict, visibleJson(header), visibleJson(claims)].join('\n');
}
