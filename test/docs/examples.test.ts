import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { planWorkspace } from '../../src/workspace/apply.ts';
import { readWorkspace } from '../../src/workspace/read.ts';
import { startExampleApi, startSystem, SYSTEMS, type ExampleApi, type System } from '../support/example-api.ts';
import type { TestServer } from '../support/server.ts';
import { codeBlocks, read, ROOT, sample } from './documents.ts';

const run = promisify(execFile);
const ISSUER = 'http://localhost:3000';
const PORTS: Readonly<Record<System, number>> = { ordercloud: 4001, tradecloud: 4002, voss: 4003 };

const itWithCurl = spawnSync('curl', ['--version']).status === 0 || process.env['CI'] === 'true' ? it : it.skip;

describe.each(SYSTEMS)('the example %s', (system) => {
  const document = `examples/${system}/README.md`;
  const blocks = codeBlocks(document);
  /** Lines to paste, each with the block after it: what they print. */
  const shown = blocks.flatMap((block, index) => {
    const answer = blocks[index + 1];
    if (block.language !== 'sh' || answer?.language !== 'text') return [];
    const [title] = read(document)
      .split(block.text)[0]!
      .match(/(?<=^#+ ).+(?![\s\S]*^#)/m) ?? [''];
    return [{ title, lines: block.text, prints: answer.text }];
  });

  let server: TestServer;
  let api: ExampleApi;

  beforeAll(async () => {
    server = await startSystem(system);
    api = await startExampleApi(system, server.url);
  }, 60_000);
  afterAll(async () => {
    await api.close();
    await server.close();
  });

  it('comes with a workspace that changes nothing when it is applied again, and keeps its expectations', async () => {
    const { store, hasher, clock, random } = server.app;
    const workspace = await readWorkspace([path.join(ROOT, 'examples', system)], { insecurePlaintext: true, lookup: () => undefined });
    const plan = await planWorkspace({ store, hasher, clock, random, actor: { kind: 'operator', id: 'test' } }, workspace);
    expect(plan.rows).toEqual([]);
    expect(plan.expectations).toBeGreaterThanOrEqual(7);
  });

  it('says how to start both', () => {
    const lines = blocks.flatMap(({ text }) => text.trim().split('\n'));
    expect(lines).toContain(`npx rolemint serve --apply examples/${system} --insecure-plaintext`);
    expect(lines).toContain(`node examples/${system}/api.js`);
  });

  it('shows what is allowed and what is refused', () => {
    expect(shown.map(({ prints }) => prints).join('')).toMatch(/^200$/m);
    expect(shown.map(({ prints }) => prints).join('')).toMatch(/^403$/m);
    expect(shown.length).toBe(blocks.filter(({ language, text }) => language === 'sh' && text.includes('$(token')).length);
  });

  itWithCurl.each(shown)('has lines that work as pasted (skipped without curl): $title', async ({ lines, prints }) => {
    const script = `set -e\n${sample(document, 'token')}\n${lines}`
      .replaceAll(ISSUER, server.url)
      .replaceAll(`http://127.0.0.1:${PORTS[system]}`, api.url);
    const { stdout } = await run('bash', ['-c', script]);
    expect(stdout).toBe(prints);
  });
});

describe('the roles of OrderCloud in the example', () => {
  it('are those of the system, with their categories', () => {
    const rolesIn = (file: string): string[] => {
      const { roles } = parse(read(file)) as { readonly roles: readonly { readonly name: string; readonly category?: string }[] };
      return roles.map(({ name, category = 'custom' }) => `${name} ${category}`);
    };
    const example = [...rolesIn('examples/ordercloud/roles.yaml'), ...rolesIn('examples/ordercloud/workspace.yaml')];
    expect(example.toSorted()).toEqual(rolesIn('test/data/workspaces/ordercloud.yaml').toSorted());
  });
});
