/** @module When a person has to do something before an authorization request is answered. */
import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { AccessService } from '../services/access.ts';
import { objectionNow } from '../services/admission.ts';
import { askedBy, covers, type Consent, type Consents } from '../services/consents.ts';
import type { EngineClients } from './clients.ts';
import { inProtocol } from './errors.ts';

const { Check, Prompt, base } = interactionPolicy;

export interface PolicyOptions {
  readonly access: AccessService;
  readonly consents: Pick<Consents, 'find'>;
}

/** What the person agreed to, for the code that is made of it; undefined: everything that was asked for. */
const AGREED = Symbol('agreed');

export const agreedIn = ({ state }: { readonly state: object }): readonly string[] | undefined =>
  (state as Record<symbol, readonly string[] | undefined>)[AGREED];

/** The engine's own reasons to sign in anew, and ours; and whether the person was asked. */
export function signInPolicy({ access, consents }: PolicyOptions, clients: () => EngineClients): ReturnType<typeof base> {
  const policy = base();
  const { checks } = policy.get('login')!;
  checks.remove('no_session');
  checks.add(new Check('nobody_admitted', 'End-User authentication is required', 'login_required', (ctx) => inProtocol(() => lacksPerson(ctx))));
  policy.remove('consent');
  const unasked = new Check('not_asked', 'the person has to be asked', (ctx) => inProtocol(() => lacksConsent(ctx)));
  policy.add(new Prompt({ name: 'consent', requestable: true }, unasked));
  return policy;

  /** Nobody is signed in, or somebody who may not use the client: then somebody else can. */
  async function lacksPerson({ oidc }: KoaContextWithOIDC): Promise<boolean> {
    const { accountId } = oidc.session!;
    const user = accountId === undefined ? undefined : await access.subject('user', accountId);
    return user === undefined || (await objectionNow(access, clients().prepared(oidc.client), user)) !== undefined;
  }

  async function lacksConsent(ctx: KoaContextWithOIDC): Promise<boolean> {
    const { oidc } = ctx;
    const prepared = clients().prepared(oidc.client);
    if (prepared.client.requireConsent === false && !oidc.prompts.has('consent')) return false;
    // The page keeps what was said before it lets the request go on.
    const consent = await consents.find(oidc.session!.accountId!, prepared.client.clientId);
    if (!covers(consent, askedBy(oidc.params!['scope'] as string | undefined, prepared))) return true;
    Object.assign(ctx.state, { [AGREED]: agreedNames(consent!) });
    return false;
  }
}

const agreedNames = ({ agreed, everything }: Consent): readonly string[] | undefined => (everything ? undefined : agreed);
