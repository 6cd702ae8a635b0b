// The floor: node:http, a form, a hashed secret, one ES256 signature. No framework, no store.
import { createHash, generateKeyPairSync, randomUUID, sign, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { ready } from './ready.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const digest = (secret: string) => createHash('sha256').update(secret).digest();
const expected = digest('bench-secret');
const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' })).toString('base64url');

function token(clientId: string, scope: string): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'https://bench.example',
    aud: 'https://bench.example',
    sub: clientId,
    client_id: clientId,
    jti: randomUUID(),
    iat,
    exp: iat + 600,
    scope,
    roles: scope.split(' '),
  };
  const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const server = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    if (!timingSafeEqual(digest(form.get('client_secret') ?? ''), expected)) {
      res.writeHead(401).end();
      return;
    }
    const scope = form.get('scope') ?? '';
    res.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    res.end(JSON.stringify({ access_token: token(form.get('client_id') ?? '', scope), token_type: 'Bearer', expires_in: 600, scope }));
  });
});
server.listen(0, '127.0.0.1', () => ready(server));
