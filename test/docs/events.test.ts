import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { SECTIONS } from '../../src/workspace/sections.ts';
import { read, ROOT } from './documents.ts';

const operations = read('docs/operations.md');
const section = (title: string): string => new RegExp(`^## ${title}\\n([\\s\\S]*?)(?=^## )`, 'm').exec(operations)?.[1] ?? '';
/** Names in the first column of the table of a section. */
const documented = (title: string): string[] =>
  [...section(title).matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) => [...cell!.matchAll(/`([a-z_<>]+)`/g)].map(([, name]) => name!));

const sources = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: read(`src/${file}`) }));

function namesIn(pattern: RegExp, folders: readonly string[] = ['']): string[] {
  const found = sources
    .filter(({ file }) => folders.some((folder) => file.startsWith(folder)))
    .flatMap(({ text }) => [...text.matchAll(pattern)].map(([, name]) => name!));
  return [...new Set(found)];
}

describe('docs/operations.md', () => {
  it('lists every log event, and no other', () => {
    const refusals = ['token', 'introspection', 'revocation', 'authorization', 'resume', 'pushed_authorization_request', 'device_authorization'].map(
      (endpoint) => `${endpoint}_refused`,
    );
    expect(documented('Logs').toSorted()).toEqual([...namesIn(/\bevent: '([a-z_]+)'/g), ...refusals].toSorted());
  });

  it('lists every audit event, and no other', () => {
    const nouns = Object.values(SECTIONS).map(({ noun }) => noun);
    const generic = new Set(nouns.flatMap((noun) => ['created', 'updated', 'removed'].map((done) => `${noun}_${done}`)));
    const PAST =
      'created|updated|removed|ended|accepted|resent|refused|enabled|disabled|changed|added|expired|locked_out|unlocked|detected|rotated|retired|assigned|unassigned|started';
    const literal = namesIn(new RegExp(`'([a-z_]+_(?:${PAST}))'`, 'g'), ['services', 'workspace']);
    const revocations = [
      'token_revoked',
      'grant_revoked',
      'user_tokens_revoked',
      'client_tokens_revoked',
      'all_tokens_revoked',
      'invitation_revoked',
    ];
    const told = documented('Audit events');
    expect([...literal, ...revocations].filter((type) => !told.includes(type) && !generic.has(type))).toEqual([]);
    const patterns = ['<noun>_created', '<noun>_updated', '<noun>_removed'];
    expect(told.filter((type) => ![...literal, ...revocations, ...patterns, ...generic].includes(type))).toEqual([]);
    const named = /\| `<noun>_created`[^|]*\| ([^|]+) \|/.exec(section('Audit events'))?.[1] ?? '';
    expect([...nouns, 'assignment'].filter((noun) => noun !== 'assignment' && !named.includes(`\`${noun}\``))).toEqual([]);
  });
});
