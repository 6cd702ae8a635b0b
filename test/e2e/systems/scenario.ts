/** @module The scenarios of the three systems as they stand in test/data/scenarios. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { System } from '../../support/example-api.ts';
import { DATA } from '../../support/server.ts';

export interface TokenStep {
  readonly grant: 'password' | 'client_credentials' | 'refresh_token' | 'impersonation';
  readonly client: string;
  readonly secret?: string;
  readonly user?: string;
  readonly password?: 'wrong';
  readonly scope: string | null;
  readonly of?: string;
  /** Impersonation: name of the kept token of who acts, and the user to act as. */
  readonly actor?: string;
  readonly target?: string;
}

/** A profile is created by somebody: letters are operations. */
export interface CloneStep {
  readonly by: string;
  readonly client: string;
  readonly types: Readonly<Record<string, string>>;
}

/** What must suffice for a call. */
export interface CallNeed {
  readonly anyOf?: readonly string[];
  readonly allOf?: readonly string[];
  readonly userTypes?: readonly string[];
  readonly entity?: Readonly<Record<string, unknown>>;
}

export interface Step {
  readonly token?: TokenStep;
  readonly clone?: CloneStep;
  /** A call to the API of the system, in the words of the scenario, with a kept token. */
  readonly call?: string;
  readonly with?: string;
  readonly need?: CallNeed;
  readonly status?: number;
  readonly as?: string | null;
  readonly expect?: { readonly status: number; readonly roles?: readonly string[]; readonly error?: string; readonly code?: string };
  readonly repeat?: number;
  readonly change?: { readonly unlock?: { readonly user: string } };
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly steps: readonly Step[];
}

export const scenariosOf = (system: System): readonly Scenario[] =>
  JSON.parse(readFileSync(path.join(DATA, `scenarios/${system}.json`), 'utf8')) as readonly Scenario[];
