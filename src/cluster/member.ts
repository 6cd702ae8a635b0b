import cluster, { type Worker } from 'node:cluster';
import { watchHandOvers } from './handed-over.ts';
import { ALIVE_MS, isFromWorker, type FromPrimary, type FromWorker } from './messages.ts';

export interface MemberEvents {
  readonly onMessage: (member: Member, message: FromWorker) => void;
  readonly onReady: (member: Member) => void;
  /** It was silent for too long, and is killed. */
  readonly onHung: (member: Member) => void;
}

/** Everything is answered within five seconds: whose event loop stands still for twice as long has failed everybody. */
const MOST_MISSED = 10;

/** One worker process, as the process that started it sees it. */
export class Member {
  readonly id: number;
  readonly pid: number | undefined;
  /** Resolves with how it ended: `SIGKILL`, `code 1`. */
  readonly ended: Promise<string>;
  /** Where it answers, once it does. */
  port: number | undefined;
  /** Why it could not start. */
  reason: string | undefined;
  readonly #worker: Worker;
  /** Signs of life that did not come, in a row. Counted, not timed: who was stopped with its workers does not hold it against them. */
  #missed = 0;

  constructor({ onMessage, onReady, onHung }: MemberEvents) {
    const worker = cluster.fork();
    this.#worker = worker;
    this.id = worker.id;
    this.pid = worker.process.pid;
    worker.on('message', (message: unknown) => {
      if (!isFromWorker(message)) return;
      this.#missed = 0;
      if (message.kind === 'failed') this.reason = message.reason;
      if (message.kind === 'ready') {
        this.port = message.port;
        this.#watch(onHung);
        onReady(this);
      }
      onMessage(this, message);
    });
    const closeHandedOver = watchHandOvers(worker.process);
    this.ended = new Promise((resolve) => {
      let how: string | undefined;
      // Its last words may arrive after the news of its end; the channel closes behind them.
      const settle = () => {
        if (how === undefined || worker.isConnected()) return;
        closeHandedOver();
        resolve(how);
      };
      worker.once('exit', (code: number | null, signal: string | null) => {
        how = signal ?? `code ${code}`;
        settle();
      });
      worker.once('disconnect', settle);
      // What was sent to one that is just ending, or a process that could not be started at all.
      worker.on('error', (error: Error) => worker.process.pid === undefined && resolve(error.message));
    });
  }

  send(message: FromPrimary): void {
    if (this.#worker.isConnected()) this.#worker.send(message);
  }

  #watch(onHung: (member: Member) => void): void {
    const watching = setInterval(() => {
      this.#missed += 1;
      if (this.#missed !== MOST_MISSED) return;
      onHung(this);
      this.#worker.process.kill('SIGKILL');
    }, ALIVE_MS).unref();
    void this.ended.then(() => clearInterval(watching));
  }

  /** Lets it finish what is under way; one that takes longer is killed. @returns whether it ended by itself */
  async drain(milliseconds: number): Promise<boolean> {
    let killed = false;
    this.send({ kind: 'drain' });
    const timer = setTimeout(() => {
      killed = true;
      this.#worker.process.kill('SIGKILL');
    }, milliseconds);
    await this.ended;
    clearTimeout(timer);
    return !killed;
  }
}
