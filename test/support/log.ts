import { Writable } from 'node:stream';
import { openLogger, type Logger } from '../../src/telemetry/logger.ts';

export interface RecordedLog {
  readonly logger: Logger;
  /** Every line so far, parsed. */
  readonly lines: readonly Record<string, unknown>[];
  readonly text: () => string;
}

/** A log that a test can read back. */
export function recordingLogger(): RecordedLog {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  const logger = openLogger({ level: 'debug', format: 'json', stream });
  return {
    logger,
    get lines() {
      return chunks.map((chunk) => JSON.parse(chunk) as Record<string, unknown>);
    },
    text: () => chunks.join(''),
  };
}
