import { describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { filesBelow, readSource, SOURCES, type SourceFile } from './source.ts';

/** What a folder may import: folders and files of src, packages, modules of Node (a family ends in `*`). */
interface Layer {
  readonly own: readonly string[];
  readonly packages: readonly string[];
}

const LAYERS: Readonly<Record<string, Layer>> = {
  domain: { own: ['domain'], packages: [] },
  services: { own: ['domain', 'services'], packages: ['node:crypto', 'node:util', 'lru-cache'] },
  workspace: { own: ['domain', 'services', 'workspace'], packages: ['node:fs', 'node:fs/promises', 'node:path', 'yaml', 'zod'] },
  administration: { own: ['domain', 'services', 'workspace', 'administration'], packages: [] },
  storage: {
    own: ['domain', 'storage', '../migrations'],
    packages: ['node:*', 'knex', 'pg', '@electric-sql/pglite', 'ioredis', 'rate-limiter-flexible', 'lru-cache'],
  },
  mail: { own: ['domain', 'mail'], packages: ['node:*', 'nodemailer'] },
  outbound: { own: ['domain', 'outbound'], packages: ['node:*'] },
  hashing: { own: ['domain', 'hashing'], packages: ['node:*', '@node-rs/argon2', '@node-rs/bcrypt'] },
  engine: { own: ['domain', 'services', 'engine'], packages: ['node:*', 'oidc-provider', 'jose', 'koa', 'koa-compose', 'raw-body', 'lru-cache'] },
  http: { own: ['domain', 'services', 'workspace', 'administration', 'sdk', 'http'], packages: ['node:*', 'koa', 'raw-body', 'zod', 'prom-client'] },
  telemetry: { own: ['domain', 'services', 'telemetry'], packages: ['node:*', 'pino', 'pino-pretty', 'prom-client'] },
  cluster: {
    own: ['app.ts', 'config.ts', 'domain', 'telemetry', 'cluster'],
    packages: ['node:*', 'rate-limiter-flexible', 'prom-client'],
  },
  sdk: { own: ['sdk'], packages: ['jose'] },
  // jose: `verify` judges a token as an API of somebody else would.
  cli: {
    own: ['app.ts', 'config.ts', 'diagnosis.ts', 'domain', 'services', 'workspace', 'cluster', 'cli'],
    packages: ['node:*', 'commander', 'csv-parse', 'csv-stringify', 'jose'],
  },
};

/** Files beside the folders: the composition root wires everything, the diagnosis probes stores without opening them, the configuration knows no other folder, but how a Redis is named. */
const ROOT_FILES: Readonly<Record<string, Layer>> = {
  'app.ts': {
    own: ['closing.ts', 'config.ts', 'store.ts', ...Object.keys(LAYERS).filter((folder) => folder !== 'cli' && folder !== 'cluster')],
    packages: ['node:*', 'uuidv7'],
  },
  'closing.ts': { own: [], packages: ['node:*'] },
  'store.ts': { own: ['config.ts', 'domain', 'storage'], packages: [] },
  'diagnosis.ts': { own: ['config.ts', 'storage'], packages: [] },
  'config.ts': { own: ['domain', 'storage/redis/address.ts'], packages: ['node:*', 'zod'] },
};

const inSource = (source: SourceFile): string => source.path.slice('src/'.length);
const layerOf = (source: SourceFile): Layer | undefined => {
  const [first, ...rest] = inSource(source).split('/');
  return rest.length === 0 ? ROOT_FILES[first!] : LAYERS[first!];
};

const packageOf = (specifier: string): string => {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
};

function isAllowed(source: SourceFile, layer: Layer, specifier: string): boolean {
  if (specifier.startsWith('.')) {
    const target = path.posix.join(path.posix.dirname(inSource(source)), specifier);
    return layer.own.some((own) => target === own || target.startsWith(`${own}/`));
  }
  const name = packageOf(specifier);
  return layer.packages.some((allowed) => name === allowed || (allowed.endsWith('*') && name.startsWith(allowed.slice(0, -1))));
}

describe('imports', () => {
  it.each([...Object.keys(LAYERS), ...Object.keys(ROOT_FILES)])('of src/%s stay within what it may know', (name) => {
    const layer = LAYERS[name] ?? ROOT_FILES[name]!;
    const foreign = SOURCES.filter((source) => layerOf(source) === layer).flatMap((source) =>
      source.imports.filter((specifier) => !isAllowed(source, layer, specifier)).map((specifier) => `${source.path} imports ${specifier}`),
    );
    expect(foreign).toEqual([]);
  });

  it('are ruled for every file of src: no folder grows up unnoticed', () => {
    expect(SOURCES.filter((source) => layerOf(source) === undefined).map((source) => source.path)).toEqual([]);
  });

  it('name files with their extension, and never a folder', () => {
    const bare = SOURCES.flatMap((source) =>
      source.imports
        .filter((specifier) => specifier.startsWith('.') && !/\.(ts|json)$/.test(specifier))
        .map((specifier) => `${source.path} imports ${specifier}`),
    );
    expect(bare).toEqual([]);
  });

  it('of the insides of oidc-provider stand in src/engine/internals.ts only', () => {
    const deep = SOURCES.filter((source) => source.imports.some((specifier) => specifier.startsWith('oidc-provider/'))).map((source) => source.path);
    expect(deep.filter((file) => file !== 'src/engine/internals.ts')).toEqual([]);
  });

  it('never come out of test, bench or examples', () => {
    const outward = SOURCES.flatMap((source) =>
      source.imports
        .filter((specifier) => /^(\.\.\/)+(test|bench|examples|scripts)\//.test(specifier))
        .map((specifier) => `${source.path} imports ${specifier}`),
    );
    expect(outward).toEqual([]);
  });

  it('of the store in memory leave it to the run which store a test of a server is on', () => {
    const tests = filesBelow('test', '.ts').filter((file) => !file.startsWith('test/unit/'));
    const direct = tests.map(readSource).filter(({ imports }) => imports.some((specifier) => specifier.endsWith('/storage/memory/store.ts')));
    expect(direct.map((source) => source.path)).toEqual(['test/support/stores.ts']);
  });
});
