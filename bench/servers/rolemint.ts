// Rolemint as it runs, on the store that the environment names, filled by `bench/world.ts`.
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { openMemoryStore } from '../../src/storage/memory/store.ts';
import { fill } from '../world.ts';
import { answerCpu } from './ready.ts';

const size = {
  clients: Number(process.env['BENCH_CLIENTS'] ?? 10),
  users: Number(process.env['BENCH_USERS'] ?? 10),
  profiles: Number(process.env['BENCH_PROFILES'] ?? 10),
};
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('ROLEMINT_')));
const app = await openApp(loadConfig(env), process.env['BENCH_STORE'] === 'memory' ? { store: openMemoryStore() } : {});
await fill(app, size);
const { port } = await app.listen();
process.send!({ port });
answerCpu();
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
