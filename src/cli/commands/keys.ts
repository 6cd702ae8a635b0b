/** `rolemint keys …` */
import { Option, type Command } from 'commander';
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../domain/resource-server.ts';
import { addCommand, addGroup, JSON_OPTION } from '../command.ts';
import type { CliContext } from '../context.ts';
import { listKeys, retireKey, rotateKey } from '../operations/keys.ts';
import type { KeyDocument, RotationDocument } from '../operations/keys.ts';
import { awayInWords, table } from '../style.ts';

interface Json {
  readonly json?: boolean;
}

export function addKeyCommands(program: Command, context: CliContext): void {
  const group = addGroup(program, 'keys', {
    summary: 'Signing keys: list, rotate, retire.',
    about: 'A key is next (published, not yet used), then current (it signs), then retired (published until the last token it signed is dead).',
    examples: ['rolemint keys list', 'rolemint keys rotate', 'rolemint keys retire KID'],
  });
  addCommand(group, 'list', { summary: 'List the published signing keys.', examples: ['rolemint keys list', 'rolemint keys list --json'] })
    .option(...JSON_OPTION)
    .action(async (options: Json) => {
      context.answer(options, await context.perform(listKeys, {}), ({ keys, now }) => keysInWords(keys, now, context));
    });
  addCommand(group, 'rotate', {
    summary: 'Let the next key of an algorithm take over, without a restart.',
    about: 'It signs at once when JWKS has shown it for long enough, otherwise as soon as it has.',
    examples: ['rolemint keys rotate', 'rolemint keys rotate --alg EdDSA'],
  })
    .addOption(new Option('--alg <algorithm>', 'whose key').choices(SIGNING_ALGORITHMS).default('ES256'))
    .option(...JSON_OPTION)
    .action(async (options: Json & { alg: SigningAlgorithm }) => {
      context.answer(options, await context.perform(rotateKey, { alg: options.alg }), (done) => rotationInWords(done, context));
    });
  addCommand(group, 'retire <kid>', {
    summary: 'Take a key that may be in wrong hands out of use, at once and everywhere.',
    about: 'Every token that it signed stops being accepted as soon as verifiers fetch JWKS anew.',
    examples: ['rolemint keys retire 2cQfC1vS8mEo4F9wTz0nXbGJ7dLhYkR5aPuVtWsNqXI'],
  })
    .option(...JSON_OPTION)
    .action(async (kid: string, options: Json) => {
      context.answer(options, await context.perform(retireKey, { kid }), ({ retired, alg, replacement }) => {
        return `The ${alg} key ${retired} is out of use.${replacement === null ? '' : ` ${replacement} signs in its place.`}`;
      });
    });
}

function keysInWords(keys: readonly KeyDocument[], now: string, { style }: CliContext): string {
  if (keys.length === 0) return 'There are no signing keys yet: the server makes them when it starts.';
  const rows = keys.map(({ kid, alg, status, signs_from, leaves_jwks_at }) => [status, alg, kid, momentOf(status, signs_from, leaves_jwks_at, now)]);
  return table([['status', 'alg', 'key id', ''], ...rows], (cell, row, column) => {
    if (row === 0) return style.dim(cell);
    if (column !== 0) return cell;
    return { current: style.good, next: style.bold, retired: style.dim }[keys[row - 1]!.status](cell);
  });
}

function momentOf(status: KeyDocument['status'], signsFrom: string | null, leavesAt: string | null, now: string): string {
  if (status === 'next') return signsFrom === null ? 'waits for a rotation' : `signs ${awayInWords(signsFrom, now)}`;
  if (status === 'retired' && leavesAt !== null) return `leaves JWKS ${awayInWords(leavesAt, now)}`;
  return signsFrom === null ? '' : `signs since ${awayInWords(signsFrom, now).replace(' ago', '')}`;
}

function rotationInWords({ outcome, alg, predecessor, successor, signs_from, now }: RotationDocument, { style }: CliContext): string {
  if (outcome === 'rotated') return `${style.good(successor)} signs ${alg} tokens now; ${predecessor} stays published until its last token is dead.`;
  const when = `${successor} takes over ${awayInWords(signs_from, now)} (${style.date(signs_from)})`;
  return outcome === 'scheduled' ? `${when}, when every verifier can know it.` : `A rotation is under way already: ${when}.`;
}
