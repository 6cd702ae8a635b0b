import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

export interface ConnectionLimits {
  readonly total: number;
  /** Of one caller; undefined behind a proxy, whose address all callers share. */
  readonly perCaller: number | undefined;
  /** Whom an address stands for. */
  readonly callerOf: (address: string) => string;
  readonly onRefused: (limit: 'total' | 'caller') => void;
}

interface Connection {
  /** Answers that are not finished. */
  readonly answering: Set<ServerResponse>;
  requests: number;
}

/** What a connection had done when it was last looked at. */
interface Seen {
  readonly requests: number;
  readonly bytes: number;
}

/** How long a connection must have been silent to be closed while the server drains. */
const SILENCE_MS = 250;

/** How long new connections are taken while the server drains: a balancer that asks every second whether we are ready has heard that we are not. */
const FAREWELL_MS = 3000;

/** The open connections of a server: how many there may be, and how they end when the server stops. */
export class Connections {
  readonly #server: Server;
  readonly #limits: ConnectionLimits;
  readonly #open = new Map<Socket, Connection>();
  /** How many each caller has open. */
  readonly #callers = new Map<string, number>();
  #draining = false;
  #newestAt = -Infinity;

  constructor(server: Server, limits: ConnectionLimits) {
    this.#server = server;
    this.#limits = limits;
    // Not `server.maxConnections`: among several processes Node offers a connection that one refuses to the others, for ever.
    server.prependListener('connection', (socket) => this.#opened(socket));
    server.prependListener('request', (request, response) => this.#asked(request, response));
  }

  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Lets requests under way finish, then closes what is left after so many milliseconds. Every answer from now on says
   * `Connection: close`. A connection without a request is closed once it has been silent for a moment, for its client may
   * be sending the next one right now. New connections are taken until none has come for a moment: the system resets those
   * that it has accepted and we have not, with the requests in them.
   */
  async drain(milliseconds: number): Promise<void> {
    this.#draining = true;
    for (const { answering } of this.#open.values()) for (const response of answering) response.shouldKeepAlive = false;
    const deadline = setTimeout(() => this.#server.closeAllConnections(), milliseconds);
    const farewell = performance.now() + Math.min(FAREWELL_MS, milliseconds);
    let seen = this.#look();
    const sweep = setInterval(() => {
      this.#closeSilent(seen);
      seen = this.#look();
    }, SILENCE_MS);
    for (let now = performance.now(); now < farewell && now < this.#newestAt + SILENCE_MS; now = performance.now()) {
      await delay(this.#newestAt + SILENCE_MS - now);
    }
    // That of http.Server closes idle connections at once.
    await new Promise<void>((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()));
    clearInterval(sweep);
    clearTimeout(deadline);
    // Ends the timer that looks for slow requests.
    this.#server.close();
  }

  #opened(socket: Socket): void {
    const { total, perCaller = Infinity, callerOf, onRefused } = this.#limits;
    const caller = callerOf(socket.remoteAddress ?? '');
    const ofCaller = this.#callers.get(caller) ?? 0;
    if (this.#open.size >= total || ofCaller >= perCaller) {
      onRefused(ofCaller >= perCaller ? 'caller' : 'total');
      socket.destroy();
      return;
    }
    this.#newestAt = performance.now();
    this.#open.set(socket, { answering: new Set(), requests: 0 });
    this.#callers.set(caller, ofCaller + 1);
    socket.once('close', () => {
      this.#open.delete(socket);
      const left = this.#callers.get(caller)! - 1;
      if (left === 0) this.#callers.delete(caller);
      else this.#callers.set(caller, left);
    });
  }

  #asked({ socket }: IncomingMessage, response: ServerResponse): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    connection.requests += 1;
    connection.answering.add(response);
    response.once('close', () => connection.answering.delete(response));
    if (this.#draining) response.shouldKeepAlive = false;
  }

  #look(): ReadonlyMap<Socket, Seen> {
    return new Map([...this.#open].map(([socket, { requests }]) => [socket, { requests, bytes: socket.bytesRead }]));
  }

  #closeSilent(seen: ReadonlyMap<Socket, Seen>): void {
    for (const [socket, { answering, requests }] of this.#open) {
      const before = seen.get(socket);
      if (answering.size === 0 && before?.requests === requests && before.bytes === socket.bytesRead) socket.destroy();
    }
  }
}
