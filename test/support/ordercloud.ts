/** @module OrderCloud's own SDK, and a server that has nothing but a seller, an administrator and a client to sign in through. */
import path from 'node:path';
import * as OrderCloud from 'ordercloud-javascript-sdk';
import type { Clock, Store } from '../../src/domain/ports.ts';
import { DATA, startServer, type TestServer } from './server.ts';

export { OrderCloud };

export const PASSWORD = 'Correct-Horse-7-Battery';

export interface OrderCloudServer extends TestServer {
  /** A token of the administrator of the marketplace. */
  readonly admin: OrderCloud.RequestOptions;
}

/** Starts the server, and points the SDK at it. */
export async function startOrderCloud(options: { readonly store: Store; readonly clock?: Clock; readonly env?: Readonly<Record<string, string>> }) {
  const server = await startServer({ ...options, workspaces: [path.join(DATA, 'workspaces/ordercloud-start.yaml')] });
  OrderCloud.Configuration.Set({ baseApiUrl: server.url, timeoutInMilliseconds: 30_000 });
  return { ...server, admin: { accessToken: await tokenOf('operator', 'operations') } };
}

/** Signs in with everything that is held, or with these roles. */
export async function tokenOf(username: string, client: string, roles?: OrderCloud.ApiRole[], custom?: string[]): Promise<string> {
  return (await OrderCloud.Auth.Login(username, PASSWORD, client, roles, custom)).access_token;
}

/** What a call is refused with. */
export async function refusalOf(call: Promise<unknown>): Promise<OrderCloud.OrderCloudError> {
  try {
    await call;
  } catch (error) {
    if ((error as Partial<OrderCloud.OrderCloudError>).isOrderCloudError === true) return error as OrderCloud.OrderCloudError;
    throw error;
  }
  throw new Error('The call was not refused.');
}
