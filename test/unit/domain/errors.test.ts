import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../../src/domain/errors.ts';

describe('a refusal', () => {
  it('carries a stable code, a message for people, a pointer, a delay and a cause for operators', () => {
    const cause = new Error('connection reset');
    const error = new DomainError('unavailable', 'Try again.', { pointer: '/users/3', retryAfterSeconds: 2, cause });
    expect(error).toMatchObject({ name: 'DomainError', code: 'unavailable', message: 'Try again.', pointer: '/users/3', retryAfterSeconds: 2 });
    expect(error.cause).toBe(cause);
    expect(error).toBeInstanceOf(Error);
  });

  it('has no cause when none is known', () => {
    const error = new DomainError('not_found', 'No such user.');
    expect('cause' in error).toBe(false);
    expect(error.pointer).toBeUndefined();
    expect(error.retryAfterSeconds).toBeUndefined();
  });

  it('does not show its cause when it is printed as JSON', () => {
    const error = new DomainError('internal', 'Something failed.', { cause: new Error('password=hunter2') });
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });
});
