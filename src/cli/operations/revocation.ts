/** The operation that ends everything that was issued. */
import { revokeEverything } from '../../services/revocation.ts';
import type { Operation } from '../operation.ts';

export const revokeAll: Operation<Record<string, never>, { readonly issued_up_to: string }> = {
  name: 'revoke-all',
  perform: async ({ app, actor }) => ({ issued_up_to: (await revokeEverything(app, { actor })).toISOString() }),
};

export const REVOCATION_OPERATIONS = [revokeAll];
