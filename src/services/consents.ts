/** @module What people agreed to: which application may act for them, with which of the names that it asked for. */
import { hash } from 'node:crypto';
import type { ArtifactStore } from '../domain/artifact.ts';
import { splitScope } from '../domain/oidc-scope.ts';
import type { Clock } from '../domain/ports.ts';
import { negotiate, parseScope } from '../domain/scope.ts';
import type { AccessService } from './access.ts';
import type { PreparedClient } from './prepared-client.ts';

/** What an application asks a person for. `everything`: whatever the person holds, because its requests leave it open. */
export interface Asked {
  readonly names: readonly string[];
  readonly everything: boolean;
}

/** What a person said to it, until they take it back or a year is over. */
export interface Consent {
  readonly agreed: readonly string[];
  /** Was asked for, could have been given, and was not. */
  readonly withheld: readonly string[];
  readonly everything: boolean;
}

/** What of it the person could give, judged by the function that issues tokens. */
export interface Offer {
  readonly oidc: readonly string[];
  /** Sorted. */
  readonly granted: readonly string[];
  readonly dropped: readonly string[];
  readonly everything: boolean;
}

export interface GivenConsent extends Consent {
  readonly clientId: string;
  readonly since: Date;
}

export interface ConsentsOptions {
  readonly artifacts: ArtifactStore;
  readonly access: AccessService;
  readonly clock: Clock;
}

const YEAR_MS = 365 * 86_400_000;

export class Consents {
  readonly #options: ConsentsOptions;

  constructor(options: ConsentsOptions) {
    this.#options = options;
  }

  async find(userId: string, clientId: string): Promise<Consent | undefined> {
    const { artifacts, clock } = this.#options;
    return (await artifacts.find('consent', keyOf(userId, clientId), new Date(clock.now())))?.payload as Consent | undefined;
  }

  async keep(userId: string, clientId: string, { agreed, withheld, everything }: Consent): Promise<void> {
    const { artifacts, clock } = this.#options;
    const now = clock.now();
    await artifacts.put({
      kind: 'consent',
      id: keyOf(userId, clientId),
      payload: { agreed, withheld, everything, clientId, since: now },
      expiresAt: new Date(now + YEAR_MS),
      userId,
    });
  }

  /** The newest first. */
  async list(userId: string): Promise<readonly GivenConsent[]> {
    const { artifacts, clock } = this.#options;
    const kept = await artifacts.list('consent', userId, new Date(clock.now()));
    const given = kept.map(({ payload }) => ({ ...(payload as unknown as GivenConsent), since: new Date(Number(payload['since'])) }));
    return given.sort((a, b) => b.since.getTime() - a.since.getTime());
  }

  /** What was agreed to is asked anew the next time. */
  async takeBack(userId: string, clientId: string): Promise<void> {
    await this.#options.artifacts.remove('consent', keyOf(userId, clientId));
  }

  /** What of a request the person could give at this instant. */
  async offer(
    { scope, audience }: { readonly scope: string | undefined; readonly audience: string },
    client: PreparedClient,
    userId: string,
  ): Promise<Offer> {
    const { access } = this.#options;
    await access.refresh(0);
    const { catalogue, resourceServers } = await access.workspace();
    const user = await access.subject('user', userId);
    const { names, everything } = askedBy(scope, client);
    const { oidc, roles } = splitScope(names);
    if (user === undefined) return { oidc, granted: [], dropped: roles, everything };
    const limits = { maximumRoles: client.maximumRoles, resourceServerRoles: resourceServers.get(audience)?.roleSet };
    const { granted, dropped } = negotiate(catalogue, access.holdings(catalogue, user, client.client.clientId), limits, roles);
    return { oidc, granted, dropped: dropped.map(({ name }) => name).sort(), everything };
  }
}

/** What a request asks for, by itself or by what the client's requests mean that have no scope. */
export function askedBy(scope: string | undefined, { omittedScope }: PreparedClient): Asked {
  if (scope !== undefined) return { names: parseScope(scope) ?? [], everything: false };
  return { names: typeof omittedScope === 'string' ? [] : omittedScope, everything: omittedScope === 'all' };
}

/** Whether nothing is asked for that was not talked about. */
export function covers(consent: Consent | undefined, { names, everything }: Asked): boolean {
  if (consent === undefined) return false;
  if (consent.everything) return true;
  if (everything) return false;
  const known = new Set([...consent.agreed, ...consent.withheld]);
  return names.every((name) => known.has(name));
}

/** Neither part of the key can be mistaken for the other. */
const keyOf = (userId: string, clientId: string): string => hash('sha256', JSON.stringify([userId, clientId]), 'base64url');
