/**
 * @module Copies of artifacts in Redis. Keys: `rolemint:<kind>:{<id>}`, a hash with the artifact; `rolemint:uid:{<kind> <uid>}`
 * and `rolemint:user_code:{…}`, the id; `rolemint:user:{<user>}`, `grant` and `client` likewise, sorted sets of `<kind>:<id>` by
 * expiry. Indexes are written before the artifact: one that names nothing harms nobody, an artifact that no index names could
 * not be removed.
 */
import { MOST_LISTED_ARTIFACTS, type ArtifactKind } from '../../domain/artifact.ts';
import { subjectsOf, type KeptArtifact, type Subject } from '../artifact-values.ts';
import type { RedisClient, RedisConnection } from './connection.ts';
import { defineScripts, type ScriptedClient } from './scripts.ts';

/** An artifact as it is in Redis. */
export interface ArtifactCopy {
  readonly id: string;
  readonly payload: string;
  readonly expiresAt: Date;
  readonly consumedAt: Date | undefined;
  readonly uid: string | undefined;
  readonly userCode: string | undefined;
  readonly subjects: Readonly<Record<Subject, string | undefined>>;
  /** Its place in the order of all that was put and removed. */
  readonly written: string;
}

/** All methods throw when Redis cannot be told or asked. */
export interface ArtifactCopies {
  put(artifact: KeptArtifact, written: string, now: Date): Promise<void>;
  find(kind: ArtifactKind, id: string, now: Date): Promise<ArtifactCopy | undefined>;
  findBy(pointer: 'uid' | 'user_code', kind: ArtifactKind, value: string, now: Date): Promise<ArtifactCopy | undefined>;
  /** Marks it, for one caller; undefined when it is not there, or marked before. */
  consume(kind: ArtifactKind, id: string, now: Date): Promise<ArtifactCopy | undefined>;
  /** When the removed one would have expired; undefined: there was none. */
  remove(kind: ArtifactKind, id: string): Promise<Date | undefined>;
  /** Removes those that the index names. When the last of them would have expired; undefined: there were none. */
  removeAll(subject: Subject, id: string): Promise<Date | undefined>;
  list(kind: ArtifactKind, userId: string, now: Date): Promise<readonly ArtifactCopy[]>;
}

const FIELDS = ['payload', 'expires_at', 'consumed_at', 'written', 'uid', 'user_code', 'grant', 'user', 'client'] as const;
/** Members of an index at a time. */
const PAGE = 500;

const artifactKey = (kind: string, id: string) => `rolemint:${kind}:{${id}}`;
const pointerKey = (pointer: string, kind: string, value: string) => `rolemint:${pointer}:{${kind} ${value}}`;
const indexKey = (subject: Subject, id: string) => `rolemint:${subject}:{${id}}`;

