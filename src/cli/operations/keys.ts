/** Operations on signing keys. */
import type { SigningAlgorithm } from '../../domain/resource-server.ts';
import { isoOf, type Operation } from '../operation.ts';

export interface KeyDocument {
  readonly kid: string;
  readonly alg: string;
  readonly status: 'next' | 'current' | 'retired';
  readonly created_at: string;
  readonly signs_from: string | null;
  readonly leaves_jwks_at: string | null;
}

export const listKeys: Operation<Record<string, never>, { readonly now: string; readonly keys: readonly KeyDocument[] }> = {
  name: 'keys list',
  perform: async ({ app }) => ({
    now: new Date(app.clock.now()).toISOString(),
    keys: (await app.services.keys.list()).map(({ kid, alg, status, createdAt, activatedAt, removedAt }) => ({
      kid,
      alg,
      status,
      created_at: createdAt.toISOString(),
      signs_from: isoOf(activatedAt),
      leaves_jwks_at: isoOf(removedAt),
    })),
  }),
};

export interface RotationDocument {
  readonly outcome: 'rotated' | 'scheduled' | 'unchanged';
  readonly alg: string;
  readonly predecessor: string;
  readonly successor: string;
  readonly signs_from: string;
  readonly now: string;
}

export const rotateKey: Operation<{ readonly alg: SigningAlgorithm }, RotationDocument> = {
  name: 'keys rotate',
  perform: async ({ app, actor }, { alg }) => {
    const { outcome, predecessor, successor, activatesAt } = await app.services.keys.rotate(alg, { actor });
    return { outcome, alg, predecessor, successor, signs_from: activatesAt.toISOString(), now: new Date(app.clock.now()).toISOString() };
  },
};

export const retireKey: Operation<{ readonly kid: string }, { readonly alg: string; readonly retired: string; readonly replacement: string | null }> =
  {
    name: 'keys retire',
    perform: async ({ app, actor }, { kid }) => {
      const { alg, retired, replacement } = await app.services.keys.retire(kid, { actor });
      return { alg, retired, replacement: replacement ?? null };
    },
  };

export const KEY_OPERATIONS = [listKeys, rotateKey, retireKey];
