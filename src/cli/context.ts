/** @module What every command has at hand: its surroundings, the configuration, operations, and how to answer. */
import path from 'node:path';
import { loadConfig, type Config } from '../config.ts';
import type { App } from '../app.ts';
import { DomainError } from '../domain/errors.ts';
import type { Clock } from '../domain/ports.ts';
import { access } from 'node:fs/promises';
import type { CliIo } from './io.ts';
import type { Operation, TextOperation } from './operation.ts';
import { askRunningServer } from './operator-socket.ts';
import { PACKAGE } from './package.ts';
import { styleOf, type Style } from './style.ts';

/** Performs one operation after the other on the same database. */
export type Perform = <P, R>(operation: Operation<P, R>, parameters: P) => Promise<R>;

/** Exit codes, for scripts. */
export const EXIT = { done: 0, failed: 1, differs: 2 } as const;

export class CliContext {
  readonly io: CliIo;
  readonly style: Style;
  /** What the command ends with. */
  exitCode: number = EXIT.done;

  constructor(io: CliIo) {
    this.io = io;
    this.style = styleOf(io);
  }

  /** The configuration, with folders as seen from where the command runs. @throws ConfigError */
  config(): Config {
    const config = loadConfig(this.io.env);
    return Object.freeze({ ...config, dataDir: path.resolve(this.io.cwd, config.dataDir), keysDir: path.resolve(this.io.cwd, config.keysDir) });
  }

  async openApp(config: Config): Promise<App> {
    if (this.io.openApp !== undefined) return this.io.openApp(config);
    const { openApp } = await import('../app.ts');
    return openApp(config);
  }

  /** Performs an operation: in the server that has the embedded database open, or else here. */
  async perform<P, R>(operation: Operation<P, R>, parameters: P): Promise<R> {
    return this.performing((perform) => perform(operation, parameters));
  }

  /** Performs operations one after the other, without opening the database anew for each. */
  async performing<T>(work: (perform: Perform) => Promise<T>): Promise<T> {
    const config = this.config();
    let app: App | undefined;
    const perform: Perform = async <P, R>(operation: Operation<P, R>, parameters: P): Promise<R> => {
      if (app === undefined) {
        const answer = await this.#askServer(config, operation, parameters);
        if (answer !== undefined) return answer.result as R;
        // What goes wrong is said by the error that ends the command; its output is no place for a log.
        app = await this.openApp({ ...config, logLevel: 'silent' });
      }
      const result = await operation.perform({ app, actor: { kind: 'operator', id: this.io.operator } }, parameters);
      return JSON.parse(JSON.stringify(result)) as R;
    };
    try {
      return await work(perform);
    } finally {
      await app?.close();
    }
  }

  /** Performs an operation whose result is a text, and writes that as it comes. */
  async writing<P>(operation: TextOperation<P>, parameters: P): Promise<void> {
    const config = this.config();
    const take = (text: string) => this.write(text);
    if ((await this.#askServer(config, operation, parameters, take)) !== undefined) return;
    const app = await this.openApp({ ...config, logLevel: 'silent' });
    try {
      await operation.write({ app, actor: { kind: 'operator', id: this.io.operator } }, parameters, take);
    } finally {
      await app.close();
    }
  }

  /** undefined: there is none that has the embedded database open. */
  async #askServer<P>(
    config: Config,
    operation: Pick<Operation<P, unknown>, 'name' | 'mayCreateDatabase'>,
    parameters: P,
    take?: (text: string) => Promise<void>,
  ): Promise<{ readonly result: unknown } | undefined> {
    if (config.databaseUrl !== undefined || this.io.openApp !== undefined) return undefined;
    const request = { version: PACKAGE.version, operation: operation.name, operator: this.io.operator, parameters };
    const answer = await askRunningServer(config.dataDir, request, take);
    if (answer === undefined && operation.mayCreateDatabase !== true) await assertDatabase(config.dataDir);
    return answer;
  }

  /** Writes a part of a long result, and waits until whoever reads it has caught up. */
  async write(text: string): Promise<void> {
    const { stdout } = this.io;
    if (stdout.write(text) === false) await new Promise<void>((resolve) => (stdout.once === undefined ? resolve() : stdout.once('drain', resolve)));
  }

  /** Prints the result: as JSON and nothing else, or in words. */
  answer<R>(options: { readonly json?: boolean }, result: R, inWords: (result: R) => string): void {
    const text = options.json === true ? JSON.stringify(result, null, 2) : inWords(result);
    if (text !== '') this.io.stdout.write(`${text}\n`);
  }

  /** Says something that is no part of the result. */
  note(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }

  async clock(): Promise<Clock> {
    return this.io.clock ?? (await import('../app.ts')).SYSTEM_CLOCK;
  }
}

async function assertDatabase(dataDir: string): Promise<void> {
  try {
    await access(path.join(dataDir, 'database'));
  } catch {
    throw new DomainError(
      'not_found',
      `There is no database in ${dataDir} yet. \`rolemint serve\` makes one; if yours is elsewhere, set ROLEMINT_DATA_DIR or ROLEMINT_DATABASE_URL.`,
    );
  }
}
