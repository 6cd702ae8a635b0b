/** @module A TCP proxy that fails on command, for putting between a store and its server. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** `blackhole`: connections stay open, new ones are accepted, nothing passes. `refuse`: all connections are reset. */
  mode(mode: 'pass' | 'blackhole' | 'refuse'): void;
  /** What passes from now on arrives so many milliseconds later. */
  delay(milliseconds: number): void;
  /** Connections that were accepted so far. */
  readonly accepted: number;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  let current: 'pass' | 'blackhole' | 'refuse' = 'pass';
  let accepted = 0;
  let delayed = 0;
  const sockets = new Set<Socket>();
  const track = (socket: Socket, other: () => Socket) => {
    sockets.add(socket);
    socket.on('data', (chunk) => {
      if (current !== 'pass') return;
      if (delayed === 0) other().write(chunk);
      else setTimeout(() => other().write(chunk), delayed);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      other().destroy();
    });
  };
  const server = createServer((inside) => {
    accepted += 1;
    if (current === 'refuse') {
      inside.resetAndDestroy();
      return;
    }
    const outside = connect(target);
    track(inside, () => outside);
    track(outside, () => inside);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mode(mode) {
      current = mode;
      if (mode === 'refuse') for (const socket of sockets) socket.resetAndDestroy();
    },
    delay(milliseconds) {
      delayed = milliseconds;
    },
    get accepted() {
      return accepted;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
