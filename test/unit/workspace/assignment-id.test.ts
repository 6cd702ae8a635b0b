import { describe, expect, it } from '@jest/globals';
import { assignmentId } from '../../../src/services/assignment-id.ts';

const assignment = { securityProfile: 'P', party: { kind: 'user', id: 'ann' } } as const;

describe('the id of an assignment', () => {
  it('follows from profile, party, client and start', () => {
    const ids = [
      assignmentId(assignment),
      assignmentId({ ...assignment, securityProfile: 'Q' }),
      assignmentId({ ...assignment, party: { kind: 'user_group', id: 'ann' } }),
      assignmentId({ ...assignment, client: 'shop' }),
      assignmentId({ ...assignment, validFrom: new Date(0) }),
      assignmentId({ ...assignment, validFrom: new Date(1) }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^as_[A-Za-z0-9_-]{22}$/);
    expect(assignmentId({ ...assignment, client: undefined, validFrom: undefined })).toBe(ids[0]);
  });

  it('stays the same for ever, since stores keep it', () => {
    expect(assignmentId(assignment)).toBe('as__5tAwookL6efsyVRichCLE');
  });
});
