/**
 * @module A mail server for tests: it speaks as much of SMTP (RFC 5321, STARTTLS of RFC 3207) as a client needs, keeps what
 * it is given, and refuses what it is told to refuse.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { selfSigned } from './certificate.ts';

export interface SmtpServerOptions {
  /** Offers STARTTLS, with a certificate that nobody has a reason to trust. */
  readonly tls?: boolean;
  /** Answers to the first messages, one each, instead of accepting them. */
  readonly refusals?: string[];
}

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly data: string;
  readonly encrypted: boolean;
  /** As the client gave it: `AUTH PLAIN …`. */
  readonly auth: string | undefined;
}

export interface SmtpServer {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Every command that came in, in clear or not. */
  readonly commands: readonly string[];
  close(): Promise<void>;
}

export async function startSmtpServer({ tls = false, refusals = [] }: SmtpServerOptions = {}): Promise<SmtpServer> {
  const mails: ReceivedMail[] = [];
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.write('220 test ESMTP\r\n');
    converse(socket, { tls, refusals, mails, commands, encrypted: false });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    commands,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Conversation {
  readonly tls: boolean;
  readonly refusals: string[];
  readonly mails: ReceivedMail[];
  readonly commands: string[];
  readonly encrypted: boolean;
}

function converse(socket: Socket, conversation: Conversation): void {
  const { tls, refusals, mails, commands, encrypted } = conversation;
  let buffer = '';
  let receiving = false;
  let auth: string | undefined;
  let from = '';
  let to: string[] = [];
  const say = (line: string) => void socket.write(`${line}\r\n`);
  const answer = (line: string): void => {
    commands.push(line);
    const verb = line.split(/[ :]/, 1)[0]!.toUpperCase();
    const address = /<(.*)>/.exec(line)?.[1] ?? '';
    if (verb === 'EHLO') say(['250-test', ...(tls && !encrypted ? ['250-STARTTLS'] : []), '250 AUTH PLAIN'].join('\r\n'));
    else if (verb === 'STARTTLS' && tls && !encrypted) upgrade();
    else if (verb === 'AUTH') {
      auth = line;
      say('235 welcome');
    } else if (verb === 'MAIL') {
      from = address;
      to = [];
      say('250 ok');
    } else if (verb === 'RCPT') {
      to.push(address);
      say('250 ok');
    } else if (verb === 'DATA') {
      receiving = true;
      say('354 go on');
    } else if (verb === 'QUIT') socket.end('221 bye\r\n');
    else say(verb === 'STARTTLS' ? '502 not here' : '250 ok');
  };
  const upgrade = (): void => {
    say('220 go ahead');
    socket.removeAllListeners('data');
    const secured = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(selfSigned()) });
    secured.on('error', () => socket.destroy());
    converse(secured, { ...conversation, encrypted: true });
  };
  socket.on('data', (chunk: Buffer) => {
    buffer += chunk.toString();
    for (;;) {
      const end = buffer.indexOf(receiving ? '\r\n.\r\n' : '\r\n');
      if (end < 0) return;
      const piece = buffer.slice(0, end);
      buffer = buffer.slice(end + (receiving ? 5 : 2));
      if (!receiving) {
        answer(piece);
        continue;
      }
      receiving = false;
      const refusal = refusals.shift();
      if (refusal === undefined) mails.push({ from, to, data: piece, encrypted, auth });
      say(refusal ?? '250 2.0.0 queued');
    }
  });
}
