/** @module The SDK as an API team installs it: compiled afresh into a project of its own, with the frameworks beside it. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');
const BESIDE = ['jose', 'koa', 'express', 'fastify', 'hono', '@types', 'undici-types'];

export interface SdkProject {
  readonly folder: string;
  /** Runs a file of the project. */
  node(file: string, ...flags: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>;
  /** Checks the types of files of the project; gives the complaints. */
  complaints(files: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

/** The path of the compiler's program. */
const COMPILER = path.join(ROOT, 'node_modules/typescript/bin/tsc');

export async function sdkProject(): Promise<SdkProject> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rolemint-sdk-'));
  const modules = path.join(folder, 'node_modules');
  await mkdir(path.join(modules, 'rolemint'), { recursive: true });
  for (const name of BESIDE) await symlink(path.join(ROOT, 'node_modules', name), path.join(modules, name));
  await copyFile(path.join(ROOT, 'package.json'), path.join(modules, 'rolemint/package.json'));
  await run(process.execPath, [COMPILER, '-p', path.join(ROOT, 'tsconfig.sdk.json'), '--outDir', path.join(modules, 'rolemint/dist')], { cwd: ROOT });
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  return {
    folder,
    node: (file, ...flags) => run(process.execPath, [...flags, file], { cwd: folder }),
    complaints: async (files) => {
      const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] };
      await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
      return run(process.execPath, [COMPILER, '-p', folder], { cwd: folder }).then(
        () => '',
        (error: { readonly stdout: string }) => error.stdout,
      );
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
