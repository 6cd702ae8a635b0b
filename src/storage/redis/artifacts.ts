/**
 * @module Copies of artifacts in Redis. Keys: `rolemint:<kind>:{<id>}`, a hash with the artifact; `rolemint:user_code:{<kind> <code>}`,
 * the id; `rolemint:user:{<user>}`, a sorted set of `<kind>:<id>` by expiry. What points at an artifact is written before it: a
 * pointer to nothing harms nobody, an artifact without one would not be found.
 */
import { MOST_LISTED_ARTIFACTS, type ArtifactKind } from '../../domain/artifact.ts';
import type { KeptArtifact } from '../artifact-values.ts';
import type { RedisClient, RedisConnection } from './connection.ts';
import { defineScripts, type ScriptedClient } from './scripts.ts';

/** An artifact as it is in Redis. */
export interface ArtifactCopy {
  readonly id: string;
  readonly payload: string;
  readonly expiresAt: Date;
  readonly consumedAt: Date | undefined;
  readonly userCode: string | undefined;
  readonly userId: string | undefined;
}

/** All methods throw when Redis cannot be told or asked. */
export interface ArtifactCopies {
  put(artifact: KeptArtifact, now: Date): Promise<void>;
  find(kind: ArtifactKind, id: string, now: Date): Promise<ArtifactCopy | undefined>;
  findByUserCode(kind: ArtifactKind, userCode: string, now: Date): Promise<ArtifactCopy | undefined>;
  /** Marks it, for one caller; undefined when it is not there, or marked before. */
  consume(kind: ArtifactKind, id: string, now: Date): Promise<ArtifactCopy | undefined>;
  /** When the removed one would have expired; undefined: there was none. */
  remove(kind: ArtifactKind, id: string): Promise<Date | undefined>;
  list(kind: ArtifactKind, userId: string, now: Date): Promise<readonly ArtifactCopy[]>;
}

const FIELDS = ['payload', 'expires_at', 'consumed_at', 'user_code', 'user'] as const;
/** Members of an index at a time. */
const PAGE = 500;

const artifactKey = (kind: string, id: string) => `rolemint:${kind}:{${id}}`;
const userCodeKey = (kind: string, userCode: string) => `rolemint:user_code:{${kind} ${userCode}}`;
const userKey = (id: string) => `rolemint:user:{${id}}`;

export function redisArtifacts(redis: RedisConnection): ArtifactCopies {
  defineScripts(redis.client);
  const ask = <T>(work: (client: RedisClient & ScriptedClient) => Promise<T>) => redis.ask((client) => work(client as RedisClient & ScriptedClient));
  const find = async (kind: ArtifactKind, id: string, now: Date) => {
    const copy = copyOf(id, await ask((client) => client.hmget(artifactKey(kind, id), ...FIELDS)));
    return copy !== undefined && copy.expiresAt > now ? copy : undefined;
  };
  return {
    put: async (artifact, now) => {
      const { kind, id, userCode, userId, expiresAt } = artifact;
      const life = expiresAt.getTime() - now.getTime();
      if (life > 0) {
        await ask((client) =>
          Promise.all([
            userCode !== undefined && client.set(userCodeKey(kind, userCode), id, 'PX', life),
            userId !== undefined && client.indexArtifact(userKey(userId), now.getTime(), life, expiresAt.getTime(), `${kind}:${id}`),
          ]),
        );
      }
      const fields = Object.entries(fieldsOf(artifact)).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
      await ask((client) => client.putArtifact(artifactKey(kind, id), now.getTime(), life, ...fields));
    },
    find,
    findByUserCode: async (kind, userCode, now) => {
      const id = await ask((client) => client.get(userCodeKey(kind, userCode)));
      const copy = id === null ? undefined : await find(kind, id, now);
      // The artifact may have been replaced by one with another code since.
      return copy?.userCode === userCode ? copy : undefined;
    },
    consume: async (kind, id, now) => {
      const values = await ask((client) => client.consumeArtifact(artifactKey(kind, id), now.getTime(), ...FIELDS));
      return values === null ? undefined : copyOf(id, values);
    },
    remove: async (kind, id) => {
      const expiresAt = await ask((client) => client.removeArtifact(artifactKey(kind, id)));
      return expiresAt === null ? undefined : new Date(Number(expiresAt));
    },
    list: async (kind, userId, now) => {
      const copies: ArtifactCopy[] = [];
      for (let start = 0; copies.length < MOST_LISTED_ARTIFACTS; start += PAGE) {
        const members = await ask((client) => client.zrange(userKey(userId), '+inf', `(${now.getTime()}`, 'BYSCORE', 'REV', 'LIMIT', start, PAGE));
        const ids = members.filter((member) => member.startsWith(`${kind}:`)).map((member) => member.slice(kind.length + 1));
        const found = await Promise.all(ids.map((id) => find(kind, id, now)));
        copies.push(...found.filter((copy): copy is ArtifactCopy => copy?.userId === userId));
        if (members.length < PAGE) break;
      }
      return copies;
    },
  };
}

function fieldsOf({ payload, expiresAt, userCode, userId }: KeptArtifact): Partial<Record<(typeof FIELDS)[number], string | number | undefined>> {
  return { payload, expires_at: expiresAt.getTime(), user_code: userCode, user: userId };
}

function copyOf(id: string, values: readonly (string | null)[]): ArtifactCopy | undefined {
  const [payload, expiresAt, consumedAt, userCode, userId] = values.map((value) => value ?? undefined);
  if (payload === undefined || expiresAt === undefined) return undefined;
  return {
    id,
    payload,
    expiresAt: new Date(Number(expiresAt)),
    consumedAt: consumedAt === undefined ? undefined : new Date(Number(consumedAt)),
    userCode,
    userId,
  };
}
