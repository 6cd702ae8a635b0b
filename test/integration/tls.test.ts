import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseRedisAddress } from '../../src/storage/redis/address.ts';
import { probeRedis } from '../../src/storage/redis/probe.ts';
import { probePostgres } from '../../src/storage/postgres/probe.ts';
import { openPostgresStore } from '../../src/storage/postgres/store.ts';
import { expectRefusal } from '../contract/samples.ts';
import { selfSigned } from '../support/certificate.ts';
import { openMarket } from '../support/market.ts';
import { administer, freePort, startPostgres, unprivileged, type Postgres } from '../support/postgres.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { startServer } from '../support/server.ts';
import { describePostgres, describeRedis } from '../support/stores.ts';

const DISTRUSTED = 'The certificate of the database is not to be trusted: look at its host name, and at sslrootcert in its URL.';

let folder: string;
let redis: RedisServer;
let redisUrl: string;
let postgres: Postgres;
const own = selfSigned();
const other = selfSigned();

/** In a file that a server which is somebody else can read, and nobody besides. */
function file(name: string, content: string): string {
  const at = path.join(folder, name);
  writeFileSync(at, content, { mode: 0o600 });
  const owner = unprivileged();
  if (owner !== undefined) chownSync(at, owner.uid, owner.gid);
  return at;
}

/** The database by TLS. */
function databaseUrl(host: string, trusted: string): string {
  const url = new URL(postgres.url);
  url.hostname = host;
  url.search = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: trusted }).toString();
  return url.href;
}

describePostgres('by TLS, with certificates that an authority of ours signed', () => {
  describeRedis('Postgres and Redis', (program) => {
    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'rolemint-tls-'));
      const owner = unprivileged();
      if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
      const [key, cert] = [file('key.pem', own.key), file('cert.pem', own.cert)];
      file('other.pem', other.cert);
      const port = await freePort();
      redis = await startRedis(program, { 'tls-port': String(port), 'tls-cert-file': cert, 'tls-key-file': key, 'tls-auth-clients': 'no' });
      redisUrl = `rediss://localhost:${port}`;
      postgres = (await startPostgres({ ssl: 'on', ssl_cert_file: cert, ssl_key_file: key }))!;
    });
    afterAll(async () => {
      await postgres.stop();
      await redis.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('are used by all connections of a server, that which listens among them', async () => {
      const env = {
        ROLEMINT_DATABASE_URL: databaseUrl('localhost', path.join(folder, 'cert.pem')),
        ROLEMINT_REDIS_URL: redisUrl,
        ROLEMINT_REDIS_CA: own.cert,
      };
      const server = await startServer({ env });
      try {
        await openMarket(server.app);
        await server.app.store.artifacts.put({ kind: 'authorization_code', id: 'code', payload: {}, expiresAt: new Date(Date.now() + 3_600_000) });
        expect(await redis.keys()).toEqual(['rolemint:authorization_code:{code}']);
        expect(server.log.text()).not.toContain('redis_down');
        const connections = `SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'rolemint'`;
        expect(await administer(postgres.url, connections)).toEqual([{ ssl: true }]);
      } finally {
        await server.close();
      }
    });

    it.each([
      ['of another authority', 'localhost', 'other.pem'],
      ['for another host', '127.0.0.1', 'cert.pem'],
    ])('Postgres with a certificate %s is refused in a sentence', async (_, host, trusted) => {
      const url = databaseUrl(host, path.join(folder, trusted));
      await expectRefusal(openPostgresStore({ url, migrate: true }), 'unavailable', DISTRUSTED);
      await expectRefusal(probePostgres(url), 'unavailable', DISTRUSTED);
    });

    describe('Redis', () => {
      const probe = (url: string, ca: string | undefined) => probeRedis({ address: parseRedisAddress('single', url)!, ca });

      it.each([
        ['of another authority', 'DEPTH_ZERO_SELF_SIGNED_CERT', other.cert],
        ['of nobody that Node.js knows', 'DEPTH_ZERO_SELF_SIGNED_CERT', undefined],
      ])('with a certificate %s is refused', async (_, code, ca) => {
        await expect(probe(redisUrl, ca)).rejects.toMatchObject({ code });
      });

      it('with a certificate for another host is refused', async () => {
        await expect(probe(redisUrl.replace('localhost', '127.0.0.1'), own.cert)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
      });
    });
  });
});
