// Jest transform: erases TypeScript types in place, as Node's own type stripping does.
// White space replaces the types, so every line and column stays and no source map is needed.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import swc from '@swc/wasm-typescript';

const self = readFileSync(new URL(import.meta.url));

export default {
  process: (source, filename) => ({ code: swc.transformSync(source, { mode: 'strip-only', filename }).code }),
  getCacheKey: (source, filename, { configString }) =>
    createHash('sha256').update(self).update(source).update('\0').update(filename).update('\0').update(configString).digest('hex'),
};
