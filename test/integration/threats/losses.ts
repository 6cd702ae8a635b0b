/** @module What the matrices of T-53 share: a person with a client that no other cell has, and what may be taken away. */
import type { Client } from '../../../src/domain/client.ts';
import type { Clock, StoreTransaction } from '../../../src/domain/ports.ts';
import { assignment, client, organization, profile, secret, secretOf, to, user } from '../../support/market.ts';
import type { TestServer } from '../../support/server.ts';

export interface Cell {
  /** Of the user. */
  readonly id: string;
  readonly client: Client;
  change(work: (tx: StoreTransaction) => Promise<unknown>): Promise<void>;
  /** Signs in with a wrong password, as often as it takes to be locked out. */
  guess(): Promise<void>;
  /** Sets another password. */
  setPassword(): Promise<void>;
}

export interface CellWorld {
  readonly app: TestServer['app'];
  readonly clock: Clock & { advance(milliseconds: number): void };
  readonly passwordHash: string;
}

/** The roles of whoever a cell is about. */
export const OF_THE_CELL = profile('of-the-cell', ['A', 'Impersonation', 'UserReader']);

let cells = 0;

/**
 * A person, an organization and a client with one name.
 * @param given of the client, by the id of the person
 * @param more in the same change
 */
export async function openCell(
  { app, clock, passwordHash }: CellWorld,
  given: (id: string) => Partial<Client>,
  more: (tx: StoreTransaction, id: string) => Promise<void> = async () => undefined,
): Promise<Omit<Cell, 'guess'>> {
  cells += 1;
  const id = `cell-${cells}`;
  const made = client(`${id}-client`, { organization: 'S', ...given(id) });
  const change: Cell['change'] = async (work) => {
    await app.store.transaction(async (tx) => void (await work(tx)));
    clock.advance(1);
  };
  await change(async (tx) => {
    await tx.organizations.put([organization(`${id}-org`, 'buyer', { parent: 'S' })]);
    await tx.users.put([user(id, `${id}-org`)]);
    await tx.setPassword(id, passwordHash, new Date(clock.now()));
    await tx.clients.put([made]);
    await tx.addClientSecret(made.clientId, secret(secretOf(made.clientId)));
    await tx.assignments.put([assignment(OF_THE_CELL.id, to.user(id), { id: `${id}-assignment` })]);
    await more(tx, id);
  });
  const setPassword: Cell['setPassword'] = async () => {
    await app.services.users.setPassword(id, 'Another-Fine-Password-9', { actor: { kind: 'operator', id: 'test' } });
    clock.advance(1);
  };
  return { id, client: made, change, setPassword };
}

export const LOSSES = {
  'disabled user': ({ id, change }: Cell) => change((tx) => tx.users.put([user(id, `${id}-org`, { active: false })])),
  'locked user': ({ guess }: Cell) => guess(),
  'deleted user': ({ id, client: made, change }: Cell) =>
    change(async (tx) => {
      await tx.clients.put([{ ...made, contextUser: undefined }]);
      await tx.users.remove([id]);
    }),
  'disabled client': ({ client: made, change }: Cell) => change((tx) => tx.clients.put([{ ...made, active: false }])),
  'deleted client': ({ id, client: made, change }: Cell) =>
    change(async (tx) => {
      await tx.impersonationRules.remove([`${id}-rule`]);
      await tx.clients.remove([made.clientId]);
    }),
  'removed grant types': ({ client: made, change }: Cell) => change((tx) => tx.clients.put([{ ...made, grantTypes: [] }])),
  'suspended organization': ({ id, change }: Cell) =>
    change((tx) => tx.organizations.put([organization(`${id}-org`, 'buyer', { parent: 'S', active: false })])),
  'changed password': ({ setPassword }: Cell) => setPassword(),
  'removed role': ({ id, change }: Cell) => change((tx) => tx.assignments.remove([`${id}-assignment`])),
} as const;
export type Loss = keyof typeof LOSSES;
