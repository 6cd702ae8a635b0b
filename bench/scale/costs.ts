/** @module What the simulation takes for granted. Times are in microseconds. */

/** A request of one kind, with Redis. */
export interface Kind {
  readonly name: string;
  /** Of all requests. */
  readonly share: number;
  /** Password hashes that it waits for. */
  readonly hashes: number;
  readonly reads: number;
  readonly writes: number;
  readonly commands: number;
}

/** Rounded from bench/README.md where they are measured there; the others are guesses, on the high side. */
export const ASSUMED = {
  /** Of the thread that runs JavaScript: for a request, and for each statement or command in it. */
  request: 350,
  each: 80,
  /** Of a hashing thread; a process has so many. */
  hash: 24_000,
  hashThreads: 4,
  /** Of a core of Postgres, prepared and by an index. */
  read: 60,
  write: 150,
  /** Until a commit is on the disk; many commits wait together. */
  commit: 1500,
  /** Of the thread of a Redis. */
  command: 10,
  /** From a process to Postgres or Redis and back. */
  roundTrip: 300,
  /** Between the polls of a process that issues tokens. */
  poll: 250_000,
} as const;

/** What a marketplace asks for: programs mostly, and people who signed in this morning. Names are those of docs/scale.md. */
const SHARES: Readonly<Record<string, readonly [share: number, hashes: number]>> = {
  '`client_credentials`': [0.4, 0],
  '`password`, with a refresh token': [0.01, 1],
  '`refresh_token`': [0.2, 0],
  'sign-in on the page, up to the code': [0.01, 1],
  'the same, signed in already': [0.04, 0],
  '`authorization_code`, with a refresh token': [0.05, 0],
  userinfo: [0.04, 0],
  introspection: [0.2, 0],
  'keys, discovery': [0.05, 0],
};

/** The kinds with what was counted of each on the real server. @throws when the table of docs/scale.md names others */
export function kindsOf(document: string): readonly Kind[] {
  const table = /<!-- counted -->\n\n.*\n.*\n((?:\|.*\n)+)/.exec(document)?.[1] ?? '';
  const rows = table.trimEnd().split('\n');
  const kinds = rows.map((row) => {
    const [name = '', , , reads, writes, commands] = row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    const [share, hashes] = SHARES[name] ?? [];
    if (share === undefined || hashes === undefined) throw new Error(`No share of the requests is known for ${name}.`);
    return { name, share, hashes, reads: Number(reads), writes: Number(writes), commands: Number(commands) };
  });
  const sum = kinds.reduce((total, { share }) => total + share, 0);
  if (Math.abs(sum - 1) > 1e-9) throw new Error(`The shares of all requests are ${sum} together.`);
  return kinds;
}
