import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { openApp, type App } from '../../../src/app.ts';
import { runCli } from '../../../src/cli/run.ts';
import { recordingLogger } from '../../support/log.ts';
import { openTestStore } from '../../support/stores.ts';
import { openBench, runWith, type Bench } from './harness.ts';

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

  it.each([
    ['SIGINT', 0],
    ['SIGTERM', 0],
    // With one worker there is nobody to take over.
    ['SIGHUP', 129],
  ])('%s stops it gracefully, with %d', async (signal, code) => {
    let closed = 0;
    const { ended, err } = await serve(async () => void (closed += 1));
    signals.emit(signal);
    expect(await ended).toBe(code);
    expect(closed).toBe(1);
    expect(err()).toMatch(/rolemint: stopping, requests under way may finish …\nrolemint: stopped\.\n$/);
    expect(signals.eventNames()).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('a second one, %s, does not wait: %d', async (signal, code) => {
    const { ended, err } = await serve(() => new Promise(() => undefined));
    signals.emit('SIGINT');
    signals.emit(signal);
    expect(await ended).toBe(code);
    expect(err()).not.toContain('rolemint: stopped.');
  });
});

describe('rolemint serve on a port that another program has', () => {
  it('says so in one sentence, and opens nothing else', async () => {
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const { port } = occupant.address() as AddressInfo;
    const bench = await openBench();
    const result = await runWith(['serve'], {
      stdin: Readable.from([]),
      env: { ROLEMINT_PORT: String(port), ROLEMINT_DATA_DIR: `${bench.folder}/data`, ROLEMINT_KEYS_DIR: `${bench.folder}/keys` },
      cwd: bench.folder,
      operator: 'ops',
      signals: new EventEmitter(),
      openApp: async (config) => openApp(config, { store: await openTestStore(), log: recordingLogger().logger }),
    });
    await bench.close();
    await new Promise((resolve) => occupant.close(resolve));
    const sentence = `Port ${port} on 127.0.0.1 is taken by another program: stop it, or choose another port with ROLEMINT_PORT.`;
    expect(result).toMatchObject({ code: 1, out: '', err: `rolemint: ${sentence}\n` });
    expect(existsSync(`${bench.folder}/data/operator.sock`)).toBe(false);
  });
});
