/** @module Artifacts as every store keeps them: checked at the border, the payload as JSON text. */
import { LONGEST_ARTIFACT_MS, LONGEST_PAYLOAD, type Artifact, type ArtifactRecord } from '../domain/artifact.ts';
import { DomainError } from '../domain/errors.ts';
import { assertKey, toJson } from './values.ts';

/** A record with its payload as text. */
export interface KeptArtifact extends Omit<ArtifactRecord, 'payload'> {
  readonly payload: string;
}

/** @throws `invalid_input` when something of it cannot be kept */
export function keptArtifact(record: ArtifactRecord, now: Date): KeptArtifact {
  const { id, userCode, userId } = record;
  assertKey(id, 'an artifact');
  for (const key of [userCode, userId]) if (key !== undefined) assertKey(key, 'something that an artifact names');
  toJson(record.expiresAt, 'An artifact');
  const payload = toJson(record.payload, 'An artifact');
  if (payload.length > LONGEST_PAYLOAD) throw new DomainError('invalid_input', `An artifact is longer than ${LONGEST_PAYLOAD} characters.`);
  if (record.expiresAt.getTime() - now.getTime() > LONGEST_ARTIFACT_MS) {
    throw new DomainError('invalid_input', 'An artifact would last longer than 400 days.');
  }
  return { ...record, payload };
}

export function artifactOf(payload: string, consumedAt: Date | null | undefined): Artifact {
  const parsed = JSON.parse(payload) as Artifact['payload'];
  return consumedAt === null || consumedAt === undefined ? { payload: parsed } : { payload: parsed, consumedAt };
}
