import type { AccessService } from '../../services/access.ts';
import type { TokenService } from '../../services/tokens.ts';
import { id, names, strict } from './bodies.ts';
import { companyOf, userOf, type CompanyParts, type CompanyType } from './company.ts';
import { notFound } from './errors.ts';
import { route, type OrderCloudRoute } from './route.ts';

export interface AccessTokenRouteParts extends CompanyParts {
  readonly access: AccessService;
  readonly tokens: TokenService;
}

/** The token with which the caller acts as somebody else: the exchange of the caller's own, which decides by the same rules. */
export function accessTokenRoutes(parts: AccessTokenRouteParts): readonly OrderCloudRoute[] {
  const { access, tokens } = parts;
  const declared = (type: Exclude<CompanyType, 'seller'>, roles: readonly [string, ...string[]]) =>
    route({
      call: type === 'buyer' ? 'Users.GetAccessToken' : 'SupplierUsers.GetAccessToken',
      method: 'POST',
      path: type === 'buyer' ? '/buyers/{company}/users/{id}/accesstoken' : '/suppliers/{company}/users/{id}/accesstoken',
      about: 'User',
      resource: 'users',
      roles,
      body: strict({ ClientID: id, Roles: names.nullish(), CustomRoles: names.nullish() }),
      handle: async ({ params, body: { ClientID, Roles, CustomRoles }, administrator, token }) => {
        await userOf(parts, await companyOf(parts, type, params.company, administrator), params.id, administrator);
        await access.refresh(0);
        const client = await access.client(ClientID);
        const isUsable = client?.client.active === true && client.client.grantTypes.includes('urn:ietf:params:oauth:grant-type:token-exchange');
        if (client === undefined || !isUsable) throw notFound('ApiClient', ClientID);
        const scope = [...(Roles ?? []), ...(CustomRoles ?? [])].join(' ');
        const issued = await tokens.impersonate(
          { client, scope, resource: undefined, dpopThumbprint: undefined },
          { subjectToken: token, requestedSubject: params.id, requestId: administrator.requestId },
        );
        return { status: 200, body: { access_token: issued.accessToken, expires_in: issued.expiresIn, token_type: 'bearer', refresh_token: null } };
      },
    });
  return [declared('buyer', ['BuyerImpersonation']), declared('supplier', ['SupplierUserAdmin'])];
}
