/** @module An impersonation rule says who may act as whom, through which client, with the roles of which profile, for how long. */
import type { Party } from './party.ts';

export interface ImpersonationRule {
  readonly id: string;
  readonly impersonator: Party;
  readonly target: Party;
  readonly securityProfile: string;
  readonly client: string;
  readonly maxLifetimeSeconds?: number | undefined;
}
