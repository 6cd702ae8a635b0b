import { describe, expect, it } from '@jest/globals';
import { BUILT_IN_ROLES } from '../../src/domain/role.ts';
import { parseWorkspace } from '../../src/workspace/read.ts';
import { planWorkspace } from '../../src/workspace/apply.ts';
import { entrySchemas } from '../../src/workspace/schema.ts';
import { SYSTEM_CLOCK, SYSTEM_RANDOM } from '../../src/app.ts';
import { openTestStore } from '../support/stores.ts';
import { codeBlocks, read, sample } from './documents.ts';

const POLICY = { insecurePlaintext: false, lookup: () => 'Correct-Horse-7-Battery' };
const schemas = Object.entries(entrySchemas(POLICY)) as unknown as readonly (readonly [string, { readonly shape: Record<string, unknown> }])[];
const document = read('docs/workspace-files.md');

/** The text under the heading of a section. */
const under = (section: string): string => new RegExp(`^## \`${section}\`\\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(document)?.[1] ?? '';

describe('docs/workspace-files.md', () => {
  it.each(schemas.map(([name, schema]) => ({ name, fields: Object.keys(schema.shape) })))(
    'explains every field of $name, and no other',
    ({ name, fields }) => {
      const rows = [...under(name).matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) =>
        [...cell!.matchAll(/`([a-z_]+)`/g)].map(([, field]) => field!),
      );
      expect(rows.toSorted()).toEqual(fields.toSorted());
    },
  );

  it('names every field of a password policy', () => {
    const { password_policy: policy } = schemas.find(([name]) => name === 'security_profiles')![1].shape;
    const { shape } = (policy as { unwrap(): { unwrap(): { shape: object } } }).unwrap().unwrap();
    const named = [...under('security_profiles').matchAll(/`([a-z_]+)`/g)].map(([, field]) => field);
    expect(Object.keys(shape).filter((field) => !named.includes(field))).toEqual([]);
  });

  it('shows entries that can be read', () => {
    const blocks = codeBlocks('docs/workspace-files.md').filter(({ language }) => language === 'yaml');
    expect(blocks.length).toBeGreaterThan(1);
    for (const { text } of blocks) expect(parseWorkspace([{ file: 'sample.yaml', text: `rolemint: 1\n${text}` }], POLICY).problems).toEqual([]);
  });

  it('is right about the built-in roles: they need no definition', () => {
    const text = `rolemint: 1\nsecurity_profiles:\n  - {id: all, roles: [${BUILT_IN_ROLES.map(({ name }) => name).join(', ')}]}\n`;
    expect(parseWorkspace([{ file: 'sample.yaml', text }], POLICY).problems).toEqual([]);
  });
});

describe('the workspace of the README', () => {
  it('is complete: it applies to an empty store and keeps its own expectation', async () => {
    const workspace = parseWorkspace([{ file: 'README.md', text: sample('README.md', 'workspace') }], POLICY);
    expect(workspace.problems).toEqual([]);
    const hasher = { hash: async () => '', verify: async () => false, needsRehash: () => false, slowestForeignMilliseconds: () => 0, decoy: '' };
    const store = await openTestStore();
    const context = {
      store,
      hasher,
      clock: SYSTEM_CLOCK,
      random: SYSTEM_RANDOM,
      actor: { kind: 'operator', id: 'test' },
    } as const;
    const plan = await planWorkspace(context, workspace);
    await store.close();
    expect(plan).toMatchObject({ workspace: 'two-companies', expectations: 1 });
    expect(plan.effects).toEqual([expect.objectContaining({ kind: 'user', subjects: ['ada'], gained: ['OrderReader'], lost: [] })]);
  });
});
