import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, SOURCES } from './source.ts';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}
interface Lockfile {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly hasInstallScript?: boolean;
        readonly resolved?: string;
        readonly link?: boolean;
        readonly integrity?: string;
        readonly optional?: boolean;
      }
    >
  >;
}

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const lockfile = JSON.parse(read('package-lock.json')) as Lockfile;
const installed = Object.entries(lockfile.packages).filter(([location]) => location !== '');
const nameOf = (location: string): string => location.slice(location.lastIndexOf('node_modules/') + 'node_modules/'.length);

const isNamed = (line: string, name: string): boolean => line.split(/[\s`|,;()[\]]+/).includes(name);

describe('dependencies', () => {
  it('are each accounted for by a line of docs/dependencies.md', () => {
    const lines = existsSync(path.join(ROOT, 'docs/dependencies.md')) ? read('docs/dependencies.md').split('\n') : [];
    const all = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(all.filter((name) => !lines.some((line) => isNamed(line, name)))).toEqual([]);
  });

  it('are pinned to one version each', () => {
    const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version),
    );
    expect(loose).toEqual([]);
    expect(manifest.dependencies['oidc-provider']).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('of src are dependencies of the product, not of its development or of somebody else', () => {
    const used = new Set(
      SOURCES.flatMap((source) => source.imports).filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:')),
    );
    const packages = [...used].map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
    expect([...new Set(packages)].filter((name) => !(name in manifest.dependencies))).toEqual([]);
  });

  it('run no script on installation, except those that are switched off', () => {
    const withScripts = [
      ...new Set(installed.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([location]) => nameOf(location))),
    ].toSorted();
    expect(withScripts.filter((name) => manifest.allowScripts[name] !== false)).toEqual([]);
    expect(Object.keys(manifest.allowScripts).filter((name) => !withScripts.includes(name))).toEqual([]);
  });

  it('are locked by digest and without addresses: any registry that serves the same bytes will do', () => {
    expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([location]) => location)).toEqual([]);
    expect(installed.filter(([, { integrity }]) => integrity?.startsWith('sha512-') !== true).map(([location]) => location)).toEqual([]);
  });
});

describe('the repository', () => {
  const GENERATED = new Set(['node_modules', '.git', 'dist', 'data', 'coverage', 'reports', '.stryker-tmp', 'keys']);
  const TEXT = /\.(?:ts|mts|js|mjs|cjs|json|md|ya?ml|sql|sh|txt|html|css|toml|npmrc|gitignore|dockerignore|env|example)$|(?:^|\/)[^./]+$/;

  function walk(folder: string): string[] {
    return readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
      const file = path.posix.join(folder, entry.name);
      if (entry.isDirectory()) return folder === '' && GENERATED.has(entry.name) ? [] : walk(file);
      return entry.isFile() && TEXT.test(file) ? [file] : [];
    });
  }

  it('names no package registry: where packages come from is the affair of who installs', () => {
    const hosts = new RegExp(
      String.raw`\b(?:registry\.[a-z0-9.-]+\.(?:org|com|net|io|dev|cloud|local|internal)|npmjs\.org|(?:npm\.)?pkg\.github\.com)\b`,
      'i',
    );
    expect(walk('').filter((file) => hosts.test(read(file)))).toEqual([]);
  });

  it('holds no private key', () => {
    const marker = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;
    expect(walk('').filter((file) => marker.test(read(file)))).toEqual([]);
  });
});
