import { createHmac } from 'node:crypto';
import type { Random, Store } from '../domain/ports.ts';

const SETTING = 'deployment_secret';

/**
 * A secret that all nodes of a deployment share and that outlives them; made by the first that asks. It signs what is
 * handed out to be handed back. Whoever reads it in the database gains nothing but to make such things up.
 */
export async function deploymentSecret({ store, random }: { readonly store: Store; readonly random: Random }): Promise<string> {
  return store.transaction(async ({ settings }) => {
    const known = await settings.get(SETTING);
    if (known !== undefined) return known;
    const secret = random.secret();
    await settings.set(SETTING, secret);
    return secret;
  });
}

/** A secret for one purpose: what is signed for one is worth nothing for another. */
export function derivedSecret(secret: string, purpose: string): string {
  return createHmac('sha256', secret).update(purpose).digest('base64url');
}
