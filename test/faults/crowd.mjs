// Holds connections open from many addresses of the loopback interface, and opens each anew that the server closes.
// Arguments: port, addresses, connections of each.
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const [port, addresses, each] = process.argv.slice(2).map(Number);
const HEAD = 'POST /oauth/token HTTP/1.1\r\nHost: localhost:3000\r\nContent-Type: application/x-www-form-urlencoded\r\n';
/** Six of eight are idle after one request, one stops in the headers, one in the body. */
const ONCE = 'GET /healthz HTTP/1.1\r\nHost: localhost:3000\r\n\r\n';
const SAID = [ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, HEAD, `${HEAD}Content-Length: 1000\r\n\r\ngrant_type=`];
const AGAIN_MS = 500;

function hold(localAddress, said) {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  socket.on('data', () => undefined);
  socket.once('connect', () => socket.write(said));
  socket.once('close', () => setTimeout(hold, AGAIN_MS, localAddress, said));
}

for (let number = 0; number < each; number += 1) {
  for (let address = 0; address < addresses; address += 1) hold(`127.0.1.${address + 1}`, SAID[number % SAID.length]);
  // No more at once than the system lets wait to be accepted.
  if (number % 20 === 0) await pause(25);
}
