/** `rolemint serve` */
import type { Command } from 'commander';
import type { App } from '../../app.ts';
import type { Config } from '../../config.ts';
import { DomainError } from '../../domain/errors.ts';
import { applyWorkspace } from '../../workspace/apply.ts';
import { parseWorkspace } from '../../workspace/read.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { addCommand, several } from '../command.ts';
import type { CliContext } from '../context.ts';
import { DEMO_FILE, demonstrations, readDemo } from '../demo.ts';
import type { Signals, StopSignal } from '../io.ts';
import { OPERATIONS } from '../operations/all.ts';
import { workspaceContext } from '../operations/workspace.ts';
import { openOperatorSocket } from '../operator-socket.ts';
import { PACKAGE } from '../package.ts';
import { sourcesOf } from './workspace.ts';

interface ServeOptions {
  readonly apply?: readonly string[];
  readonly insecurePlaintext?: boolean;
  readonly demo?: boolean;
}

/** What a shell says of a program that a signal ended. */
const SIGNAL_EXIT: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

export function addServeCommand(program: Command, context: CliContext): void {
  addCommand(program, 'serve', {
    summary: 'Start the server: bring the schema up to date, apply workspace files, answer requests.',
    about:
      'Settings come from the environment (ROLEMINT_ISSUER, ROLEMINT_PORT, ROLEMINT_DATABASE_URL …; the README lists them). ' +
      'Ctrl-C or SIGTERM lets requests under way finish and ends with 0; a second one ends at once.',
    examples: ['rolemint serve', 'rolemint serve --apply workspace/', 'rolemint serve --demo', 'ROLEMINT_PORT=8080 rolemint serve'],
  })
    .option('--apply <file-or-folder>', 'workspace files to apply first; may be given several times', several)
    .option('--insecure-plaintext', 'accept passwords and secrets that stand in those files as they are; never in production')
    .option('--demo', 'with the demo marketplace when there are no users yet, and lines to try it')
    .action(async (options: ServeOptions) => {
      context.exitCode = await serve(context, options);
    });
}

async function serve(context: CliContext, options: ServeOptions): Promise<number> {
  const config = context.config();
  if (config.production && options.demo === true) throw new DomainError('invalid_input', '--demo is refused with ROLEMINT_PRODUCTION=true.');
  const sources = options.apply === undefined ? undefined : await sourcesOf(context, options.apply, options);
  const stop = stopRequests(context.io.signals);
  try {
    const running = run(context, { config, demo: options.demo === true, sources, stopped: stop.first });
    // Whatever is under way: who asks twice does not want to wait.
    return await Promise.race([running, stop.second.then((signal) => SIGNAL_EXIT[signal])]);
  } finally {
    stop.forget();
  }
}

interface Run {
  readonly config: Config;
  readonly demo: boolean;
  readonly sources: Awaited<ReturnType<typeof sourcesOf>> | undefined;
  readonly stopped: Promise<StopSignal>;
}

async function run(context: CliContext, { config, demo, sources, stopped }: Run): Promise<number> {
  const { io } = context;
  const friendly = demo || io.stdout.isTTY === true;
  const app = await context.openApp(config);
  let closeSocket = async (): Promise<void> => {};
  const onStray = (err: unknown): void => {
    app.metrics.strayFailures.inc();
    app.log.error({ event: 'stray_failure', err });
  };
  io.signals.on('unhandledRejection', onStray);
  try {
    if (sources !== undefined) {
      const lookup = (name: string) => (Object.hasOwn(sources.environment, name) ? sources.environment[name] : undefined);
      await applyTo(context, app, parseWorkspace(sources.sources, { insecurePlaintext: sources.insecure_plaintext, lookup }));
    }
    const marketplace = demo ? await readDemo() : undefined;
    if (marketplace !== undefined && !(await app.store.access.hasUsers())) {
      await applyTo(context, app, marketplace);
      context.note(`rolemint: the demo marketplace is loaded (${DEMO_FILE}).`);
    }
    await app.services.consoleClient.ensure();
    const { port } = await listening(app);
    if (config.databaseUrl === undefined)
      closeSocket = await openOperatorSocket({ dataDir: config.dataDir, version: PACKAGE.version, app, operations: OPERATIONS });
    app.log.info({ event: 'listening', issuer: config.issuer, host: config.host, port, version: PACKAGE.version });
    if (friendly) context.note(await banner(context, app, { port, marketplace }));
    const signal = await stopped;
    if (friendly) context.note('rolemint: stopping, requests under way may finish …');
    app.log.info({ event: 'stopping', signal });
  } finally {
    await closeSocket();
    await app.close();
    io.signals.off('unhandledRejection', onStray);
  }
  if (friendly) context.note('rolemint: stopped.');
  return 0;
}

