/** @module Logs: one JSON object a line, or readable lines on a terminal. What could be a secret never gets this far, and is blanked if it does. */
import { pino, type DestinationStream, type Logger, type LoggerOptions as PinoOptions } from 'pino';
import { openLogOutput } from './log-output.ts';
import { pinoPretty } from './pretty.ts';

export type { Logger };

/** Longest text that a caller can put into a log line. */
const LONGEST_TEXT = 500;

const SECRETS = [
  'password',
  'client_secret',
  'client_assertion',
  'refresh_token',
  'access_token',
  'token',
  'authorization',
  'secret',
  'passwordHash',
  'hash',
];

export interface LoggerOptions {
  readonly level: string;
  readonly format: 'auto' | 'json' | 'pretty';
  /** Which of several processes writes to the same output; in every line. */
  readonly worker?: number | undefined;
  /** Instead of standard output. */
  readonly stream?: DestinationStream | undefined;
}

/** Opens the log, on standard output if nothing else is said. */
export function openLogger({ level, format, worker, stream }: LoggerOptions): Logger {
  const options: PinoOptions = {
    level,
    base: worker === undefined ? null : { worker },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    serializers: { err: errorForLog },
  };
  if (stream !== undefined) return pino(options, stream);
  const pretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY);
  return pretty ? pino(options, pinoPretty()) : pino(options, openLogOutput());
}

/** Text of a caller, cut to a bearable length. */
export function cut(text: string | undefined): string | undefined {
  return text === undefined || text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}…`;
}

/** Type, message, code, stack and causes of an error; not its other members, which may carry anything. */
function errorForLog(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return String(error);
  const { name, message, code, stack, cause } = error as { name?: string; message?: string; code?: string; stack?: string; cause?: unknown };
  return { type: name, message: cut(message), code, stack, ...(cause === undefined ? {} : { cause: errorForLog(cause) }) };
}
