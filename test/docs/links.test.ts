import { describe, expect, it } from '@jest/globals';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { anchorsOf, DOCUMENTS, proseOf, read, ROOT } from './documents.ts';

describe('links', () => {
  it.each(DOCUMENTS)('of %s lead somewhere', (document) => {
    const broken = [...proseOf(document).matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => {
        if (target.startsWith('https://')) return false;
        const [file = '', anchor] = target.split('#');
        const found = file === '' ? document : path.posix.join(path.posix.dirname(document), file);
        if (found.startsWith('..') || !existsSync(path.join(ROOT, found))) return true;
        if (anchor === undefined) return false;
        return statSync(path.join(ROOT, found)).isDirectory() || !anchorsOf(read(found)).has(anchor);
      });
    expect(broken).toEqual([]);
  });

  it('reach every document from the README or from one that it links to', () => {
    const linked = DOCUMENTS.flatMap((document) =>
      [...read(document).matchAll(/\]\(([^)#\s]+)/g)].map(([, target]) => path.posix.join(path.posix.dirname(document), target!)),
    );
    expect(DOCUMENTS.filter((document) => document !== 'README.md' && !linked.includes(document))).toEqual([]);
  });

  it('name only files of the project in the table of the architecture', () => {
    const rows = [...read('README.md').matchAll(/^\| \[(src\/[^\]]+|migrations)\]/gm)].map(([, file]) => file!);
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  });
});
