import { describe, expect, it } from '@jest/globals';
import { asRequestError, entryWorkspace, NOTHING, sentWorkspace } from '../../../src/administration/entries.ts';
import { DomainError } from '../../../src/domain/errors.ts';
import { WorkspaceError } from '../../../src/workspace/problem.ts';

describe('an object of a request', () => {
  it('is the one entry of a workspace', () => {
    const { entries, problems, sections } = entryWorkspace('users', { id: 'ann', organization: 'B', user_groups: ['g'] });
    expect(problems).toEqual([]);
    expect([...sections]).toEqual(['users']);
    expect(entries.users.get('ann')?.declared).toMatchObject({ id: 'ann', organization: 'B', user_groups: [{ user_group: 'g' }] });
  });

  it('has its problems at JSON pointers into itself', () => {
    const { problems } = entryWorkspace('users', { id: 'ann', 'a/b~c': 1, authorized_organizations: ['ok', '!'] });
    expect(problems.map(({ file }) => file).sort()).toEqual(['/authorized_organizations/1', '/a~1b~0c']);
  });

  it('reads nothing of the environment', () => {
    const { problems } = entryWorkspace('users', { id: 'ann', password: { env: 'PATH' } });
    expect(problems).toMatchObject([{ file: '/password', message: expect.stringContaining('"PATH", which is not set') }]);
  });
});

describe('a workspace of a request', () => {
  it('has its problems at JSON pointers into the whole', () => {
    const { problems } = sentWorkspace({ rolemint: 1, users: [{ id: 'ann' }, { id: '!' }] });
    expect(problems.map(({ file }) => file)).toEqual(['/users/1/id']);
  });

  it('may say nothing', () => {
    expect(NOTHING.problems).toEqual([]);
    expect(NOTHING.sections.size).toBe(0);
  });
});

describe('the refusal of a workspace', () => {
  const problem = (file: string, message: string) => ({ file, line: 0, column: 0, path: '', message });

  it('is one sentence for one problem', () => {
    expect(asRequestError(new WorkspaceError([problem('/email', 'must be an e-mail address.')]))).toMatchObject({
      code: 'invalid_input',
      message: '/email must be an e-mail address.',
      pointer: '/email',
      details: { problems: [{ pointer: '/email', message: 'must be an e-mail address.' }] },
    });
    expect(asRequestError(new WorkspaceError([problem('', 'is too much.')]))).toMatchObject({ message: 'The request is too much.' });
  });

  it('counts several, and points at the first', () => {
    expect(asRequestError(new WorkspaceError([problem('/a', 'x'), problem('/b', 'y')]))).toMatchObject({
      message: 'The request has 2 problems.',
      pointer: '/a',
      details: {
        problems: [
          { pointer: '/a', message: 'x' },
          { pointer: '/b', message: 'y' },
        ],
      },
    });
  });

  it('leaves other errors as they are', () => {
    const error = new DomainError('in_use', 'It is still needed.');
    expect(asRequestError(error)).toBe(error);
  });
});
