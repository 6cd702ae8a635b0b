import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Tells the parent where this server listens, and from then on how much processor time it has used, in microseconds. */
export function ready(server: Server, extra: object = {}): void {
  process.send!({ port: (server.address() as AddressInfo).port, ...extra });
  answerCpu();
}

export function answerCpu(): void {
  process.on('message', (message: { readonly usage?: number }) => {
    if (message.usage === undefined) return;
    const { user, system } = process.cpuUsage();
    process.send!({ usage: message.usage, cpu: user + system, rss: process.memoryUsage.rss() });
  });
}
