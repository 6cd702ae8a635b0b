/**
 * Who may call. The API is guarded by our own tokens the way the APIs of others are, by the SDK; what the token was worth
 * when it was issued is then judged anew by what the store says now.
 */
import type Koa from 'koa';
import { administratorOf, type Administrator } from '../../administration/administrator.ts';
import type { Subject } from '../../domain/access.ts';
import type { Catalogue } from '../../domain/catalogue.ts';
import { DomainError } from '../../domain/errors.ts';
import { isBarredFrom, RESOURCES, type ResourceName } from '../../domain/organization.ts';
import type { TokenSigner } from '../../domain/ports.ts';
import type { Access } from '../../sdk/access.ts';
import { bearerToken } from '../../sdk/bearer.ts';
import { anyOf, assertAccess, type Check } from '../../sdk/checks.ts';
import { AccessError } from '../../sdk/errors.ts';
import type { Verifier } from '../../sdk/verifier.ts';
import type { AccessService } from '../../services/access.ts';
import type { IntrospectionService, LiveAccess } from '../../services/introspection.ts';
import type { Route, RouteResource } from './route.ts';

/** What of a route decides who may call it. */
export type GuardedRoute = Pick<Route, 'method' | 'resource' | 'roles'>;

export interface GuardOptions {
  /** For tokens whose audience is the issuer. */
  readonly verifier: Verifier;
  /** Knows which of the published keys sign; the verifier knows only which are published. */
  readonly signer: Pick<TokenSigner, 'verify'>;
  readonly introspection: Pick<IntrospectionService, 'live'>;
  readonly access: Pick<AccessService, 'workspace'>;
}

/** Lets a request through, or refuses it before anything of it is read. */
export interface Guard {
  /**
   * @throws AccessError 401 without a good token, 403 without a role that suffices
   * @throws `forbidden` for who may not, whatever roles it holds
   */
  admit(ctx: Koa.Context, route: GuardedRoute): Promise<Administrator>;
}

/** Suffices for every route. */
const EVERYWHERE = 'FullAccess';

/** @param routes all of them: which roles a resource is made for decides who is barred from it */
export function guardOf(routes: readonly GuardedRoute[], options: GuardOptions): Guard {
  const rolesOfResource = rolesByResource(routes);
  const checks = new Map(routes.map((route) => [route, checkOf(route)]));
  return {
    admit: async (ctx, route) => {
      const { access, claims, live } = await authenticated(ctx, options);
      const { catalogue } = await options.access.workspace();
      const barred = barredResources(catalogue, live, rolesOfResource);
      const administrator = administratorOf(claims, live, { barred, requestId: ctx.state['requestId'] as string });
      if (administrator.onBehalfOf !== undefined && route.method !== 'GET') {
        throw new DomainError('forbidden', 'Nothing is changed with a token that impersonates somebody. Use a token of your own.');
      }
      assertMayTouch(administrator, route.resource);
      const check = checks.get(route);
      if (check !== undefined) assertAccess({ ...access, roles: administrator.roles }, check);
      return administrator;
    },
  };
}

export type OnRefused = (ctx: Koa.Context, refusal: { readonly code: string; readonly reason: string }) => void;

/** {@link Guard.admit}, with a word to the log about whoever is not let through. */
export async function assertAdmitted(guard: Guard, ctx: Koa.Context, route: GuardedRoute, onRefused: OnRefused): Promise<Administrator> {
  return guard.admit(ctx, route).catch((error: unknown) => {
    if (isRefusal(error)) onRefused(ctx, { code: error.code, reason: reasonOf(error) });
    throw error;
  });
}

function isRefusal(error: unknown): error is AccessError | DomainError {
  return error instanceof AccessError || (error instanceof DomainError && error.code === 'forbidden');
}

function reasonOf({ message, cause }: AccessError | DomainError): string {
  const { message: reason } = (cause ?? {}) as { readonly message?: unknown };
  return typeof reason === 'string' ? reason : message;
}

async function authenticated(ctx: Koa.Context, { verifier, signer, introspection }: GuardOptions) {
  // Node keeps the first of several headers and says nothing; they are no token, whichever of them was meant.
  const token = bearerToken(ctx.req.headersDistinct['authorization']?.join(', '));
  const access: Access = await verifier.verify(token).catch(inSameWords);
  const claims = await signer.verify(token);
  const live = claims === undefined ? undefined : await introspection.live(claims);
  if (claims === undefined || live === undefined) throw new AccessError('invalid_token', NOT_VALID);
  return { access, claims, live };
}

const NOT_VALID = 'The access token is not valid here.';

/** What the store knows against a token is not told apart from what stands in it. */
function inSameWords(error: unknown): never {
  throw error instanceof AccessError ? new AccessError('invalid_token', NOT_VALID, { cause: error.cause ?? error }) : error;
}

/** Undefined: any token will do. */
function checkOf({ roles }: GuardedRoute): Check | undefined {
  return roles === 'any_token' ? undefined : anyOf(...roles, EVERYWHERE);
}

function rolesByResource(routes: readonly GuardedRoute[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const { resource, roles } of routes) {
    const all = found.get(resource) ?? new Set();
    for (const role of roles === 'any_token' ? [] : roles) all.add(role);
    found.set(resource, all);
  }
  return new Map([...found].map(([resource, roles]) => [resource, [...roles]]));
}

/** Decided by the organizations as they are now: of the client that asks and of the user whose roles count. */
function barredResources(
  catalogue: Catalogue,
  { subject, acting }: LiveAccess,
  rolesOfResource: ReadonlyMap<string, readonly string[]>,
): Administrator['barred'] {
  const barred = new Map<ResourceName, string>();
  for (const name of new Set([typeOf(subject), typeOf(acting)])) {
    const type = name === undefined ? undefined : catalogue.organizationType(name);
    if (type === undefined) continue;
    for (const resource of RESOURCES) if (isBarredFrom(type, resource, rolesOfResource.get(resource) ?? [])) barred.set(resource, type.name);
  }
  return barred;
}

/** @throws `forbidden` when {@link Administrator.barred} has the resource */
export function assertMayTouch({ barred }: Pick<Administrator, 'barred'>, resource: RouteResource): void {
  const type = isResource(resource) ? barred.get(resource) : undefined;
  if (type === undefined) return;
  throw new DomainError('forbidden', `Nobody of an organization of the type ${type} has access to ${resource}, whatever roles are held.`);
}

const typeOf = ({ organization }: Subject): string | undefined => organization?.type;

function isResource(resource: RouteResource): resource is ResourceName {
  return (RESOURCES as readonly string[]).includes(resource);
}
