// A command that hashes once and does not close the pool: it must end by itself.
import { openPasswordHasher } from '../../../src/hashing/password-hasher.ts';

const hasher = openPasswordHasher({ threads: 2 });
const hash = await hasher.hash('correct horse battery staple');
console.log(await hasher.verify(hash, 'correct horse battery staple'), hasher.stats().threads);
