/** @module Nodes on one database, each behind a line of its own that can fail. */
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { dropDatabase } from '../support/postgres.ts';
import { startServerProcess, type ServerOptions, type ServerProcess } from './server-process.ts';
import { copyOf, type World } from './world.ts';

export interface Cluster {
  readonly world: World;
  /** Of the database itself, past all lines. */
  readonly databaseUrl: string;
  readonly nodes: readonly ServerProcess[];
  /** One for each node, between it and the database. */
  readonly lines: readonly TcpProxy[];
  readonly urls: () => readonly string[];
  close(): Promise<void>;
}

export async function startCluster(
  world: World,
  size: number,
  options: Omit<ServerOptions, 'folder' | 'keysDir' | 'databaseUrl'> = {},
): Promise<Cluster> {
  const databaseUrl = await copyOf(world);
  const { hostname, port } = new URL(databaseUrl);
  const lines = await Promise.all(Array.from({ length: size }, () => startTcpProxy({ host: hostname, port: Number(port) })));
  const { folder, keysDir } = world;
  const nodes = await Promise.all(lines.map((line) => startServerProcess({ folder, keysDir, databaseUrl: through(line, databaseUrl), ...options })));
  return {
    world,
    databaseUrl,
    nodes,
    lines,
    urls: () => nodes.map(({ url }) => url),
    close: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      await Promise.all(lines.map((line) => line.close()));
      await dropDatabase(databaseUrl);
    },
  };
}

/** The same database, through a line. */
export function through(line: TcpProxy, databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.port = String(line.port);
  return url.href;
}
