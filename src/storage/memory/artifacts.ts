/** @module Artifacts of the in-memory store. */
import { MOST_LISTED_ARTIFACTS, type Artifact, type ArtifactStore } from '../../domain/artifact.ts';
import { artifactOf, keptArtifact } from '../artifact-values.ts';
import { byCodePoint } from '../../domain/code-point.ts';
import type { MemoryAccessor } from './accessor.ts';
import type { ArtifactRow, Tables } from './tables.ts';

const keyOf = (kind: string, id: string): string => `${kind} ${id}`;

export function memoryArtifacts({ read, write, now }: MemoryAccessor): ArtifactStore {
  return {
    put: (record) =>
      write(({ tables: { artifacts } }) => {
        const at = new Date(now());
        const kept = keptArtifact(record, at);
        const key = keyOf(kept.kind, kept.id);
        const before = artifacts.get(key);
        const consumedAt = before !== undefined && before.expiresAt > at ? before.consumedAt : undefined;
        artifacts.set(key, { ...kept, expiresAt: new Date(kept.expiresAt), consumedAt });
      }),
    find: async (kind, id, at) => {
      const row = live(read().tables, keyOf(kind, id), at);
      return row && found(row);
    },
    findByUserCode: async (kind, userCode, at) => {
      const row = [...read().tables.artifacts.values()].find((one) => one.kind === kind && one.userCode === userCode && one.expiresAt > at);
      return row && found(row);
    },
    consume: (kind, id, at) =>
      write(({ tables }) => {
        const row = live(tables, keyOf(kind, id), at);
        if (row === undefined || row.consumedAt !== undefined) return false;
        tables.artifacts.set(keyOf(kind, id), { ...row, consumedAt: new Date(at) });
        return true;
      }),
    remove: (kind, id) => write(({ tables }) => void tables.artifacts.delete(keyOf(kind, id))),
    list: async (kind, userId, at) =>
      [...read().tables.artifacts.values()]
        .filter((row) => row.kind === kind && row.userId === userId && row.expiresAt > at)
        .sort((a, b) => b.expiresAt.getTime() - a.expiresAt.getTime() || byCodePoint(a.id, b.id))
        .slice(0, MOST_LISTED_ARTIFACTS)
        .map((row) => ({ id: row.id, expiresAt: new Date(row.expiresAt), ...found(row) })),
  };
}

function live({ artifacts }: Tables, key: string, at: Date): ArtifactRow | undefined {
  const row = artifacts.get(key);
  return row !== undefined && row.expiresAt > at ? row : undefined;
}

const found = ({ payload, consumedAt }: ArtifactRow): Artifact => artifactOf(payload, consumedAt && new Date(consumedAt));
