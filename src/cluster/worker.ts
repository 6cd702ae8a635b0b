// A worker: answers requests until its parent says that it should drain, or is gone. Started by the supervisor.
import cluster from 'node:cluster';
import { openApp, type App } from '../app.ts';
import { loadConfig } from '../config.ts';
import { openLogger } from '../telemetry/logger.ts';
import { ALIVE_MS, isFromPrimary, type FromWorker } from './messages.ts';
import { MetricsQuestion } from './metrics-question.ts';

const tell = (message: FromWorker) => new Promise<void>((resolve) => void process.send!(message, undefined, {}, () => resolve()));

let app: App | undefined;
let ending = false;
const question = new MetricsQuestion(
  (number) => tell({ kind: 'gather', question: number }),
  () => app!.metrics.registry.metrics(),
);

async function drain(): Promise<void> {
  if (ending) return;
  ending = true;
  try {
    await app?.close();
    if (app !== undefined) await snapshot(app);
  } finally {
    process.exit();
  }
}

const snapshot = async ({ metrics }: App) => tell({ kind: 'snapshot', metrics: await metrics.registry.getMetricsAsJSON() });

// A terminal and some supervisors send these to every process of a group; the parent decides what follows from them.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('SIGTERM', () => void drain());
process.on('message', (message: unknown) => {
  if (!isFromPrimary(message)) return;
  if (message.kind === 'drain') void drain();
  if (message.kind === 'measure' && app !== undefined) void snapshot(app);
  if (message.kind === 'gathered') question.take(message.question, message.text);
});

try {
  const config = loadConfig();
  const log = openLogger({ level: config.logLevel, format: config.logFormat, worker: cluster.worker!.id });
  app = await openApp(config, { log });
  process.on('unhandledRejection', app.onStray);
  const { port } = await app.listen({ exposition: () => question.exposition() });
  await tell({ kind: 'ready', port });
  setInterval(() => void tell({ kind: 'alive' }), ALIVE_MS).unref();
} catch (error) {
  await tell({ kind: 'failed', reason: (error as Error).message });
  process.exit(1);
}
