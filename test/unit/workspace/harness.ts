/** @module A store in memory, a hasher that costs nothing, and workspaces written down as text. */
import type { PasswordHasher, Store } from '../../../src/domain/ports.ts';
import { digest } from '../../../src/services/client-authentication.ts';
import { openMemoryStore } from '../../../src/storage/memory/store.ts';
import { applyWorkspace, planWorkspace, type PlanOptions, type WorkspacePlan } from '../../../src/workspace/apply.ts';
import { WorkspaceError, type Problem } from '../../../src/workspace/problem.ts';
import { parseWorkspace } from '../../../src/workspace/read.ts';
import type { SecretPolicy } from '../../../src/workspace/schema.ts';
import type { Workspace, WorkspaceContext } from '../../../src/workspace/workspace.ts';
import { listAuditEvents } from '../../support/audit.ts';

export const NOW = Date.parse('2026-11-22T12:00:00Z');
export const PLAIN: SecretPolicy = { insecurePlaintext: true, lookup: () => undefined };

export interface CountingHasher extends PasswordHasher {
  hashed: number;
}

export function fakeHasher(): CountingHasher {
  const hasher: CountingHasher = {
    hashed: 0,
    hash: async (password) => {
      hasher.hashed += 1;
      return `$fake$${digest(password)}`;
    },
    verify: async (hash, password) => hash === `$fake$${digest(password)}`,
    needsRehash: () => false,
    slowestForeignMilliseconds: () => 0,
    decoy: '$fake$decoy',
  };
  return hasher;
}

export interface Harness extends WorkspaceContext {
  readonly store: Store;
  readonly hasher: CountingHasher;
  /** Moves on by hand. */
  now: number;
  apply(text: Texts, options?: PlanOptions): Promise<WorkspacePlan>;
  plan(text: Texts, options?: PlanOptions): Promise<WorkspacePlan>;
  /** What an apply is refused with; fails when it is not refused, or when something changed. */
  refusal(text: Texts, options?: PlanOptions): Promise<readonly Problem[]>;
}

/** One file, or several by name. */
export type Texts = string | Readonly<Record<string, string>>;

export function read(texts: Texts, policy: SecretPolicy = PLAIN): Workspace {
  const files = typeof texts === 'string' ? { 'workspace.yaml': texts } : texts;
  return parseWorkspace(
    Object.entries(files).map(([file, text]) => ({ file, text })),
    policy,
  );
}

export function harness(): Harness {
  let ids = 0;
  const context: Harness = {
    store: openMemoryStore(),
    hasher: fakeHasher(),
    now: NOW,
    clock: { now: () => context.now },
    random: { id: () => `id-${(ids += 1)}`, secret: () => 'unused' },
    actor: { kind: 'operator', id: 'tester' },
    requestId: 'request-1',
    apply: (texts, options) => applyWorkspace(context, read(texts), options),
    plan: (texts, options) => planWorkspace(context, read(texts), options),
    refusal: async (texts, options) => {
      const events = await eventTypes(context.store);
      try {
        await context.apply(texts, options);
      } catch (error) {
        if (!(error instanceof WorkspaceError)) throw error;
        if ((await eventTypes(context.store)).length !== events.length) throw new Error('A refused workspace left a trace.', { cause: error });
        return error.problems;
      }
      throw new Error('The workspace was not refused.');
    },
  };
  return context;
}

/** Types of the audit events so far, oldest first. */
export async function eventTypes(store: Store): Promise<string[]> {
  return (await listAuditEvents(store, { limit: 10_000 })).map(({ type }) => type).reverse();
}

/** `file:line:column path: message` of each problem. */
export function lines(problems: readonly Problem[]): string[] {
  return problems.map(({ file, line, column, path, message }) => `${file}:${line}:${column} ${path}: ${message}`);
}

/** A seller with a buyer below it, a few roles and profiles, and people. */
export const MARKET = `rolemint: 1
workspace: market
organization_types:
  - {name: seller}
  - {name: buyer, parents: [seller]}
roles:
  - {name: OrderReader, category: reader}
  - {name: OrderAdmin, category: admin}
  - {name: Shopper, category: shopper}
permission_types:
  - {type: data/User, operations: [read, update]}
organizations:
  - {id: S, type: seller}
  - {id: B, type: buyer, parent: S}
user_groups:
  - {id: G, organization: B}
users:
  - {id: ann, organization: B, user_groups: [G]}
  - {id: bob, organization: B}
  - {id: sue, organization: S}
security_profiles:
  - {id: P, roles: [Shopper]}
  - {id: Q, roles: [OrderReader]}
clients:
  - {client_id: shop, grant_types: [password], token_endpoint_auth_method: none}
assignments:
  - {security_profile: P, organization: B}
`;
