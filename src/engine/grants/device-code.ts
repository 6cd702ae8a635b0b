import { errors } from 'oidc-provider';
import { digest } from '../../services/client-authentication.ts';
import { expiryOf } from '../../services/device-codes.ts';
import type { GrantType } from './grant.ts';

/** RFC 8628 §3.4: a device asks whether its person has decided, not too often. */
export const deviceCode: GrantType = {
  name: 'urn:ietf:params:oauth:grant-type:device_code',
  parameters: ['device_code'],
  issue: async (tokens, request, { parameter }, { artifacts, clock, devices, endGrant }) => {
    const id = digest(parameter('device_code'));
    const now = new Date(clock.now());
    const found = await artifacts.find('device_code', id, now);
    const { clientId } = request.client.client;
    if (found === undefined || found.payload['clientId'] !== clientId) throw new errors.InvalidGrant('device code unknown, or of another client');
    const { payload } = found;
    if (found.consumedAt !== undefined) {
      await endGrant(String(payload['grantId']), clientId);
      throw new errors.InvalidGrant('the device code was used before; what came of it is ended');
    }
    if (expiryOf(found) <= now) throw new errors.ExpiredToken('the device code has expired');
    if (payload['refused'] === true) throw new errors.AccessDenied('the person refused');
    if (!(await devices.mayAsk(id))) throw new errors.SlowDown('asked again too soon');
    if (payload['userId'] === undefined) throw new errors.AuthorizationPending('the person has not decided yet');
    if (!(await artifacts.consume('device_code', id, now))) {
      await endGrant(String(payload['grantId']), clientId);
      throw new errors.InvalidGrant('the device code was used before; what came of it is ended');
    }
    const { scope, resource } = payload['params'] as { readonly scope?: string; readonly resource: string };
    return tokens.redeem(request, {
      grantType: 'urn:ietf:params:oauth:grant-type:device_code',
      grantId: String(payload['grantId']),
      userId: payload['userId'] as string,
      scope,
      agreed: payload['agreed'] as readonly string[] | undefined,
      audience: resource,
      sessionId: String(payload['sessionId']),
      signedInAt: new Date(Number(payload['signedInAt'])),
      authorizedAt: new Date(Number(payload['authorizedAt'])),
      nonce: undefined,
    });
  },
};
