/**
 * @module Artifacts with Redis: it takes the payloads, Postgres keeps what must be certain. Redis may lose everything at any
 * moment, come back with what it had before, or execute late what it was told: no copy in it counts before Postgres was asked
 * whether it was consumed, removed or replaced since, and whatever Redis does not take goes to Postgres. Without Redis every
 * call is answered from Postgres; without Postgres none is.
 */
import { MOST_LISTED_ARTIFACTS, type Artifact, type ArtifactKind, type ArtifactStore } from '../domain/artifact.ts';
import { artifactOf, keptArtifact, type Subject } from './artifact-values.ts';
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
  const judged = async (kind: ArtifactKind, copy: ArtifactCopy, at: Date) => {
    const note = (await notes.judge(kind, [copy], at)).get(copy.id)!;
    return standing(copy, note);
  };
  const findBy = async (pointer: 'uid' | 'user_code', kind: ArtifactKind, ...[value, at]: readonly [string, Date]) => {
    if (!isStorable(value)) return undefined;
    const [row, copy] = await Promise.all([
      pointer === 'uid' ? rows.findByUid(kind, value, at) : rows.findByUserCode(kind, value, at),
      unlessDown(copies.findBy(pointer, kind, value, at)),
    ]);
    if (row !== undefined || copy === undefined) return row;
    // A row without this value has taken the place of the copy.
    const note = (await notes.judge(kind, [copy], at)).get(copy.id)!;
    return note.payload === null ? standing(copy, note) : undefined;
  };
  const removeAll = async (subject: Subject, id: string) => {
    if (!isStorable(id)) return;
    await notes.removeAll(subject, id);
    // Grants end all the time, users and clients seldom: what Redis lost of an index must not save their sessions.
    if (subject !== 'grant') await notes.distrust(subject, id);
    const told = await outcome(copies.removeAll(subject, id));
    if (subject === 'grant' && (told === undefined || told.value !== undefined)) await notes.distrust(subject, id, told?.value);
  };
  const store: ArtifactStore = {
    put: async (record) => {
      const at = now();
      const artifact = keptArtifact(record, at);
      const { held, written } = await notes.begin(artifact, at);
      if (!held && (await outcome(copies.put(artifact, written, at))) === undefined) await notes.hold(artifact, at);
    },
    find: async (kind, id, at) => {
      if (!isStorable(id)) return undefined;
      const copy = await unlessDown(copies.find(kind, id, at));
      return copy === undefined ? rows.find(kind, id, at) : judged(kind, copy, at);
    },
    findByUid: (kind, uid, at) => findBy('uid', kind, uid, at),
    findByUserCode: (kind, userCode, at) => findBy('user_code', kind, userCode, at),
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
    removeByGrant: (grantId) => removeAll('grant', grantId),
    list: async (kind, userId, at) => {
      if (!isStorable(userId)) return [];
      const [kept, found = []] = await Promise.all([rows.list(kind, userId, at), unlessDown(copies.list(kind, userId, at))]);
      const known = new Set(kept.map(({ id }) => id));
      const others = found.filter(({ id }) => !known.has(id));
      const judgements = await notes.judge(kind, others, at);
      const counting = others.flatMap((copy) => {
        const note = judgements.get(copy.id)!;
        const artifact = note.payload === null ? standing(copy, note) : undefined;
        return artifact === undefined ? [] : [{ id: copy.id, expiresAt: copy.expiresAt, ...artifact }];
      });
      const longestFirst = [...kept, ...counting].sort((a, b) => b.expiresAt.getTime() - a.expiresAt.getTime());
      return longestFirst.slice(0, MOST_LISTED_ARTIFACTS);
    },
    removeOfUser: (userId) => removeAll('user', userId),
    removeOfClient: (clientId) => removeAll('client', clientId),
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
  return note.distrusted ? undefined : artifactOf(copy.payload, note.consumedAt ?? copy.consumedAt);
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
