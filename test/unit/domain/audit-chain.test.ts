import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { auditDocument, canonicalJson, digestOf, FIRST_LINK, linkAfter, recordedAuditDocument } from '../../../src/domain/audit-chain.ts';
import { belonging, type AuditEvent } from '../../../src/domain/audit-event.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const EVENT: AuditEvent = {
  type: 'user_updated',
  at: new Date('2026-11-22T12:00:00.001Z'),
  actor: { kind: 'user', id: 'carla' },
  onBehalfOf: { kind: 'user', id: 'alice' },
  clientId: 'console',
  target: { kind: 'user', id: 'alice' },
  organization: 'acme',
  before: { email: null, a: [1, { z: 1, b: 2 }] },
  after: { email: 'a@example.com' },
  requestId: 'r1',
};

describe('what is hashed', () => {
  it('is the event as it is shown, without white space, members in order of their names', () => {
    expect(canonicalJson(auditDocument(EVENT))).toBe(
      '{"actor":{"id":"carla","kind":"user"},"after":{"email":"a@example.com"},"at":"2026-11-22T12:00:00.001Z",' +
        '"before":{"a":[1,{"b":2,"z":1}],"email":null},"client_id":"console","on_behalf_of":{"id":"alice","kind":"user"},' +
        '"request_id":"r1","target":{"id":"alice","kind":"user"},"type":"user_updated"}',
    );
  });

  it('can be made anew from an exported line alone', () => {
    const recorded = { ...EVENT, id: '7', hash: linkAfter(FIRST_LINK, EVENT, sha256) };
    const { id: _id, organization, hash, ...said } = JSON.parse(JSON.stringify(recordedAuditDocument(recorded))) as Record<string, unknown>;
    expect(sha256(`${FIRST_LINK}${sha256(canonicalJson(said))}${String(organization)}`)).toBe(hash);
  });

  it('is the same however the members of what changed are ordered, and after a journey as JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const turned = (part: unknown): unknown => {
          if (Array.isArray(part)) return part.map(turned);
          if (typeof part !== 'object' || part === null) return part;
          return Object.fromEntries(
            Object.entries(part)
              .toReversed()
              .map(([name, member]) => [name, turned(member)]),
          );
        };
        const there = (after: unknown) => digestOf({ ...EVENT, after: { after } }, sha256);
        expect(there(turned(value))).toBe(there(value));
        expect(there(JSON.parse(JSON.stringify(value)))).toBe(there(value));
      }),
    );
  });
});

describe('a link', () => {
  const link = linkAfter(FIRST_LINK, EVENT, sha256);

  it.each<[string, Partial<AuditEvent>]>([
    ['type', { type: 'x' }],
    ['at', { at: new Date('2026-11-22T12:00:00.002Z') }],
    ['actor', { actor: { kind: 'client', id: 'carla' } }],
    ['onBehalfOf', { onBehalfOf: undefined }],
    ['clientId', { clientId: undefined }],
    ['target', { target: { kind: 'user', id: 'bob' } }],
    ['organization', { organization: undefined }],
    ['before', { before: undefined }],
    ['after', { after: {} }],
    ['requestId', { requestId: 'r2' }],
  ])('depends on %s', (_, change) => {
    expect(linkAfter(FIRST_LINK, { ...EVENT, ...change }, sha256)).not.toBe(link);
  });

  it('depends on the one before', () => {
    expect(linkAfter(link, EVENT, sha256)).not.toBe(link);
  });
});

describe('an event belongs', () => {
  const assignment = { kind: 'assignment', id: 'a1' };
  it.each([
    ['where its target is', { target: { kind: 'user', id: 'u' }, after: { organization: 'x' } }, { kind: 'user', id: 'u' }],
    ['to the user of an assignment', { target: assignment, after: { user: 'u' } }, { kind: 'user', id: 'u' }],
    ['to the group of one that is gone', { target: assignment, before: { user_group: 'g' } }, { kind: 'user_group', id: 'g' }],
    ['to the organization of one', { target: assignment, after: { organization: 'o' } }, { kind: 'organization', id: 'o' }],
    ['to the client of one', { target: assignment, after: { client_id: 'c', client: 'via' } }, { kind: 'client', id: 'c' }],
    ['to the assignment when its party did not change', { target: assignment, before: { reason: 'a' }, after: { reason: 'b' } }, assignment],
    ['to the assignment when nothing is told', { target: assignment }, assignment],
  ])('%s', (_, event, expected) => {
    expect(belonging(event)).toEqual(expected);
  });
});
