import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { allOf, anyOf, type Check, type Requirement } from '../../../src/sdk/checks.ts';
import { entity, organizationTypes } from '../../../src/sdk/entity.ts';
import { testAccess } from '../../../src/sdk/testing.ts';

const DATA = path.resolve(import.meta.dirname, '../../data');

interface Need {
  readonly anyOf?: readonly string[];
  readonly allOf?: readonly string[];
  readonly userTypes?: readonly string[];
  readonly entity?: {
    readonly company?: string;
    readonly user?: string;
    readonly path?: string;
    readonly visibleBelow?: boolean;
    readonly write?: boolean;
  };
}
interface Step {
  readonly token?: { readonly user?: string; readonly grant: string; readonly target?: string; readonly client: string };
  readonly as?: string | null;
  readonly expect?: { readonly status: number; readonly roles?: readonly string[] };
  readonly call?: string;
  readonly with?: string;
  readonly need?: Need;
  readonly status?: number;
}
interface Workspace {
  readonly organizations: readonly { readonly id: string; readonly type: string; readonly parent?: string }[];
  readonly users: readonly { readonly id: string; readonly organization: string; readonly authorized_organizations?: readonly string[] }[];
  readonly clients: readonly { readonly client_id: string; readonly context_user?: string }[];
}

/** A `need` of a scenario as a check; undefined: any token will do. */
function checkOf(need: Need, pathOf: (id: string) => readonly string[]): Check | undefined {
  const all: Requirement[] = [];
  if (need.anyOf !== undefined) all.push(anyOf(...need.anyOf));
  if (need.allOf !== undefined) all.push(allOf(...need.allOf));
  if (need.userTypes !== undefined) all.push(organizationTypes(...need.userTypes));
  const { company, user, path: node, visibleBelow = false, write = false } = need.entity ?? {};
  if (company !== undefined) all.push(entity.company(company));
  if (user !== undefined) all.push(entity.user(user));
  if (node !== undefined) all.push(entity.at(pathOf(node), { visibleBelow, write }));
  return all.length === 0 ? undefined : allOf(...all);
}

describe.each(['ordercloud', 'tradecloud', 'voss'])('the calls of %s', (system) => {
  const scenarios = JSON.parse(readFileSync(path.join(DATA, `scenarios/${system}.json`), 'utf8')) as { id: string; title: string; steps: Step[] }[];
  const workspace = parse(readFileSync(path.join(DATA, `workspaces/${system}.yaml`), 'utf8')) as Workspace;
  const organization = (id: string) => workspace.organizations.find((one) => one.id === id)!;
  const pathOf = (id: string): string[] => {
    const { parent } = organization(id);
    return [...(parent === undefined ? [] : pathOf(parent)), id];
  };

  function accessOf({ token, expect: expected }: Step) {
    const { grant, client, target, user } = token!;
    const acting = target ?? user ?? workspace.clients.find((one) => one.client_id === client)!.context_user!;
    const { organization: own, authorized_organizations: others = [] } = workspace.users.find(({ id }) => id === acting)!;
    return testAccess({
      subject: grant === 'client_credentials' ? client : acting,
      clientId: client,
      roles: expected!.roles!,
      organization: { id: own, type: organization(own).type, path: pathOf(own), ids: [own, ...others] },
    });
  }

  it.each(scenarios.filter(({ steps }) => steps.some(({ call }) => call !== undefined)))('$id $title', ({ steps }) => {
    for (const step of steps.filter(({ call }) => call !== undefined)) {
      const token = steps.findLast(({ as }, index) => as === step.with && index < steps.indexOf(step))!;
      // A refreshed token has the user of its family.
      if (token.token!.grant === 'refresh_token') continue;
      const allowed = checkOf(step.need!, pathOf)?.allows(accessOf(token)) ?? true;
      expect({ call: step.call, status: allowed ? 200 : 403 }).toEqual({ call: step.call, status: step.status });
    }
  });
});
