/**
 * @module What one decision of the policy costs: `npx tsx bench/policy.ts`. Prints a table; judges nothing.
 *
 * A user with 200 assignments asks for 10, 60 and 1,000 names in catalogues of several sizes. *Kept* holdings are what a
 * node remembers about a user between tokens; *anew* adds what the first token after a change costs. *Counted* is what
 * counting the use of roles and profiles adds to a token.
 */
import { holdings, type Reach, type Subject } from '../src/domain/access.ts';
import { compileCatalogue, type Catalogue } from '../src/domain/catalogue.ts';
import { explain, negotiate } from '../src/domain/scope.ts';
import type { SecurityProfile } from '../src/domain/security-profile.ts';
import { UsageRecorder } from '../src/services/usage-recorder.ts';
import { openMemoryStore } from '../src/storage/memory/store.ts';

const ASSIGNMENTS = 200;
const ROLES_OF_A_PROFILE = 20;
const NOW = Date.UTC(2026, 5, 15);
const ROUNDS = 15;
const ROUND_MS = 60;

interface Case {
  readonly size: number;
  readonly catalogue: Catalogue;
  readonly subject: Subject;
}

function makeCase(size: number): Case {
  const roles = Array.from({ length: size }, (_, index) => ({ name: `Role${String(index).padStart(6, '0')}`, category: 'custom' as const }));
  const securityProfiles = Array.from({ length: size }, (_, index): SecurityProfile => ({
    id: `profile-${index}`,
    name: `Profile ${index}`,
    roles: Array.from({ length: ROLES_OF_A_PROFILE }, (__, step) => roles[(index * 7 + step * 13) % size]!.name),
    permissions: [],
    fullAccess: false,
    managed: false,
    version: 1,
  }));
  const barredRoles = roles.filter((_, index) => index % 50 === 0).map(({ name }) => name);
  const catalogue = compileCatalogue({
    roles,
    permissionTypes: [],
    organizationTypes: [{ name: 'buyer', parents: [], barredRoles }],
    securityProfiles,
  });
  const reaches = Array.from({ length: ASSIGNMENTS }, (_, index): Reach => ({
    assignment: `assignment-${index}`,
    profile: `profile-${(index * 31) % size}`,
    party: { kind: index % 3 === 0 ? 'user' : 'user_group', id: `party-${index}` },
    includeDescendants: false,
    // One in ten is over, one in ten has not begun: both are searched when a name is not held.
    from: index % 10 === 1 ? NOW + 1 : -Infinity,
    until: index % 10 === 0 ? NOW : index % 4 === 0 ? NOW + 3_600_000 : Infinity,
    assignedAt: 0,
  }));
  const organization = { id: 'acme', type: 'buyer', path: ['market', 'acme'] };
  return {
    size,
    catalogue,
    subject: { kind: 'user', id: 'alice', active: true, organization, authorizedOrganizations: [], memberships: [], reaches },
  };
}

/** Names spread over the catalogue: most of them known, some held. */
function request({ catalogue }: Case, length: number): string[] {
  return Array.from({ length }, (_, index) => {
    const position = Math.floor((index * catalogue.roles.length) / length);
    return index % 10 === 9 || index >= catalogue.roles.length ? `Unknown${index}` : catalogue.roles[position]!;
  });
}

let sink = 0;

/** Microseconds of one call: the middle of several rounds, after warming up. */
function measure(work: () => number): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const begun = performance.now();
    let calls = 0;
    while (performance.now() - begun < ROUND_MS) {
      for (let index = 0; index < 10; index += 1) sink += work();
      calls += 10;
    }
    rounds.push(((performance.now() - begun) * 1000) / calls);
  }
  return rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}

const cells = (...values: (string | number)[]): string =>
  `| ${values.map((value) => (typeof value === 'number' ? value.toFixed(1) : value)).join(' | ')} |`;

const count = (value: number): string => Math.round(value).toLocaleString('en');

function row(given: Case, names: number): string {
  const { catalogue, subject } = given;
  const requested = request(given, names);
  const limits = { maximumRoles: new Set(catalogue.roles), resourceServerRoles: new Set(catalogue.roles) };
  const held = holdings(catalogue, subject, 'shop', NOW);
  const negotiation = negotiate(catalogue, held, limits, requested);
  const { granted } = negotiation;
  const kept = measure(() => negotiate(catalogue, held, limits, requested).granted.length);
  const anew = measure(() => negotiate(catalogue, holdings(catalogue, subject, 'shop', NOW), limits, requested).granted.length);
  const explained = measure(() => explain(catalogue, held, limits, requested).length);
  const recorder = new UsageRecorder({
    usage: openMemoryStore().usage,
    clock: { now: () => NOW },
    onError: () => undefined,
    onLost: () => undefined,
  });
  const event = { clientId: 'shop', catalogue, held, negotiation };
  const counted = measure(() => {
    recorder.record(event);
    return 1;
  });
  return cells(count(given.size), count(names), count(granted.length), kept, count(1e6 / kept), anew, count(1e6 / anew), explained, counted);
}

console.log(`Node ${process.version}, ${ASSIGNMENTS} assignments, ${ROLES_OF_A_PROFILE} roles a profile\n`);
console.log(cells('profiles = roles', 'names asked', 'granted', 'kept µs', 'kept a second', 'anew µs', 'anew a second', 'explain µs', 'counted µs'));
console.log(cells(...Array<string>(9).fill('---:')));
for (const given of [100, 1000, 10_000].map(makeCase)) {
  for (const names of [10, 60, 1000]) console.log(row(given, names));
}
if (sink < 0) throw new Error('nothing was measured');
