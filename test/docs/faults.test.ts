import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { FAULTS } from '../faults/catalogue.ts';
import { read, ROOT } from './documents.ts';

describe('docs/faults.md', () => {
  it('has a measured row for exactly the faults of the suite; `npm run docs:faults` writes it after a run', () => {
    const [, table = ''] = /<!-- measured: faults -->([\s\S]*?)<!-- end -->/.exec(read('docs/faults.md')) ?? [];
    const rows = [...table.matchAll(/^\| (.+?) \|/gm)].map(([, name]) => name).slice(2);
    expect(rows).toEqual(Object.values(FAULTS));
  });

  it('lists no fault that no test makes, and none twice', () => {
    const tests = readdirSync(path.join(ROOT, 'test/faults')).filter((file) => file.endsWith('.test.ts'));
    const text = tests.map((file) => read(`test/faults/${file}`)).join('\n');
    expect(Object.keys(FAULTS).filter((fault) => text.split(`'${fault}'`).length !== 2)).toEqual([]);
  });
});
