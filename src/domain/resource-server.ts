/** @module A resource server is an API that accepts tokens: its audience, the roles that mean something to it, who may introspect for it. */

export const SIGNING_ALGORITHMS = ['ES256', 'EdDSA', 'RS256', 'PS256'] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

export interface ResourceServer {
  readonly audience: string;
  readonly name: string;
  /** Only these roles are put into its tokens; unset: all. */
  readonly roles?: readonly string[] | undefined;
  readonly signingAlg: SigningAlgorithm;
  /** Extra claim names in its tokens. */
  readonly claims?: 'ordercloud' | undefined;
  /** Clients that may introspect tokens meant for it. */
  readonly clients: readonly string[];
}
