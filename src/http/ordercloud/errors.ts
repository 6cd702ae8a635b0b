/** Errors as OrderCloud writes them: `{Errors: [{ErrorCode, Message, Data}]}`, which is what its SDK reads. */
import type Koa from 'koa';
import { DomainError } from '../../domain/errors.ts';
import { AccessError } from '../../sdk/errors.ts';
import { TokenRefusal } from '../../services/token-refusal.ts';
import { problemOf, STATUS, type ProblemCode } from '../errors.ts';

/** Codes of ours as OrderCloud calls them. */
export const ERROR_CODES: Readonly<Record<ProblemCode, string>> = {
  invalid_input: 'InvalidRequest',
  unauthenticated: 'InvalidToken',
  insufficient_roles: 'InsufficientRoles',
  forbidden: 'Forbidden',
  above_ceiling: 'AboveCeiling',
  not_found: 'NotFound',
  method_not_allowed: 'MethodNotAllowed',
  already_exists: 'IdExists',
  in_use: 'InUse',
  stale_version: 'StaleVersion',
  too_large: 'TooLarge',
  unsupported_media_type: 'UnsupportedMediaType',
  too_many_attempts: 'TooManyAttempts',
  unavailable: 'Unavailable',
  internal: 'InternalServerError',
};

/** What is missing, for people: the SDK makes a sentence of it. */
export interface Missing {
  readonly ObjectType: string;
  readonly ObjectID: string;
}

/** The same for what does not exist and for what lies outside. */
export function notFound(ObjectType: string, ObjectID: string): DomainError {
  return new DomainError('not_found', `${ObjectType} not found.`, { details: { ObjectType, ObjectID } });
}

/** @param missing what is not there when an error says no more than that something is not */
export function errorAnswer(ctx: Koa.Context, error: unknown, { missing, onFault }: ErrorOptions): void {
  const refusal = error instanceof TokenRefusal ? asDomainError(error) : error;
  const { code, title, members, headers } = problemOf(refusal);
  if (code === 'internal' || code === 'unavailable') onFault(ctx, error);
  ctx.status = STATUS[code];
  ctx.set({ ...headers, 'Cache-Control': 'no-store' });
  const own = error instanceof TokenRefusal ? error.errorCode : undefined;
  ctx.body = { Errors: errorsOf(code, title, { own, members, missing }) };
  ctx.type = 'application/json';
}

export interface ErrorOptions {
  readonly missing: Missing;
  readonly onFault: (ctx: Koa.Context, error: unknown) => void;
}

interface OrderCloudError {
  readonly ErrorCode: string;
  readonly Message: string;
  readonly Data: unknown;
}

interface More {
  readonly own: string | undefined;
  readonly members: Readonly<Record<string, unknown>>;
  readonly missing: Missing;
}

function errorsOf(code: ProblemCode, Message: string, { own, members, missing }: More): readonly OrderCloudError[] {
  const ErrorCode = own ?? ERROR_CODES[code];
  if (code === 'not_found') {
    const { ObjectType = missing.ObjectType, ObjectID = missing.ObjectID } = members as Partial<Missing>;
    return [{ ErrorCode, Message: `${ObjectType} not found.`, Data: { ObjectType, ObjectID } }];
  }
  if (code === 'insufficient_roles') {
    return [{ ErrorCode, Message, Data: { SufficientRoles: members['sufficient_roles'], AssignedRoles: members['token_roles'] ?? [] } }];
  }
  const { problems } = members as { readonly problems?: readonly Readonly<Record<string, string>>[] };
  if (problems === undefined || problems.length === 0) return [{ ErrorCode, Message, Data: dataOf(members) }];
  return problems.map(({ pointer, parameter, message = '' }) => {
    const field = parameter ?? fieldOf(pointer ?? '');
    return { ErrorCode, Message: field === '' ? message : `${field}: ${message}`, Data: { Field: field } };
  });
}

const dataOf = ({ roles, used_by: usedBy }: Readonly<Record<string, unknown>>): unknown =>
  roles === undefined && usedBy === undefined ? null : { Roles: roles, UsedBy: usedBy };

/** Fields of ours as OrderCloud calls them. */
const FIELDS: Readonly<Record<string, string>> = {
  id: 'ID',
  name: 'Name',
  client_id: 'ID',
  client_name: 'AppName',
  given_name: 'FirstName',
  family_name: 'LastName',
  phone_number: 'Phone',
  context_user: 'DefaultContextUserName',
  security_profile: 'SecurityProfileID',
};

/** `/Name/0` as `Name.0`, whichever of the two names stands there. */
function fieldOf(pointer: string): string {
  const [first = '', ...rest] = pointer.slice(1).split('/');
  const pascal = first.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return [FIELDS[first] ?? pascal, ...rest].join('.');
}

/** What the token service refuses, as an answer to a call. */
function asDomainError({ code, message, errorCode }: TokenRefusal): AccessError | DomainError {
  if (code === 'insufficient_scope')
    return new DomainError('insufficient_roles', 'The token does not carry the role that this needs.', { cause: message });
  if (code === 'invalid_request') return new AccessError('invalid_token', 'The access token is not accepted for this.');
  const why = errorCode === 'Impersonation.ConfigError' ? 'No impersonation configuration allows this.' : 'The request cannot be granted.';
  return new DomainError('invalid_input', why, { cause: message });
}
