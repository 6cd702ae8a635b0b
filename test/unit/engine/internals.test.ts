import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { errors, interactionPolicy, Provider } from 'oidc-provider';
import instance from 'oidc-provider/lib/helpers/weak_cache.js';
import validateDpop, { checkDpopReplay } from 'oidc-provider/lib/helpers/validate_dpop.js';
import cors from 'oidc-provider/lib/shared/cors.js';
import clientAuth, { getClientAuthParams } from 'oidc-provider/lib/shared/client_auth.js';
import errorHandler from 'oidc-provider/lib/shared/error_handler.js';
import paramsMiddleware from 'oidc-provider/lib/shared/assemble_params.js';
import rejectDupes from 'oidc-provider/lib/shared/reject_dupes.js';
import { pinToIssuer, withoutFormPost } from '../../../src/engine/internals.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const json = (file: string) => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as { version?: string; dependencies?: Record<string, string> };

/** As much of a request as the parts look at. */
const context = (given: Record<string, unknown> = {}) => ({ method: 'POST', headers: {}, get: () => '', oidc: { body: {}, params: {} }, ...given });
const next = async () => undefined;
/** Without what the engine warns of. */
const QUIET = { adapter: class {}, jwks: { keys: [] }, features: { devInteractions: { enabled: false } }, cookies: { keys: ['k'] } };

describe('the engine that this was written for', () => {
  it('is the one that is installed, pinned to the patch', () => {
    const pinned = json('package.json').dependencies!['oidc-provider'];
    expect(pinned).toMatch(/^\d+\.\d+\.\d+$/);
    expect(json('node_modules/oidc-provider/package.json').version).toBe(pinned);
  });

  it('has the parts that are used, in the shape in which they are used', () => {
    expect([clientAuth.length, ...clientAuth.map((part) => typeof part)]).toEqual([3, 'function', 'function', 'function']);
    for (const part of [validateDpop, checkDpopReplay, cors, getClientAuthParams, errorHandler, paramsMiddleware, rejectDupes])
      expect(typeof part).toBe('function');
  });

  it('takes only the parameters that are allowed from the body', async () => {
    const ctx = context({ oidc: { body: { token: 'x', other: 'y', empty: '', __proto__: { polluted: true } }, params: undefined } });
    await paramsMiddleware(new Set(['token', 'empty', 'absent']), ctx, next);
    expect(Object.entries(ctx.oidc.params)).toEqual([
      ['token', 'x'],
      ['empty', undefined],
      ['absent', undefined],
    ]);
  });

  it('refuses a parameter that comes twice, unless it may', async () => {
    const ctx = context({ oidc: { params: { scope: ['a', 'b'] } } });
    await expect((async () => rejectDupes({}, ctx, next))()).rejects.toMatchObject({ error: 'invalid_request' });
    await rejectDupes({ except: new Set(['scope']) }, ctx, next);
  });

  it('builds every URL from the issuer once that is pinned, whatever the request says', () => {
    const provider = new Provider('https://id.example.com', { ...QUIET, routes: { token: '/oauth/token' } } as never);
    pinToIssuer(provider);
    const { OIDCContext } = provider as unknown as { OIDCContext: { prototype: { urlFor(name: string): string } } };
    expect(OIDCContext.prototype.urlFor.call({ ctx: { host: 'evil.example', href: 'https://evil.example' } }, 'token')).toBe(
      'https://id.example.com/oauth/token',
    );
  });

  it('hides why a client could not be authenticated', () => {
    const error = new errors.InvalidClientAuth('the reason');
    expect(error).toMatchObject({ error: 'invalid_client', statusCode: 401, error_detail: 'the reason' });
    expect(error.error_description).not.toContain('reason');
  });

  it('calls what it keeps by the names that we keep it under', () => {
    const provider = new Provider('https://id.example.com', QUIET as never) as unknown as Record<string, unknown>;
    for (const model of ['Session', 'Interaction', 'AuthorizationCode', 'DeviceCode', 'PushedAuthorizationRequest'])
      expect(typeof provider[model]).toBe('function');
  });

  it('asks a class of its own whether an ID token is its own, by which ours is put in the place', () => {
    const { IdToken } = new Provider('https://id.example.com', QUIET as never) as unknown as { IdToken: { validate: unknown } };
    expect(typeof IdToken.validate).toBe('function');
    const { IdToken: another } = new Provider('https://id.example.com', QUIET as never) as unknown as { IdToken: { validate: unknown } };
    expect(another).not.toBe(IdToken);
  });

  it('answers by a form in a page unless that is taken away', () => {
    const provider = new Provider('https://id.example.com', QUIET as never);
    expect([...instance(provider).responseModes.keys()]).toEqual(expect.arrayContaining(['query', 'form_post']));
    withoutFormPost(provider);
    expect([...instance(provider).responseModes.keys()]).not.toContain('form_post');
  });

  it('has the prompts and the checks that ours take the place of', () => {
    const policy = interactionPolicy.base();
    expect(policy.map(({ name }) => name)).toEqual(['login', 'consent']);
    expect(policy.get('login')!.checks.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['no_session', 'max_age', 'id_token_hint']));
  });

  it('lets us say whose address a request comes from, and knows no request outside of one', async () => {
    const provider = new Provider('https://id.example.com', QUIET as never);
    const request = { headers: { 'x-forwarded-for': '192.0.2.1' }, socket: { remoteAddress: '127.0.0.1' } };
    const ctx = provider.createContext(request as never, {} as never);
    expect(ctx.ip).toBe('127.0.0.1');
    ctx.request.ip = '192.0.2.2';
    expect(ctx.ip).toBe('192.0.2.2');
    expect(Provider.ctx).toBeUndefined();
  });
});
