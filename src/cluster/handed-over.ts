import type { ChildProcess } from 'node:child_process';

/** What node:cluster says to a worker, and it back, about a connection: `seq` is answered by `ack`. */
interface HandOver {
  readonly act?: string;
  readonly seq?: number;
  readonly ack?: number;
}

/**
 * Connections on their way to a worker that dies. node:cluster keeps its copy of a connection until the worker has
 * acknowledged it, and for ever when that never comes: the client would wait for an answer that nobody can give. This
 * acknowledges in the place of the dead, so that the copy is closed and the client sees that the connection ended.
 * @returns to be called when the worker has ended
 */
export function watchHandOvers(child: ChildProcess): () => void {
  const underWay = new Set<number>();
  const send = child.send.bind(child) as (...given: unknown[]) => boolean;
  child.send = (message: unknown, ...rest: unknown[]) => {
    const { act, seq } = message as HandOver;
    if (act === 'newconn' && seq !== undefined) underWay.add(seq);
    return send(message, ...rest);
  };
  child.on('internalMessage', ({ ack }: HandOver) => void underWay.delete(ack ?? -1));
  return () => {
    for (const ack of underWay) child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack, accepted: true });
  };
}
