import { describe, expect, it } from '@jest/globals';
import { filesBelow, readSource, SOURCES, type SourceFile } from './source.ts';

/** Where something stands in code: `file:line: what`. */
function occurrences(sources: readonly SourceFile[], pattern: RegExp): string[] {
  return sources.flatMap((source) =>
    source.code.split('\n').flatMap((line, index) => [...line.matchAll(pattern)].map(([found]) => `${source.path}:${index + 1}: ${found}`)),
  );
}

const ENVIRONMENT = /\bprocess\s*(?:\.|\?\.|\[)\s*(?:env\b|['"])/g;
const TIME_OF_DAY = /\bDate\s*\.\s*now\b|\bnew\s+Date\s*(?:\(\s*\)|;)|(?<!new\s)\bDate\(\s*\)/g;
const STOPWATCH = /\bperformance\s*\.\s*(?:now|timeOrigin)\b|\bprocess\s*\.\s*(?:hrtime|uptime)\b/g;
const RANDOM = /\bMath\s*\.\s*random\b|\brandom(?:UUID|Bytes|Int|FillSync|Fill)\b\s*\(|\bgetRandomValues\b|\buuidv[47]\b(?!\s*\})/g;
const ANY = /(?:[:<,|&[(=]|\bas)\s*any\b(?!\s*[(:.])|\bany\s*\[\]/g;

const without = (found: readonly string[], allowed: Readonly<Record<string, string>>): string[] =>
  found.filter((one) => !Object.keys(allowed).some((file) => one.startsWith(`${file}:`)));
const unneeded = (found: readonly string[], allowed: Readonly<Record<string, string>>): string[] =>
  Object.keys(allowed).filter((file) => !found.some((one) => one.startsWith(`${file}:`)));

describe('the environment', () => {
  it('is read by src/config.ts only', () => {
    const reads = occurrences(SOURCES, ENVIRONMENT);
    expect(reads.filter((one) => !one.startsWith('src/config.ts:'))).toEqual([]);
    expect(reads).not.toEqual([]);
    expect(SOURCES.filter(({ imports }) => imports.includes('node:process')).map((source) => source.path)).toEqual([]);
  });
});

describe('the time of day', () => {
  const ALLOWED = {
    'src/app.ts': 'makes the clock that everything else is given',
    'src/sdk/clock.ts': 'the clock of an API that is not ours: it runs without the server',
    'src/storage/options.ts': 'the clock of a store that is used without the server, in tools and tests of the contract',
  };
  const found = occurrences(SOURCES, TIME_OF_DAY);

  it('comes from the clock port', () => {
    expect(without(found, ALLOWED)).toEqual([]);
  });

  it('has no exception that is not needed', () => {
    expect(unneeded(found, ALLOWED)).toEqual([]);
  });
});

describe('stopwatches', () => {
  const ALLOWED = {
    'src/http/connections.ts': 'when connections have stopped coming to a server that stops',
    'src/http/server.ts': 'how long an answer took, for the log and the metrics',
    'src/telemetry/measured-store.ts': 'how long a store took, for the metrics',
    'src/storage/files/lock-file.ts': 'tells two lock files of one process apart',
    'src/storage/files/signing-keys.ts': 'names a draft file that no other write uses',
    'src/storage/postgres/data-directory.ts': 'when this process began and how long it runs, by which the lock on the data directory is judged',
  };
  const found = occurrences(SOURCES, STOPWATCH);

  it('stand where durations are reported, never in a decision', () => {
    expect(without(found, ALLOWED)).toEqual([]);
  });

  it('have no exception that is not needed', () => {
    expect(unneeded(found, ALLOWED)).toEqual([]);
  });
});

describe('random values', () => {
  const ALLOWED = {
    'src/app.ts': 'makes the source of random values that everything else is given',
    'src/hashing/password-hasher.ts': 'the password of the decoy hash, which nobody knows',
    'src/storage/postgres/data-directory.ts': 'tells the owners of the lock on the data directory apart',
    'src/services/client-authentication.ts': 'a key that lives in memory only, for remembering secrets that were right',
  };
  const found = occurrences(SOURCES, RANDOM);

  it('come from the port', () => {
    expect(without(found, ALLOWED)).toEqual([]);
  });

  it('have no exception that is not needed', () => {
    expect(unneeded(found, ALLOWED)).toEqual([]);
  });
});

/** How statements begin, with as much of their grammar as sets them apart from sentences for people. */
const STATEMENT = new RegExp(
  `^\\s*\\(?\\s*(?:${[
    'select\\b[^]*\\bfrom\\b',
    'select\\s+[\\w.]+\\(',
    'insert\\s+into\\b',
    'update\\s+\\S+\\s+(?:as\\s+\\w+\\s+)?set\\b',
    'delete\\s+from\\b',
    'with\\s+(?:recursive\\s+)?[^\\s(]+\\s*(?:\\([^)]*\\)\\s*)?as\\b',
    '(?:create|alter|drop|truncate|lock)\\s+(?:unique\\s+)?(?:table|index|role|schema|type|function|trigger|view|sequence|database)\\b',
    'set\\s+(?:local|session)\\b',
    '(?:listen|notify|vacuum|checkpoint)\\b',
  ].join('|')})`,
  'i',
);
const isGivenRaw = (before: string): boolean => /\b(?:raw|[a-z]+Raw|query)\s*(?:<[^()]*>)?\(\s*$/.test(before);

/** Statements that are put together from parts: `file:line: how they begin`. */
function builtStatements(sources: readonly SourceFile[]): string[] {
  return sources.flatMap((source) =>
    source.literals
      .filter(
        ({ text, before, after, interpolated }) =>
          (STATEMENT.test(text) || isGivenRaw(before)) && (interpolated || /^\s*\+/.test(after) || /\+\s*$/.test(before)),
      )
      .map(({ line, text }) => `${source.path}:${line}: ${text.trim().slice(0, 60)}`),
  );
}

const linesOf = (found: readonly string[]): number[] => found.map((one) => Number(one.split(':')[1]));

describe('the rules themselves', () => {
  const offences = [readSource('test/architecture/offences.txt')];
  const linesBelow = (title: string) => {
    const all = offences[0]!.text.split('\n');
    const start = all.indexOf(`// ${title}`) + 1;
    const length = all.slice(start).findIndex((line) => line.trim() === '');
    return Array.from({ length }, (_, index) => start + index + 1);
  };

  it.each<[string, () => string[]]>([
    ['environment', () => occurrences(offences, ENVIRONMENT)],
    ['time of day', () => occurrences(offences, TIME_OF_DAY)],
    ['stopwatches', () => occurrences(offences, STOPWATCH)],
    ['random values', () => occurrences(offences, RANDOM)],
    ['any', () => occurrences(offences, ANY)],
    ['built SQL', () => builtStatements(offences)],
  ])('find every offence against: %s, and nothing innocent', (title, find) => {
    expect([...new Set(linesOf(find()))]).toEqual(linesBelow(title));
  });
});

describe('pages from a replica', () => {
  it('are for lists of the management API, which decide nothing', () => {
    const ALLOWED = {
      'src/app.ts': 'hands the counts of use to their review',
      'src/administration/administration.ts': 'lists of the management API',
      'src/services/invitations.ts': 'the list of invitations',
    };
    const found = occurrences(SOURCES, /\bpages\.(?:directory|audit|usage|revocations|invitations)\b/g);
    const lists = found.filter((one) => one.startsWith('src/http/management/'));
    expect(lists.length).toBeGreaterThan(3);
    expect(without(found, ALLOWED).filter((one) => !lists.includes(one))).toEqual([]);
    expect(unneeded(found, ALLOWED)).toEqual([]);
  });
});

describe('SQL', () => {
  it('never has a value put into its text', () => {
    expect(builtStatements([...SOURCES, ...filesBelow('migrations', '.ts').map(readSource)])).toEqual([]);
  });

  it('stands in storage and migrations only', () => {
    const elsewhere = SOURCES.filter((source) => !source.path.startsWith('src/storage/')).flatMap((source) =>
      occurrences([source], /\b(?:knex|trx)\s*(?:\.|\()/g),
    );
    expect(elsewhere).toEqual([]);
  });
});

describe('files of src', () => {
  /** Declarations describe modules of others, which export what they export. */
  const OWN = SOURCES.filter((source) => !source.path.endsWith('.d.ts'));

  it('have no default export', () => {
    expect(occurrences(OWN, /\bexport\s+default\b|\bas\s+default\b/g)).toEqual([]);
  });

  it('have 400 lines at most', () => {
    expect(SOURCES.filter(({ text }) => text.trimEnd().split('\n').length > 400).map((source) => source.path)).toEqual([]);
  });

  it('are named in kebab-case', () => {
    expect(SOURCES.filter((source) => !/^src(?:\/[a-z0-9]+(?:-[a-z0-9]+)*)+(?:\.d)?\.ts$/.test(source.path)).map((source) => source.path)).toEqual(
      [],
    );
  });

  it('trust the compiler: no any, nothing ignored', () => {
    expect(occurrences(SOURCES, ANY)).toEqual([]);
    const silenced = SOURCES.filter(({ text }) => /@ts-(?:ignore|nocheck|expect-error)|(?:eslint|oxlint)-disable/.test(text)).map(
      (source) => source.path,
    );
    expect(silenced).toEqual([]);
  });

  it('are finished', () => {
    const unfinished = SOURCES.flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, index) =>
          /\b(?:TODO|FIXME|XXX|HACK)\b|not (?:yet )?implemented/.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
        ),
    );
    expect(unfinished).toEqual([]);
  });

  it('never ask whether a foreign error is an instance of Error: errors cross realms', () => {
    expect(occurrences(SOURCES, /\binstanceof\s+(?:Error|TypeError|RangeError|SyntaxError)\b/g)).toEqual([]);
  });
});
