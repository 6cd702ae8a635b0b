import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CONSOLE_FILES, ROOT } from './source.ts';

/** Packages that end up in the bundle, or build it. */
const PACKAGES = ['@tanstack/react-query', 'oauth4webapi', 'openapi-fetch', 'react', 'react-aria-components', 'react-dom', 'wouter'];
const BUILD = { 'src/console/vite.config.ts': ['node:path', 'vite'] };

const files = CONSOLE_FILES.map((file) => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }));
const IMPORT = /^(?:import|export)\b[^;']*\bfrom '([^']+)';$|^import '([^']+)';$|\bimport\('([^']+)'\)/gm;
const importsOf = (text: string): string[] => [...text.matchAll(IMPORT)].map(([, from, alone, lazy]) => (from ?? alone ?? lazy)!);
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
const found = (pattern: RegExp, except: readonly string[] = []): string[] =>
  files.filter(({ file, text }) => !except.includes(file) && pattern.test(text)).map(({ file }) => file);

describe('the console', () => {
  it('imports nothing of the server: it is a client like any other', () => {
    const outside = files.flatMap(({ file, text }) =>
      importsOf(text)
        .filter((specifier) => specifier.startsWith('.') && !path.posix.join(path.posix.dirname(file), specifier).startsWith('src/console/'))
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(outside).toEqual([]);
    expect(files.length).toBeGreaterThan(50);
  });

  it('is built of the packages that were chosen for it, all of which are pinned for development', () => {
    const { devDependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Readonly<Record<string, string>>;
    };
    const foreign = files.flatMap(({ file, text }) =>
      importsOf(text)
        .filter((specifier) => !specifier.startsWith('.'))
        .filter((specifier) => !PACKAGES.includes(packageOf(specifier)) && !(BUILD as Record<string, string[]>)[file]?.includes(specifier))
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(foreign).toEqual([]);
    expect(PACKAGES.filter((name) => !(name in devDependencies))).toEqual([]);
  });

  it('makes no markup and no code of strings', () => {
    expect(found(/dangerouslySetInnerHTML|\.(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function\(/)).toEqual([]);
  });

  it('T-76: keeps preferences in one place and what a redirect needs in others, and tokens in none', () => {
    expect(found(/\blocalStorage\b/, ['src/console/session/preferences.ts'])).toEqual([]);
    expect(found(/\bsessionStorage\b/, ['src/console/session/sign-in.ts', 'src/console/session/unsaved.ts'])).toEqual([]);
    expect(found(/\bindexedDB\b|document\.cookie|\bcaches\./)).toEqual([]);
    const kept = (name: string) => {
      const { text } = files.find(({ file }) => file === `src/console/session/${name}.ts`)!;
      const writes = [...text.matchAll(/sessionStorage\.setItem\(([A-Z_]+), JSON\.stringify\((\w+)\)\)/g)].map(([, key, value]) => `${key} ${value}`);
      expect(writes).toHaveLength(text.split('setItem').length - 1);
      return writes;
    };
    expect(kept('sign-in')).toEqual(['PENDING pending', 'CHOSEN_ROLES roles']);
    // The state of a form, which is read nowhere but in its own module.
    expect(kept('unsaved')).toEqual(['KEPT kept']);
    expect(found(/SignIn|[tT]oken/).filter((one) => one.startsWith('src/console/session/unsaved.ts'))).toEqual([]);
  });

  it('writes nothing to the log of the browser', () => {
    expect(found(/\bconsole\.(?:log|info|warn|error|debug)\b/)).toEqual([]);
  });

  it('uses the roles of operations as they are generated, and names none itself', () => {
    const named = found(/'(?:UserAdmin|UserReader|SecurityProfileAdmin|ApiClientAdmin|SigningKeyAdmin|AuditReader|MeAdmin)'/, [
      'src/console/api/operations.ts',
    ]);
    expect(named).toEqual([]);
  });
});
