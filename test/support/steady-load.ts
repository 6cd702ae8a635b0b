/** @module Requests without a pause, over connections that are kept and over one for each, and what became of them. */
import { Agent, request } from 'node:http';

export interface SteadyLoad {
  /** Requests that were answered as they should be. */
  readonly answered: () => number;
  /** What went wrong with the others: the status, or the code of the error. */
  readonly failures: readonly string[];
  /** Resolves once so many more were answered. */
  more(requests: number): Promise<void>;
  /** Lets the requests under way finish. */
  stop(): Promise<void>;
}

export interface SteadyLoadOptions {
  readonly url: string;
  /** A form to send; unset: GET. */
  readonly body?: string;
  readonly keptConnections: number;
  readonly newConnections: number;
}

/** Longer than any answer takes on a busy machine: without one until then, something hangs. */
const HANGS_MS = 20_000;

export function startLoad({ url, body, keptConnections, newConnections }: SteadyLoadOptions): SteadyLoad {
  const failures: string[] = [];
  const waiting = new Set<() => void>();
  let answered = 0;
  let stopped = false;
  const one = (agent: Agent | false) =>
    new Promise<void>((resolve) => {
      const done = (failure?: string) => {
        if (failure === undefined) answered += 1;
        else failures.push(failure);
        for (const look of waiting) look();
        resolve();
      };
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const sent = request(url, { agent, ...(body === undefined ? {} : { method: 'POST', headers }) }, (response) => {
        response.resume();
        response.once('end', () => done(response.statusCode === 200 ? undefined : String(response.statusCode)));
        response.once('error', (error: NodeJS.ErrnoException) => done(error.code));
      });
      sent.setTimeout(HANGS_MS, () => sent.destroy(Object.assign(new Error('no answer'), { code: 'HANGS' })));
      sent.once('error', (error: NodeJS.ErrnoException) => done(error.code));
      sent.end(body);
    });
  const loop = async (agent: Agent | false) => {
    while (!stopped) await one(agent);
    if (agent !== false) agent.destroy();
  };
  const loops = [
    ...Array.from({ length: keptConnections }, () => loop(new Agent({ keepAlive: true, maxSockets: 1 }))),
    ...Array.from({ length: newConnections }, () => loop(false)),
  ];
  return {
    answered: () => answered,
    failures,
    more: (requests) =>
      new Promise((resolve) => {
        const enough = answered + requests;
        const look = () => {
          if (answered < enough) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      }),
    stop: async () => {
      stopped = true;
      await Promise.all(loops);
    },
  };
}
