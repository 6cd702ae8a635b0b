/** @module Tells applications that somebody signed out; OpenID Connect Back-Channel Logout 1.0. */
import type { Clock, Random, TokenSigner } from '../domain/ports.ts';
import type { AccessService } from './access.ts';
import type { BrowserSession } from './browser-sessions.ts';

export interface BackchannelLogoutOptions {
  readonly issuer: string;
  readonly access: AccessService;
  readonly signer: Pick<TokenSigner, 'signLogoutToken'>;
  readonly random: Random;
  readonly clock: Clock;
  /** Sends a form to where it is registered. */
  readonly send: (address: string, form: Readonly<Record<string, string>>) => Promise<void>;
  readonly onFailed: (clientId: string, error: unknown) => void;
}

/** §2.4. */
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const LIFETIME_SECONDS = 120;

export class BackchannelLogout {
  readonly #options: BackchannelLogoutOptions;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: BackchannelLogoutOptions) {
    this.#options = options;
  }

  /** Tells each of these clients, after whoever ended the session was answered: an application that is down keeps nobody signed in. */
  tell(session: Pick<BrowserSession, 'id' | 'userId'>, clientIds: Iterable<string>): void {
    for (const clientId of new Set(clientIds)) {
      const telling = this.#tell(session, clientId)
        .catch((error: unknown) => this.#options.onFailed(clientId, error))
        .finally(() => this.#underWay.delete(telling));
      this.#underWay.add(telling);
    }
  }

  /** Resolves when nobody is being told any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #tell({ id, userId }: Pick<BrowserSession, 'id' | 'userId'>, clientId: string): Promise<void> {
    const { issuer, access, signer, random, clock, send } = this.#options;
    const address = (await access.client(clientId))?.client.backchannelLogoutUri;
    if (address === undefined) return;
    const iat = Math.floor(clock.now() / 1000);
    const claims = { iss: issuer, sub: userId, aud: clientId, iat, exp: iat + LIFETIME_SECONDS, jti: random.id(), sid: id, events: { [EVENT]: {} } };
    await send(address, { logout_token: await signer.signLogoutToken(claims, 'ES256') });
  }
}
