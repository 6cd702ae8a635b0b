// As many argon2id verifications as the hashing threads can do, with nothing around them but HTTP.
import { createServer } from 'node:http';
import { openPasswordHasher } from '../../src/hashing/password-hasher.ts';
import { PASSWORD } from '../world.ts';
import { ready } from './ready.ts';

const hasher = openPasswordHasher({ queueLimit: 1000 });
const hash = await hasher.hash(PASSWORD);
const server = createServer((req, res) => {
  req.resume();
  void hasher.verify(hash, PASSWORD).then((matches) => res.end(String(matches)));
});
server.listen(0, '127.0.0.1', () => ready(server));
process.once('SIGTERM', () => process.exit(0));
