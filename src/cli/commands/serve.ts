/** `rolemint serve` */
import type { Command } from 'commander';
import type { App } from '../../app.ts';
import type { Config } from '../../config.ts';
import type { AuditActor } from '../../domain/audit-event.ts';
import { DomainError } from '../../domain/errors.ts';
import type { FirstAdministrator } from '../../services/bootstrap.ts';
import { applyWorkspace } from '../../workspace/apply.ts';
import { parseWorkspace } from '../../workspace/read.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { addCommand, several } from '../command.ts';
import type { CliContext } from '../context.ts';
import { DEMO_FILE, demonstrations, readDemo, type Demonstration } from '../demo.ts';
import type { Signal } from '../io.ts';
import { OPERATIONS } from '../operations/all.ts';
import { workspaceContext } from '../operations/workspace.ts';
import { openOperatorSocket } from '../operator-socket.ts';
import { PACKAGE } from '../package.ts';
import { SignalRequests } from '../signal-requests.ts';
import { sourcesOf } from './workspace.ts';

interface ServeOptions {
  readonly apply?: readonly string[];
  readonly insecurePlaintext?: boolean;
  readonly demo?: boolean;
}

/** What a shell says of a program that a signal ended. */
const SIGNAL_EXIT: Readonly<Record<Signal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