export function redisArtifacts(redis: RedisConnection): ArtifactCopies {
  defineScripts(redis.client);
  const ask = <T>(work: (client: RedisClient & ScriptedClient) => Promise<T>) => redis.ask((client) => work(client as RedisClient & ScriptedClient));
  const find = async (kind: ArtifactKind, id: string, now: Date) => {
    const copy = copyOf(id, await ask((client) => client.hmget(artifactKey(kind, id), ...FIELDS)));
    return copy !== undefined && copy.expiresAt > now ? copy : undefined;
  };
  return {
    put: async (artifact, written, now) => {
      const { kind, id, uid, userCode, expiresAt } = artifact;
      const life = expiresAt.getTime() - now.getTime();
      if (life > 0) {
        await ask((client) =>
          Promise.all([
            ...given({ uid, user_code: userCode }).map(([pointer, value]) => client.set(pointerKey(pointer, kind, value), id, 'PX', life)),
            ...given(subjectsOf(artifact)).map(([subject, value]) =>
              client.indexArtifact(indexKey(subject, value), now.getTime(), life, expiresAt.getTime(), `${kind}:${id}`),
            ),
          ]),
        );
      }
      const fields = Object.entries(fieldsOf(artifact, written)).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
      await ask((client) => client.putArtifact(artifactKey(kind, id), now.getTime(), life, ...fields));
    },
    find,
    findBy: async (pointer, kind, value, now) => {
      const id = await ask((client) => client.get(pointerKey(pointer, kind, value)));
      const copy = id === null ? undefined : await find(kind, id, now);
      // The artifact may have been replaced by one with another value since.
      return copy !== undefined && (pointer === 'uid' ? copy.uid : copy.userCode) === value ? copy : undefined;
    },
    consume: async (kind, id, now) => {
      const values = await ask((client) => client.consumeArtifact(artifactKey(kind, id), now.getTime(), ...FIELDS));
      return values === null ? undefined : copyOf(id, values);
    },
    remove: async (kind, id) => {
      const expiresAt = await ask((client) => client.removeArtifact(artifactKey(kind, id)));
      return expiresAt === null ? undefined : new Date(Number(expiresAt));
    },
    removeAll: async (subject, id) => {
      const [, last] = await ask((client) => client.zrange(indexKey(subject, id), 0, '0', 'REV', 'WITHSCORES'));
      for (let start = 0; last !== undefined; start += PAGE) {
        // From the end: at the beginning expired ones go meanwhile.
        const members = await ask((client) => client.zrange(indexKey(subject, id), start, String(start + PAGE - 1), 'REV'));
        await ask((client) => Promise.all(members.map((member) => client.removeArtifactIf(`rolemint:${keyOf(member)}`, subject, id))));
        if (members.length < PAGE) break;
      }
      return last === undefined ? undefined : new Date(Number(last));
    },
    list: async (kind, userId, now) => {
      const copies: ArtifactCopy[] = [];
      for (let start = 0; copies.length < MOST_LISTED_ARTIFACTS; start += PAGE) {
        const members = await ask((client) =>
          client.zrange(indexKey('user', userId), '+inf', `(${now.getTime()}`, 'BYSCORE', 'REV', 'LIMIT', start, PAGE),
        );
        const ids = members.filter((member) => member.startsWith(`${kind}:`)).map((member) => member.slice(kind.length + 1));
        const found = await Promise.all(ids.map((id) => find(kind, id, now)));
        copies.push(...found.filter((copy): copy is ArtifactCopy => copy?.subjects.user === userId));
        if (members.length < PAGE) break;
      }
      return copies;
    },
  };
}

/** `<kind>:<id>` of an index as what follows `rolemint:` in the key. */
function keyOf(member: string): string {
  const colon = member.indexOf(':');
  return `${member.slice(0, colon)}:{${member.slice(colon + 1)}}`;
}

/** Those that there are. */
function given<Name extends string>(members: Readonly<Record<Name, string | undefined>>): [Name, string][] {
  return Object.entries(members).filter((one): one is [Name, string] => one[1] !== undefined);
}

function fieldsOf(artifact: KeptArtifact, written: string): Partial<Record<(typeof FIELDS)[number], string | number | undefined>> {
  const { payload, expiresAt, uid, userCode, grantId, userId, clientId } = artifact;
  return { payload, expires_at: expiresAt.getTime(), written, uid, user_code: userCode, grant: grantId, user: userId, client: clientId };
}

function copyOf(id: string, values: readonly (string | null)[]): ArtifactCopy | undefined {
  const [payload, expiresAt, consumedAt, written, uid, userCode, grant, user, client] = values.map((value) => value ?? undefined);
  if (payload === undefined || expiresAt === undefined || written === undefined) return undefined;
  return {
    id,
    payload,
    expiresAt: new Date(Number(expiresAt)),
    consumedAt: consumedAt === undefined ? undefined : new Date(Number(consumedAt)),
    uid,
    userCode,
    subjects: { grant, user, client },
    written,
  };
}
