/** @module What a fault of the driver or a refusal of the database means to the caller. SQL never gets into a message. */
import { DomainError } from '../../domain/errors.ts';
import { missing, REFERENCES, stillNeeded, taken, UNIQUES, type Reference, type Unique } from '../refusals.ts';

interface DriverError {
  readonly code?: string;
  readonly constraint?: string;
  readonly detail?: string;
  readonly message?: string;
}

const FOREIGN_KEY_VIOLATION = '23503';
const UNIQUE_VIOLATION = '23505';
/** Classes of SQLSTATE that blame a value: data exception, other integrity constraints, program limit exceeded. */
const VALUE_FAULTS = ['22', '23', '54'];

/**
 * The error that the caller gets. Everything that is not clearly the fault of a value is `unavailable`: nothing is known
 * about what the store would have answered.
 * @param removing whether the statement was to remove something, so that a foreign key means `in_use`
 */
export function translate(error: unknown, removing: boolean): DomainError {
  if (error instanceof DomainError) return error;
  const { code = '', constraint = '', detail = '' } = error as DriverError;
  if (constraint in UNIQUES) return taken(constraint as Unique, error);
  if (code === FOREIGN_KEY_VIOLATION && constraint in REFERENCES) {
    const refuse = removing ? stillNeeded : missing;
    return refuse(constraint as Reference, keyIn(detail), error);
  }
  if (code === UNIQUE_VIOLATION) return new DomainError('already_exists', 'It already exists.', { cause: error });
  if (code.length === 5 && VALUE_FAULTS.includes(code.slice(0, 2))) {
    return new DomainError('invalid_input', 'A value is not one that can be kept in its place.', { cause: error });
  }
  return unavailable(reasonOf(error as DriverError), error);
}

/** Why Node.js takes no certificate: another authority signed it, it is for another host, or of another time. */
const DISTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
]);

/** The code of everything that is asked of an embedded database that gave up. */
export const EMBEDDED_STOPPED = 'EMBEDDED_STOPPED';

function reasonOf({ code = '', message = '' }: DriverError): string {
  if (code === '55P03') return 'Another change holds the database up.';
  if (code === '53100') return 'The disk of the database is full.';
  // What a pooler says that takes no settings from those who connect.
  if (message.startsWith('unsupported startup parameter')) {
    return 'There is a pooler in front of the database: set ROLEMINT_DATABASE_POOLER=transaction.';
  }
  if (code === EMBEDDED_STOPPED) return 'The embedded database has stopped: look at its disk, then start the server anew.';
  if (DISTRUSTED.has(code)) return 'The certificate of the database is not to be trusted: look at its host name, and at sslrootcert in its URL.';
  return 'The database does not answer.';
}

export function unavailable(message: string, cause?: unknown): DomainError {
  return new DomainError('unavailable', message, { retryAfterSeconds: 1, cause });
}

/** The value in `Key (organization_id)=(acme) is not present in table "organizations".` */
function keyIn(detail: string): string {
  return /\)=\((?<key>[^]*?)\) /.exec(detail)?.groups?.['key'] ?? '';
}

const BROKEN_CONNECTION = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', '57P01', '57P02', '57P03', '08000', '08003', '08006']);

/** Whether the statement failed with its connection, so that a read may be tried once more on another one. */
export function isBrokenConnection(error: unknown): boolean {
  const { code = '', message = '' } = error as DriverError;
  return (
    BROKEN_CONNECTION.has(code) || message.startsWith('Connection terminated') || message.startsWith('Client has encountered a connection error')
  );
}
