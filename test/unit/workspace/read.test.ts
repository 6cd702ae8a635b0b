import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readWorkspace } from '../../../src/workspace/read.ts';
import { lines, PLAIN, read } from './harness.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rolemint-workspace-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function files(name: string, contents: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const directory = path.join(folder, name);
  await mkdir(directory);
  for (const [file, content] of Object.entries(contents)) await writeFile(path.join(directory, file), content);
  return directory;
}

describe('files and directories', () => {
  it('are one union: every yaml, yml and json of a directory, and files given with it', async () => {
    const directory = await files('union', {
      'b.yml': 'users:\n  - {id: b, organization: O}\n',
      'a.yaml': 'rolemint: 1\nworkspace: w\n',
      'c.json': '{"users": [{"id": "c", "organization": "O"}]}',
      'notes.txt': 'not read',
      '.hidden.yaml': 'nonsense: true',
    });
    const extra = path.join(await files('extra', { 'd.yaml': 'users: [{id: d, organization: O}]\n' }), 'd.yaml');
    const workspace = await readWorkspace([directory, extra, path.join(directory, 'c.json')], PLAIN);
    expect(workspace.problems).toEqual([]);
    expect(workspace.name?.value).toBe('w');
    expect([...workspace.entries.users.keys()]).toEqual(['b', 'c', 'd']);
    expect([...workspace.sections]).toEqual(['users']);
  });

  it('that cannot be read are all named at once', async () => {
    const directory = await files('unreadable', {
      'latin1.yaml': Buffer.from([0x61, 0x3a, 0x20, 0xe9]),
      'broken.yaml': 'a: [1\n',
      'fine.yaml': 'rolemint: 1\n',
    });
    const empty = await files('empty', {});
    const refusal = readWorkspace([directory, empty, path.join(folder, 'absent.yaml')], PLAIN);
    await expect(refusal).rejects.toMatchObject({
      code: 'invalid_input',
      problems: expect.arrayContaining([
        expect.objectContaining({ file: path.join(directory, 'broken.yaml'), message: expect.stringMatching(/^cannot be read: /) }),
        expect.objectContaining({ file: path.join(directory, 'latin1.yaml'), message: 'is not valid UTF-8.' }),
        expect.objectContaining({ file: empty, message: 'has no *.yaml, *.yml or *.json file in it.' }),
        expect.objectContaining({ file: path.join(folder, 'absent.yaml'), message: 'does not exist.' }),
      ]),
    });
  });

  it('of more than 16 MiB are refused unread', async () => {
    const directory = await files('large', { 'large.yaml': Buffer.alloc(16 * 1024 * 1024 + 1, 0x20) });
    await expect(readWorkspace([directory], PLAIN)).rejects.toThrow('has 16777217 bytes; at most 16777216 are read.');
  });

  it('that hold no object are refused', () => {
    expect(() => read('- a\n- b\n')).toThrow('must be an object with sections');
  });

  it('that are empty say nothing', () => {
    expect(read({ 'a.yaml': '# nothing yet\n', 'b.yaml': 'rolemint: 1\n' }).problems).toEqual([]);
  });
});

describe('a union of files', () => {
  it('needs rolemint: 1 in one of them', () => {
    expect(lines(read('users: []\n').problems)).toEqual(['workspace.yaml:1:1 rolemint: is missing: one of the files must say rolemint: 1.']);
    expect(lines(read('rolemint: 2\n').problems)).toEqual(['workspace.yaml:1:11 rolemint: must be 1, the version of this format; found 2.']);
  });

  it('may not contradict itself in its name', () => {
    const { problems } = read({ 'a.yaml': 'rolemint: 1\nworkspace: one\n', 'b.yaml': 'workspace: two\n', 'c.yaml': 'workspace: one\n' });
    expect(lines(problems)).toEqual(['b.yaml:1:12 workspace: "two" contradicts "one" at a.yaml:2:12.']);
  });

  it('may say the same twice in two files, in any order of fields, but not something else', () => {
    const { problems, entries } = read({
      'a.yaml': 'rolemint: 1\nusers:\n  - {id: a, organization: O}\n  - {id: b, organization: O}\n',
      'b.yaml': 'users:\n  - {organization: O, id: a}\n  - {id: b, organization: P}\n',
    });
    expect(lines(problems)).toEqual(['b.yaml:3:10 users[1].id: "b" has different content in two files: also at a.yaml:4:10.']);
    expect(entries.users.size).toBe(2);
  });

  it('may not say the same twice in one file', () => {
    const { problems } = read(
      'rolemint: 1\nroles: [{name: A}, {name: A}]\nassignments:\n  - {security_profile: P, user: u}\n  - {security_profile: P, user: u, reason: again}\n  - {security_profile: P, user: u, valid_from: 2027-01-01}\n',
    );
    expect(lines(problems)).toEqual([
      'workspace.yaml:2:27 roles[1].name: "A" stands twice: also at workspace.yaml:2:16.',
      'workspace.yaml:5:24 assignments[1].security_profile: the same assignment (profile, party, client, valid_from) stands twice: also at workspace.yaml:4:24.',
    ]);
  });

  it('never tells a secret when two files differ in it', () => {
    const { problems } = read({
      'a.yaml': 'rolemint: 1\nusers: [{id: a, organization: O, password: first-secret-1}]\n',
      'b.yaml': 'users: [{id: a, organization: O, password: other-secret-2}]\n',
    });
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).not.toContain('secret-');
  });
});
