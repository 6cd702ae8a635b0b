/**
 * @module How commands reach a running server that has the embedded database open, which only one process can.
 *
 * The server listens on a Unix socket in its data folder: 0600 in a folder 0700, so whoever can connect could open the
 * database itself, and nothing more is asked. A connection carries one operation, by name and with plain values, and one
 * answer; a long text comes before it, in pieces. Each is one line of JSON. No command line, environment, path or file travels: the command reads its files, secrets and the environment
 * variables that workspace files name itself, as the one who runs it, and sends what they hold.
 */
import { chmod, mkdir, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import path from 'node:path';
import type { App } from '../app.ts';
import { DomainError, type ErrorCode } from '../domain/errors.ts';
import type { AnyOperation } from './operation.ts';

interface Request {
  readonly version: string;
  readonly operation: string;
  readonly operator: string;
  readonly parameters: unknown;
}

type Answer = { readonly result: unknown } | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/** A piece of the text that an operation writes before its answer. */
interface Piece {
  readonly text: string;
}

export type TakePiece = (text: string) => Promise<void>;

export interface OperatorSocketOptions {
  readonly dataDir: string;
  readonly version: string;
  readonly app: App;
  readonly operations: ReadonlyMap<string, AnyOperation>;
}

const SOCKET = 'operator.sock';
/** What the kernel takes for the path of a socket, everywhere. */
const LONGEST_PATH = 103;
const LARGEST_MESSAGE = 64 * 1024 * 1024;
const REQUEST_TIMEOUT = 30_000;
/** An apply that hashes thousands of passwords takes minutes. */
const ANSWER_TIMEOUT = 15 * 60_000;
const MOST_CONNECTIONS = 16;

/** Whichever way of naming it fits into what the kernel takes; undefined when none does. */
function socketPath(dataDir: string): string | undefined {
  const absolute = path.resolve(dataDir, SOCKET);
  return [absolute, path.relative(process.cwd(), absolute)].find((name) => Buffer.byteLength(name) <= LONGEST_PATH);
}

/**
 * Lets commands work while the server runs. Call it only by the process that holds the database: what lies under the
 * socket's name then belongs to a dead one, and is removed.
 * @returns stops it, after the operations under way
 */
export async function openOperatorSocket(options: OperatorSocketOptions): Promise<() => Promise<void>> {
  const { dataDir, app } = options;
  const name = socketPath(dataDir);
  if (name === undefined) {
    app.log.warn({
      event: 'operator_socket_unavailable',
      reason: `the path of ${dataDir} is too long for a socket: commands need the server stopped`,
    });
    return async () => {};
  }
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await chmod(dataDir, 0o700);
  await unlink(name).catch(ignoreAbsent);
  const reading = new Set<Socket>();
  const running = new Set<Promise<void>>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    reading.add(socket);
    const done = serve(socket, options, () => reading.delete(socket)).finally(() => running.delete(done));
    running.add(done);
  });
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(name, resolve));
  await chmod(name, 0o600);
  server.on('error', (err) => app.log.error({ event: 'operator_socket_failed', err }));
  return async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of reading) socket.destroy();
    await Promise.all(running);
    await closed;
    await unlink(name).catch(ignoreAbsent);
  };
}

async function serve(socket: Socket, options: OperatorSocketOptions, onRead: () => void): Promise<void> {
  socket.on('error', () => socket.destroy());
  socket.setTimeout(REQUEST_TIMEOUT, () => socket.destroy());
  const text = await readAll(socket).catch(() => undefined);
  onRead();
  if (text === undefined) return void socket.destroy();
  socket.setTimeout(0);
  const answer = await answerTo(text, options, (piece) => send(socket, { text: piece }));
  if (socket.destroyed) return;
  await new Promise<void>((resolve) => {
    socket.setTimeout(REQUEST_TIMEOUT, () => socket.destroy());
    socket.once('close', () => resolve());
    socket.end(JSON.stringify(answer));
  });
}

/** Resolves when the other side has room for more. @throws `unavailable` when it went away */
async function send(socket: Socket, piece: Piece): Promise<void> {
  if (socket.destroyed) throw gone();
  if (socket.write(`${JSON.stringify(piece)}\n`)) return;
  await new Promise<void>((resolve, reject) => {
    const closed = () => reject(gone());
    socket.once('close', closed);
    socket.once('drain', () => {
      socket.off('close', closed);
      resolve();
    });
  });
}

const gone = (): DomainError => new DomainError('unavailable', 'The command went away.');

async function answerTo(text: string, { app, version, operations }: OperatorSocketOptions, take: TakePiece): Promise<Answer> {
  try {
    const request = JSON.parse(text) as Request;
    if (request.version !== version) {
      throw new DomainError(
        'stale_version',
        `The running server is rolemint ${version}, this command is ${request.version}: restart the server first.`,
      );
    }
    const operation = operations.get(request.operation);
    if (operation === undefined) throw new DomainError('invalid_input', 'The running server does not know this command.');
    const context = { app, actor: { kind: 'operator', id: request.operator } as const };
    if ('perform' in operation) return { result: await operation.perform(context, request.parameters as never) };
    await operation.write(context, request.parameters as never, take);
    return { result: null };
  } catch (error) {
    if (error instanceof DomainError) return { error: { code: error.code, message: error.message } };
    app.log.error({ event: 'operation_failed', err: error });
    return { error: { code: 'internal', message: 'Something went wrong in the running server; its log says what.' } };
  }
}

/**
 * What a server that has the database open answered; undefined when none runs.
 * @param take gets the pieces of a text that come before
 */
export async function askRunningServer(dataDir: string, request: Request, take?: TakePiece): Promise<{ readonly result: unknown } | undefined> {
  const name = socketPath(dataDir);
  const socket = name === undefined ? undefined : await connect(name);
  if (socket === undefined) return undefined;
  socket.setTimeout(ANSWER_TIMEOUT, () => socket.destroy());
  socket.end(JSON.stringify(request));
  let last = '';
  try {
    for await (const line of linesFrom(socket)) {
      if (last !== '') await take?.((JSON.parse(last) as Piece).text);
      last = line;
    }
  } catch (error) {
    if (error instanceof DomainError) throw error;
    last = '';
  } finally {
    socket.destroy();
  }
  const answer = last === '' ? undefined : (JSON.parse(last) as Answer | Piece);
  if (answer === undefined || 'text' in answer)
    throw new DomainError('unavailable', 'The running server went away before it answered; whether it did what was asked is not known.');
  if ('error' in answer) throw new DomainError(answer.error.code, answer.error.message);
  return answer;
}

async function* linesFrom(socket: Socket): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let open = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    const [first, ...more] = decoder.decode(chunk, { stream: true }).split('\n');
    open += first!;
    for (const part of more) {
      yield open;
      open = part;
    }
    if (open.length > LARGEST_MESSAGE) throw new DomainError('invalid_input', 'The message is too large.');
  }
  if (open !== '') yield open;
}

/** undefined: there is no socket, or nobody listens on it. */
async function connect(name: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path: name, allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') resolve(undefined);
      else
        reject(
          new DomainError('unavailable', `The running server cannot be reached through ${name} (${error.code ?? 'unknown reason'}).`, {
            cause: error,
          }),
        );
    });
  });
}

async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > LARGEST_MESSAGE) {
        socket.destroy();
        reject(new DomainError('invalid_input', 'The message is too large.'));
      } else {
        chunks.push(chunk);
      }
    });
    socket.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.once('close', () => reject(new DomainError('unavailable', 'The connection was lost.')));
    socket.once('error', reject);
  });
}

function ignoreAbsent(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