async function applyTo(context: CliContext, app: App, workspace: Workspace): Promise<void> {
  const { rows } = await applyWorkspace(workspaceContext({ app, actor: { kind: 'operator', id: context.io.operator } }), workspace);
  app.log.info({ event: 'workspace_applied', workspace: workspace.name?.value, changes: rows.length });
}

/** @throws `unavailable` in words where the port cannot be had */
async function listening(app: App): Promise<{ readonly port: number }> {
  const { host, port } = app.config;
  try {
    return await app.listen();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'EADDRINUSE')
      throw new DomainError(
        'unavailable',
        `Port ${port} on ${host} is taken by another program: stop it, or choose another port with ROLEMINT_PORT.`,
      );
    if (code === 'EACCES')
      throw new DomainError('unavailable', `Port ${port} may not be used by this user: choose one above 1023 with ROLEMINT_PORT.`);
    if (code === 'EADDRNOTAVAIL') throw new DomainError('unavailable', `${host} is no address of this machine: see ROLEMINT_HOST.`);
    throw error;
  }
}

async function banner(
  { style }: CliContext,
  app: App,
  { port, marketplace }: { readonly port: number; readonly marketplace: Workspace | undefined },
): Promise<string> {
  const { issuer, host } = app.config;
  const urls: readonly (readonly [string, string])[] = [
    ['token', '/oauth/token'],
    ['introspection', '/oauth/introspect'],
    ['revocation', '/oauth/revoke'],
    ['keys', '/.well-known/jwks.json'],
    ['administration', '/api/docs'],
    ['discovery', '/.well-known/oauth-authorization-server'],
    ['', '/.well-known/openid-configuration'],
    ['health', '/healthz'],
    ['', '/readyz'],
    ['metrics', '/metrics'],
  ];
  const lines = [
    '',
    `${style.bold('Rolemint')} ${PACKAGE.version} is listening on ${host}:${port}.`,
    `  ${style.dim('issuer'.padEnd(14))} ${style.bold(issuer)}`,
    ...urls.map(([name, path]) => `  ${style.dim(name.padEnd(14))} ${issuer}${path}`),
  ];
  const shown = marketplace === undefined ? [] : await demonstrations(app, marketplace, issuer);
  if (shown.length > 0) lines.push('', 'Try it:', ...shown.map(({ about, line }) => `\n  ${style.dim(`# ${about}`)}\n  ${line}`));
  return [...lines, '', style.dim('Ctrl-C stops it.'), ''].join('\n');
}

function stopRequests(signals: Signals) {
  const arrived: StopSignal[] = [];
  const waiting: ((signal: StopSignal) => void)[] = [];
  const next = () => new Promise<StopSignal>((resolve) => waiting.push(resolve));
  const [first, second] = [next(), next()];
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const listener = () => {
      waiting[arrived.length]?.(signal);
      arrived.push(signal);
    };
    signals.on(signal, listener);
    return { signal, listener };
  });
  return { first, second, forget: () => listeners.forEach(({ signal, listener }) => signals.off(signal, listener)) };
}