export function addServeCommand(program: Command, context: CliContext): void {
  addCommand(program, 'serve', {
    summary: 'Start the server: bring the schema up to date, apply workspace files, answer requests.',
    about:
      'Settings come from the environment (ROLEMINT_ISSUER, ROLEMINT_PORT, ROLEMINT_DATABASE_URL …; the README lists them). ' +
      'Ctrl-C or SIGTERM lets requests under way finish and ends with 0; a second one ends at once. ' +
      'With ROLEMINT_WORKERS of 2 and more, SIGHUP replaces one worker after the other without refusing a request.',
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
  const requests = new SignalRequests({ signals: context.io.signals, hangUpStops: config.workers === 1 });
  try {
    const running = run(context, { config, demo: options.demo === true, sources, requests });
    // Whatever is under way: who asks twice does not want to wait.
    return await Promise.race([running, requests.second.then((signal) => SIGNAL_EXIT[signal])]);
  } finally {
    requests.forget();
  }
}

interface Run {
  readonly config: Config;
  readonly demo: boolean;
  readonly sources: Awaited<ReturnType<typeof sourcesOf>> | undefined;
  readonly requests: SignalRequests;
}

/** What is there once the store is as it should be, and requests may come. */
interface Prepared extends Run {
  readonly app: App;
  /** Somebody watches. */
  readonly friendly: boolean;
  readonly demonstrations: readonly Demonstration[];
  /** Made just now, for the demo. */
  readonly administrator: FirstAdministrator | undefined;
}

async function run(context: CliContext, asked: Run): Promise<number> {
  const { config, demo } = asked;
  const friendly = demo || context.io.stdout.isTTY === true;
  const app = await context.openApp(config);
  context.io.signals.on('unhandledRejection', app.onStray);
  let signal: Signal;
  try {
    const prepared = { ...asked, app, friendly, ...(await prepare(context, app, asked)) };
    signal = await (config.workers === 1 ? serveAlone(context, prepared) : serveWithWorkers(context, prepared));
  } finally {
    await app.close();
    context.io.signals.off('unhandledRejection', app.onStray);
  }
  if (friendly) context.note('rolemint: stopped.');
  // Nobody could take over from the only process: whoever watches over it starts it anew.
  return signal === 'SIGHUP' ? SIGNAL_EXIT.SIGHUP : 0;
}

/** Applies what is to be applied. @returns what is told of the demo, where it was asked for */
async function prepare(context: CliContext, app: App, { config, demo, sources }: Run): Promise<Pick<Prepared, 'demonstrations' | 'administrator'>> {
  if (sources !== undefined) {
    const lookup = (name: string) => (Object.hasOwn(sources.environment, name) ? sources.environment[name] : undefined);
    await applyTo(context, app, parseWorkspace(sources.sources, { insecurePlaintext: sources.insecure_plaintext, lookup }));
  }
  const marketplace = demo ? await readDemo() : undefined;
  let administrator: FirstAdministrator | undefined;
  if (marketplace !== undefined && !(await app.store.access.hasUsers())) {
    await applyTo(context, app, marketplace);
    administrator = await app.services.bootstrap.administrator({ username: 'admin' }, { actor: operatorOf(context) });
    context.note(`rolemint: the demo marketplace is loaded (${DEMO_FILE}).`);
  }
  await app.services.consoleClient.ensure();
  return { administrator, demonstrations: marketplace === undefined ? [] : await demonstrations(app, marketplace, config.issuer) };
}

/** @returns the signal by which it was told to stop */
async function serveAlone(context: CliContext, prepared: Prepared): Promise<Signal> {
  const { app, config, requests } = prepared;
  const { port } = await app.listen();
  let closeSocket = async (): Promise<void> => {};
  try {
    if (config.databaseUrl === undefined)
      closeSocket = await openOperatorSocket({ dataDir: config.dataDir, version: PACKAGE.version, app, operations: OPERATIONS });
    announce(context, prepared, port);
    const signal = await requests.first;
    announceEnd(context, prepared, signal);
    return signal;
  } finally {
    await closeSocket();
  }
}

/** @returns the signal by which it was told to stop */
async function serveWithWorkers(context: CliContext, prepared: Prepared): Promise<Signal> {
  const { app, config, requests } = prepared;
  // From here on the workers work; this process keeps nothing open.
  await app.close();
  const { Supervisor } = await import('../../cluster/supervisor.ts');
  const supervisor = new Supervisor({ workers: config.workers, log: app.log });
  try {
    const { port } = await supervisor.start();
    announce(context, prepared, port);
    requests.onHangUp = () => void supervisor.renew();
    const signal = await requests.first;
    announceEnd(context, prepared, signal);
    return signal;
  } finally {
    await supervisor.stop();
  }
}

function announce(context: CliContext, prepared: Prepared, port: number): void {
  const { app, config, friendly } = prepared;
  app.log.info({ event: 'listening', issuer: config.issuer, host: config.host, port, version: PACKAGE.version, workers: config.workers });
  if (friendly) context.note(banner(context, prepared, port));
}

function announceEnd(context: CliContext, { app, friendly }: Prepared, signal: Signal): void {
  if (friendly) context.note('rolemint: stopping, requests under way may finish …');
  app.log.info({ event: 'stopping', signal });
}

const operatorOf = ({ io }: CliContext): AuditActor => ({ kind: 'operator', id: io.operator });

async function applyTo(context: CliContext, app: App, workspace: Workspace): Promise<void> {
  const { rows } = await applyWorkspace(workspaceContext({ app, actor: operatorOf(context) }), workspace);
  app.log.info({ event: 'workspace_applied', workspace: workspace.name?.value, changes: rows.length });
}

function banner({ style }: CliContext, { config, demonstrations: shown, administrator }: Prepared, port: number): string {
  const { issuer, host, workers } = config;
  const urls: readonly (readonly [string, string])[] = [
    ['token', '/oauth/token'],
    ['introspection', '/oauth/introspect'],
    ['revocation', '/oauth/revoke'],
    ['keys', '/.well-known/jwks.json'],
    ['console', '/console'],
    ['administration', '/api/docs'],
    ['discovery', '/.well-known/oauth-authorization-server'],
    ['', '/.well-known/openid-configuration'],
    ['health', '/healthz'],
    ['', '/readyz'],
    ['metrics', '/metrics'],
  ];
  const lines = [
    '',
    `${style.bold('Rolemint')} ${PACKAGE.version} is listening on ${host}:${port}${workers === 1 ? '' : ` with ${workers} workers`}.`,
    `  ${style.dim('issuer'.padEnd(14))} ${style.bold(issuer)}`,
    ...urls.map(([name, path]) => `  ${style.dim(name.padEnd(14))} ${issuer}${path}`),
  ];
  if (administrator !== undefined)
    lines.push(
      '',
      'Administer it:',
      `\n  ${style.dim(`# ${administrator.username} sets a password here, once and within a day, and signs in to the console with it`)}`,
      `  ${administrator.oneTimeLink}`,
    );
  if (shown.length > 0) lines.push('', 'Try it:', ...shown.map(({ about, line }) => `\n  ${style.dim(`# ${about}`)}\n  ${line}`));
  return [...lines, '', style.dim('Ctrl-C stops it.'), ''].join('\n');
}
