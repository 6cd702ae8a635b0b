/** @module When a person has to do something before an authorization request is answered. */
import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { AccessService } from '../services/access.ts';
import { objectionNow } from '../services/admission.ts';
import type { EngineClients } from './clients.ts';
import { inProtocol } from './errors.ts';

const { Check, base } = interactionPolicy;

/** The engine's own reasons to sign in anew, and ours. */
export function signInPolicy(access: AccessService, clients: () => EngineClients): ReturnType<typeof base> {
  const policy = base();
  policy.remove('consent');
  const { checks } = policy.get('login')!;
  checks.remove('no_session');
  checks.add(new Check('nobody_admitted', 'End-User authentication is required', (ctx) => inProtocol(() => lacksPerson(ctx))));
  return policy;

  /** Nobody is signed in, or somebody who may not use the client: then somebody else can. */
  async function lacksPerson({ oidc }: KoaContextWithOIDC): Promise<boolean> {
    const { accountId } = oidc.session!;
    const user = accountId === undefined ? undefined : await access.subject('user', accountId);
    return user === undefined || (await objectionNow(access, clients().prepared(oidc.client), user)) !== undefined;
  }
}
