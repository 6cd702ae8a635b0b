/**
 * @module A mail server for tests: it speaks as much of SMTP (RFC 5321, STARTTLS of RFC 3207) as a client needs, keeps what
 * it is given, and refuses what it is told to refuse.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

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

const der = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(contents);
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};

/** A key, and a certificate for `localhost` that it signed itself (RFC 5280), in PEM. */
function selfSigned(): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const ecdsaWithSha256 = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
  const commonName = der(0x30, der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from('localhost')));
  const name = der(0x30, der(0x31, commonName));
  const validity = der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z')));
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const serial = der(0x02, Buffer.from([1]));
  const toBeSigned = der(0x30, version, serial, ecdsaWithSha256, name, validity, name, publicKey.export({ type: 'spki', format: 'der' }));
  const signature = der(0x03, Buffer.from([0]), sign('sha256', toBeSigned, privateKey));
  const base64 = der(0x30, toBeSigned, ecdsaWithSha256, signature).toString('base64');
  const cert = `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, cert };
}
