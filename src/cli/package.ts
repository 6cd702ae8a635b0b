import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The package that this file belongs to, run from its sources or compiled. */
export const PACKAGE: { readonly root: string; readonly version: string } = find(import.meta.dirname);

function find(folder: string): { root: string; version: string } {
  const file = path.join(folder, 'package.json');
  if (!existsSync(file)) return find(path.dirname(folder));
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return { root: folder, version };
}
