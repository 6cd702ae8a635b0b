/** How passwords and secrets get in: from a prompt without echo or from standard input, never from the command line. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { DomainError } from '../domain/errors.ts';
import type { CliContext } from './context.ts';

const LONGEST_INPUT = 64 * 1024;

/** The lines of standard input, as many as secrets are expected; a final line break belongs to none. */
export async function linesOfStdin({ io }: CliContext, count: number): Promise<readonly string[]> {
  const text = await textOfStdin(io.stdin);
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  if (text === '' || lines.length !== count) {
    const expected = count === 1 ? 'one line' : `${count} lines`;
    throw new DomainError('invalid_input', `Standard input must have ${expected}, not ${text === '' ? 'none' : lines.length}.`);
  }
  return lines;
}

export async function textOfStdin(stdin: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > LONGEST_INPUT) throw new DomainError('invalid_input', 'Standard input is too long.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Asks a person at the terminal, without echo. */
export async function prompt({ io }: CliContext, question: string, instead: string): Promise<string> {
  if (io.stdin.isTTY !== true) throw new DomainError('invalid_input', `There is no terminal to ask at: ${instead}`);
  io.stderr.write(`${question}: `);
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: io.stdin, output: mute, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('SIGINT', () => reject(new DomainError('invalid_input', 'Nothing was done.')));
      lines.once('close', () => reject(new DomainError('invalid_input', 'Nothing was typed.')));
    });
  } finally {
    lines.close();
    io.stderr.write('\n');
  }
}

/** Asks for a new password twice. */
export async function promptNewPassword(context: CliContext, instead: string): Promise<string> {
  const password = await prompt(context, 'New password', instead);
  if ((await prompt(context, 'The same again', instead)) !== password) throw new DomainError('invalid_input', 'The two passwords are not the same.');
  return password;
}
