/** @module Pages of ours that need somebody signed in: where to sign in for them, and where to go on afterwards. */
import type Koa from 'koa';

export const LOGIN_PATH = '/sign-in/login';
export const DEVICE_PATH = '/sign-in/device';
export const SESSIONS_PATH = '/sign-in/sessions';

/** A closed list: nobody is led anywhere else. */
const DESTINATIONS = { device: DEVICE_PATH, sessions: SESSIONS_PATH } as const;
export type Destination = keyof typeof DESTINATIONS;

const isDestination = (name: string): name is Destination => Object.hasOwn(DESTINATIONS, name);

/** The login page for a page of ours, which keeps the code that a device's address carries. */
export function loginFor(destination: Destination, { query }: Koa.Context): string {
  return `${LOGIN_PATH}?${parametersOf(destination, query).toString()}`;
}

/** Where a login goes on that was for a page of ours; undefined: it was not. */
export function destinationOf({ query }: Koa.Context): string | undefined {
  const { to } = query;
  if (typeof to !== 'string' || !isDestination(to)) return undefined;
  const parameters = parametersOf(to, query);
  parameters.delete('to');
  const rest = parameters.toString();
  return DESTINATIONS[to] + (rest === '' ? '' : `?${rest}`);
}

function parametersOf(to: Destination, { user_code: userCode }: Koa.Context['query']): URLSearchParams {
  const parameters = new URLSearchParams({ to });
  if (typeof userCode === 'string' && /^[\w -]{1,20}$/.test(userCode)) parameters.set('user_code', userCode);
  return parameters;
}
