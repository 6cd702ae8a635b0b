/**
 * @module Artifacts with Redis: it takes the payloads, Postgres keeps what must be certain. Redis may lose everything at any
 * moment, come back with what it had before, or execute late what it was told: no copy in it counts before Postgres was asked
 * whether it was consumed, removed or replaced since, and whatever Redis does not take goes to Postgres. Without Redis every
 * call is answered from Postgres; without Postgres none is.
 */
import { MOST_LISTED_ARTIFACTS, type Artifact, type ArtifactKind, type ArtifactStore } from '../domain/artifact.ts';
import { artifactOf, keptArtifact } from './artifact-values.ts';
import type { ArtifactNotes, Note } from './postgres/artifact-notes.ts';
import type { ArtifactCopies, ArtifactCopy } from './redis/artifacts.ts';
import { RedisUnavailable } from './redis/connection.ts';
import { isStorable } from './values.ts';

export interface CopiedArtifactsOptions {
  readonly copies: ArtifactCopies;
  /** The artifacts that are in Postgres themselves. */
  readonly rows: ArtifactStore;
  readonly notes: ArtifactNotes;
  readonly now: () => Date;
}

export interface CopiedArtifacts {
  readonly store: ArtifactStore;
  /** Tells Redis what it could not be told, so that the rows about it can go; at most `limit`. Returns how many. */
  settle(now: Date, limit: number): Promise<number>;
}

export function copiedArtifacts({ copies, rows, notes, now }: CopiedArtifactsOptions): CopiedArtifacts {
  const judge = async (kind: ArtifactKind, { id }: ArtifactCopy, at: Date) => (await notes.judge(kind, [id], at)).get(id)!;
  const store: ArtifactStore = {
    put: async (record) => {
      const at = now();
      const artifact = keptArtifact(record, at);
      const { held } = await notes.begin(artifact, at);
      if (!held && (await outcome(copies.put(artifact, at))) === undefined) await notes.hold(artifact, at);
    },
    find: async (kind, id, at) => {
      if (!isStorable(id)) return undefined;
      const copy = await unlessDown(copies.find(kind, id, at));
      return copy === undefined ? rows.find(kind, id, at) : standing(copy, await judge(kind, copy, at));
    },
    findByUserCode: async (kind, userCode, at) => {
      if (!isStorable(userCode)) return undefined;
      const [row, copy] = await Promise.all([rows.findByUserCode(kind, userCode, at), unlessDown(copies.findByUserCode(kind, userCode, at))]);
      if (row !== undefined || copy === undefined) return row;
      const note = await judge(kind, copy, at);
      // A row without this code has taken the place of the copy.
      return note.payload === null ? standing(copy, note) : undefined;
    },
    consume: async (kind, id, at) => {
      if (!isStorable(id)) return false;
      // Redis turns away whoever comes later; Postgres has the last word on who was first.
      const copy = await unlessDown(copies.consume(kind, id, at));
      return copy === undefined ? rows.consume(kind, id, at) : notes.consume(kind, copy, at);
    },
    remove: async (kind, id) => {
      if (!isStorable(id)) return;
      const told = await outcome(copies.remove(kind, id));
      await notes.remove(kind, id, told && { until: told.value });
    },
    list: async (kind, userId, at) => {
      if (!isStorable(userId)) return [];
      const [kept, found = []] = await Promise.all([rows.list(kind, userId, at), unlessDown(copies.list(kind, userId, at))]);
      const known = new Set(kept.map(({ id }) => id));
      const others = found.filter(({ id }) => !known.has(id));
      const judgements = await notes.judge(
        kind,
        others.map(({ id }) => id),
        at,
      );
      const counting = others.flatMap((copy) => {
        const note = judgements.get(copy.id)!;
        const artifact = note.payload === null ? standing(copy, note) : undefined;
        return artifact === undefined ? [] : [{ id: copy.id, expiresAt: copy.expiresAt, ...artifact }];
      });
      const longestFirst = [...kept, ...counting].sort((a, b) => b.expiresAt.getTime() - a.expiresAt.getTime());
      return longestFirst.slice(0, MOST_LISTED_ARTIFACTS);
    },
  };
  const settle = async (at: Date, limit: number) => {
    const untold = await notes.untold(at, limit);
    let count = 0;
    for (const { kind, id } of untold) {
      const told = await outcome(copies.remove(kind, id));
      if (told === undefined) return count;
      await notes.told(kind, id, told.value ?? at);
      count += 1;
    }
    return count;
  };
  return { store, settle };
}

/** The artifact of which Redis has a copy, as Postgres knows it. */
function standing(copy: ArtifactCopy, note: Note): Artifact | undefined {
  if (note.removed) return undefined;
  if (note.payload !== null) return artifactOf(note.payload, note.consumedAt);
  return artifactOf(copy.payload, note.consumedAt ?? copy.consumedAt);
}

/** What Redis knows; nothing when it cannot say. */
const unlessDown = async <T>(asked: Promise<T>): Promise<T | undefined> => (await outcome(asked))?.value;

/** What Redis answered; undefined: it is not known what became of it. */
async function outcome<T>(asked: Promise<T>): Promise<{ readonly value: T } | undefined> {
  try {
    return { value: await asked };
  } catch (error) {
    if (error instanceof RedisUnavailable) return undefined;
    throw error;
  }
}
