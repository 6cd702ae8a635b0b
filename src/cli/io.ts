/** What the command line needs of the process around it, so that a test can be that process. */
import type { App } from '../app.ts';
import type { Config, Environment } from '../config.ts';
import type { Clock } from '../domain/ports.ts';

export interface Output {
  /** false: more should wait for `drain`. */
  write(text: string): unknown;
  once?(name: 'drain', listener: () => void): unknown;
  readonly isTTY?: boolean | undefined;
}

export interface Input extends NodeJS.ReadableStream {
  readonly isTTY?: boolean | undefined;
}

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export interface Signals {
  on(signal: Signal, listener: () => void): unknown;
  off(signal: Signal, listener: () => void): unknown;
  /** Something failed that nobody waited for. With a listener the process goes on. */
  on(failure: 'unhandledRejection', listener: (error: unknown) => void): unknown;
  off(failure: 'unhandledRejection', listener: (error: unknown) => void): unknown;
}

export interface CliIo {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  readonly cwd: string;
  /** Who runs the command, for the audit trail: the operating system's name. */
  readonly operator: string;
  readonly signals: Signals;
  /** Unset: the real one. */
  readonly openApp?: ((config: Config) => Promise<App>) | undefined;
  /** Unset: the system's. */
  readonly clock?: Clock | undefined;
  /** IANA name of the zone in which people are told the time; unset: the system's. */
  readonly timeZone?: string | undefined;
}
