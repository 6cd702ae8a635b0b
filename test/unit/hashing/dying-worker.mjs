// Stands in for the hashing thread: ends the way the password says, or answers with it.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ password }) => {
  if (password === 'exit') process.exit(3);
  if (password === 'throw') throw new Error('out of luck');
  if (password === 'never') return;
  parentPort.postMessage({ result: `hash of ${password}`, milliseconds: 1 });
});
