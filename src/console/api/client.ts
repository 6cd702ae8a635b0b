/** @module Calls of the management API: types from its OpenAPI document, refusals as errors, versions beside the objects. */
import createClient, { type Middleware } from 'openapi-fetch';
import { SERVER_URL } from '../session/config.ts';
import type { SignIn } from '../session/sign-in.ts';
import type { components, paths } from './management-api.d.ts';
import { Problem, Unreachable } from './problem.ts';

export type Schemas = components['schemas'];
export type BlastRadius = Schemas['BlastRadius'];

export const api = createClient<paths>({ baseUrl: SERVER_URL });

/**
 * From now on calls carry this person's token. One that is refused leads to the sign-in page, and back; unless the server
 * takes none at all: that would lead back and forth for ever.
 */
export function callAs(signIn: SignIn): void {
  let wasTaken = false;
  const asPerson: Middleware = {
    onRequest: async ({ request }) => {
      request.headers.set('Authorization', `Bearer ${await signIn.accessToken()}`);
      return request;
    },
    onResponse: async ({ response }) => {
      if (response.status === 401 && wasTaken) await signIn.leave();
      wasTaken ||= response.status !== 401;
      return undefined;
    },
    onError: ({ error }) => new Unreachable('The server cannot be reached.', { cause: error }),
  };
  api.use(asPerson);
}

/** An object as it was read, and the version it had then. */
export interface Versioned<T> {
  readonly data: T;
  readonly etag: string | undefined;
}

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/**
 * What was answered.
 * @throws Problem
 */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
  return (await versioned(call)).data;
}

/** The same with the version, for a change that refuses to overwrite what somebody else did meanwhile. */
export async function versioned<T>(call: Promise<Answer<T>>): Promise<Versioned<T>> {
  const { data, error, response } = await call;
  if (!response.ok) throw new Problem(response.status, typeof error === 'object' && error !== null ? error : {});
  return { data: data as T, etag: response.headers.get('etag') ?? undefined };
}
