import { CLIENT_AUTHENTICATION_METHODS } from '../domain/client.ts';
import { OIDC_SCOPES } from '../domain/oidc-scope.ts';
import { GRANT_NAMES } from './grants/grants.ts';
import { ASSERTION_ALGORITHMS, DPOP_ALGORITHMS, PATHS } from './provider.ts';

/** Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0): what is on, with URLs of the configured issuer. */
export function discoveryDocument(issuer: string): Record<string, unknown> {
  const authenticated = CLIENT_AUTHENTICATION_METHODS.filter((method) => method !== 'none');
  return {
    issuer,
    authorization_endpoint: issuer + PATHS.authorization,
    pushed_authorization_request_endpoint: issuer + PATHS.pushedAuthorization,
    device_authorization_endpoint: issuer + PATHS.deviceAuthorization,
    userinfo_endpoint: `${issuer}/oauth/userinfo`,
    end_session_endpoint: `${issuer}/oauth/logout`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    token_endpoint: issuer + PATHS.token,
    introspection_endpoint: issuer + PATHS.introspection,
    revocation_endpoint: issuer + PATHS.revocation,
    jwks_uri: issuer + PATHS.jwks,
    grant_types_supported: [...GRANT_NAMES],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    scopes_supported: OIDC_SCOPES,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    prompt_values_supported: ['none', 'login', 'consent'],
    ui_locales_supported: ['en', 'de'],
    claims_supported: ['sub', 'auth_time', 'sid', 'preferred_username', 'org_id', 'org_type', 'org_path', 'email', 'email_verified'],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint_auth_methods_supported: authenticated,
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION_METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
  };
}
