/** @module A TCP proxy that fails on command, for putting between a store and its server. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/**
 * - `blackhole`: connections stay open, new ones are accepted, what is sent is gone.
 * - `partition`: the same, but what is sent arrives once it is over, as TCP does it.
 * - `deaf`: what is asked arrives, what is answered is gone.
 * - `refuse`: all connections are reset.
 */
export type ProxyMode = 'pass' | 'blackhole' | 'partition' | 'deaf' | 'refuse';

export interface TcpProxy {
  readonly port: number;
  mode(mode: ProxyMode): void;
  /** What passes from now on arrives so many milliseconds later. */
  delay(milliseconds: number): void;
  /** Resets each connection once so many more bytes were answered on it. */
  cutAfter(bytes: number): void;
  /** Resets the connections that are open; new ones are accepted. */
  resetAll(): void;
  /** Connections that were accepted so far. */
  readonly accepted: number;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  let current: ProxyMode = 'pass';
  let accepted = 0;
  let delayed = 0;
  let allowance = Infinity;
  const sockets = new Set<Socket>();
  const resetAll = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const track = (socket: Socket, other: () => Socket, answers: boolean) => {
    sockets.add(socket);
    let left = Infinity;
    const pass = (chunk: Buffer) => {
      if (!answers || allowance === Infinity) return void other().write(chunk);
      left = Math.min(left, allowance);
      other().write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) other().end(() => other().resetAndDestroy());
    };
    socket.on('data', (chunk) => {
      if (current === 'blackhole' || current === 'refuse' || (current === 'deaf' && answers)) return;
      if (delayed === 0) pass(chunk);
      else setTimeout(() => pass(chunk), delayed);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      other().destroy();
    });
    if (current === 'partition') socket.pause();
  };
  const server = createServer((inside) => {
    accepted += 1;
    if (current === 'refuse') {
      inside.resetAndDestroy();
      return;
    }
    const outside = connect(target);
    track(inside, () => outside, false);
    track(outside, () => inside, true);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mode(mode) {
      current = mode;
      for (const socket of sockets) {
        if (mode === 'partition') socket.pause();
        else socket.resume();
      }
      if (mode === 'refuse') resetAll();
    },
    delay(milliseconds) {
      delayed = milliseconds;
    },
    cutAfter(bytes) {
      allowance = bytes;
    },
    resetAll,
    get accepted() {
      return accepted;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
