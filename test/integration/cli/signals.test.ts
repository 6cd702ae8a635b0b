import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import type { App } from '../../../src/app.ts';
import { runCli } from '../../../src/cli/run.ts';
import { openBench, type Bench } from './harness.ts';

describe('rolemint serve and signals', () => {
  let bench: Bench;
  let signals: EventEmitter;
  beforeEach(async () => {
    bench = await openBench();
    signals = new EventEmitter();
  });
  afterEach(() => bench.close());

  /** Starts to serve, and resolves once the banner is there. */
  async function serve(close: App['close']): Promise<{ readonly ended: Promise<number>; readonly err: () => string }> {
    let err = '';
    let ready = (): void => {};
    const listening = new Promise<void>((resolve) => (ready = resolve));
    const ended = runCli(['serve'], {
      stdin: Readable.from([]),
      stdout: { write: () => true, isTTY: true },
      stderr: {
        write: (text) => {
          err += text;
          if (text.includes('Ctrl-C stops it.')) ready();
        },
      },
      env: { ROLEMINT_ISSUER: 'https://id.example.com', ROLEMINT_PORT: '0', ROLEMINT_DATA_DIR: `${bench.folder}/data`, NO_COLOR: '1' },
      cwd: bench.folder,
      operator: 'ops',
      signals,
      openApp: async () => ({ ...bench.app, close }),
    });
    await listening;
    return { ended, err: () => err };
  }

  it.each(['SIGINT', 'SIGTERM'])('%s stops it gracefully, with 0', async (signal) => {
    let closed = 0;
    const { ended, err } = await serve(async () => void (closed += 1));
    signals.emit(signal);
    expect(await ended).toBe(0);
    expect(closed).toBe(1);
    expect(err()).toMatch(/rolemint: stopping, requests under way may finish …\nrolemint: stopped\.\n$/);
    expect(signals.listenerCount('SIGINT') + signals.listenerCount('SIGTERM')).toBe(0);
  });

  it.each([['SIGINT', 130], ['SIGTERM', 143]])('a second one, %s, does not wait: %d', async (signal, code) => {
    const { ended, err } = await serve(() => new Promise(() => undefined));
    signals.emit('SIGINT');
    signals.emit(signal);
    expect(await ended).toBe(code);
    expect(err()).not.toContain('rolemint: stopped.');
  });
});
