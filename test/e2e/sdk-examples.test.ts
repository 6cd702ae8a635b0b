import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import swc from '@swc/wasm-typescript';
import { sdkProject, type SdkProject } from '../support/sdk-package.ts';

const SDK = path.resolve(import.meta.dirname, '../../src/sdk');

/** The programs in the documentation comments of a file. */
function examplesIn(file: string): string[] {
  const text = readFileSync(path.join(SDK, file), 'utf8');
  return [...text.matchAll(/^ *\* @example\n((?: *\*(?: .*)?\n)+?) *\*\//gm)].map(([, lines]) => lines!.replaceAll(/^ *\* ?/gm, ''));
}

const EXAMPLES = readdirSync(SDK).flatMap((file) =>
  examplesIn(file).map((code, index) => ({ name: `${file.replace('.ts', '')}-${index + 1}`, code })),
);

/** Everything that an API calls has a program that shows it. */
const SHOWN = [
  'createVerifier',
  'createIntrospector',
  'followRevocations',
  'anyOf',
  'allOf',
  'requireRoles',
  'organizationTypes',
  'entity',
  'assertAccess',
].concat([
  'protectKoa',
  'protectExpress',
  'protectFastify',
  'protectHono',
  'protectFetch',
  'accessIn',
  'AccessError',
  'bearerToken',
  'createTestIssuer',
  'testAccess',
]);

describe('the examples of the SDK', () => {
  let project: SdkProject;
  beforeAll(async () => {
    project = await sdkProject();
    for (const { name, code } of EXAMPLES) {
      await writeFile(path.join(project.folder, `${name}.ts`), code);
      await writeFile(path.join(project.folder, `${name}.js`), swc.transformSync(code, { mode: 'strip-only', module: true }).code);
    }
  }, 60_000);
  afterAll(() => project.remove());

  it.each(SHOWN)('show %s', (name) => {
    expect(EXAMPLES.filter(({ code }) => code.includes(name))).not.toEqual([]);
  });

  it('have the right types', async () => {
    expect(await project.complaints(EXAMPLES.map(({ name }) => `${name}.ts`))).toBe('');
  }, 60_000);

  it.each(EXAMPLES)('$name runs, and what it asserts is so', async ({ name }) => {
    expect(await project.node(`${name}.js`)).toEqual({ stdout: '', stderr: '' });
  });
});
