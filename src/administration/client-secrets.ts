/** @module Secrets of clients, by whoever may act as them. */
import type { StoreTransaction } from '../domain/ports.ts';
import type { ClientService, FreshSecret, SecretOptions } from '../services/clients.ts';
import type { Administration, WriteCall } from './administration.ts';
import { callerOf } from './administrator.ts';
import { absent } from './nouns.ts';
import { assertMayActAs } from './take-over.ts';

export interface ClientSecretParts {
  readonly administration: Administration;
  readonly clients: ClientService;
}

/** @throws `not_found`, `above_ceiling`, and `invalid_input` for a client that does not authenticate by a secret */
export function addClientSecret(
  { administration, clients }: ClientSecretParts,
  clientId: string,
  call: WriteCall,
  options: SecretOptions,
): Promise<FreshSecret> {
  return administration.within(call, async (tx, authority) => {
    await assertMayActAs(tx, authority, { kind: 'client', id: clientId });
    return clients.addSecretIn(tx, clientId, { ...options, caller: callerOf(call.administrator) });
  });
}

export interface SecretEnd {
  readonly clientId: string;
  readonly secretId: string;
  /** Unset: at once. */
  readonly at?: Date | undefined;
}

/** @throws `not_found` for a client or a secret that there is not, `above_ceiling` */
export function endClientSecret(
  { administration, clients }: ClientSecretParts,
  { clientId, secretId, at }: SecretEnd,
  call: WriteCall,
): Promise<void> {
  return administration.within(call, async (tx, authority) => {
    await assertMayActAs(tx, authority, { kind: 'client', id: clientId });
    await assertSecret(tx, clientId, secretId);
    await clients.expireSecretIn(tx, { clientId, secretId, at, caller: callerOf(call.administrator) });
  });
}

async function assertSecret(tx: StoreTransaction, clientId: string, secretId: string): Promise<void> {
  const secrets = (await tx.findClientSecrets([clientId])).get(clientId) ?? [];
  if (!secrets.some(({ id }) => id === secretId)) throw absent();
}
