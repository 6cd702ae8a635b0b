/** @module What a change would mean for people and programs, told within what the administrator may see. */
import type { StoreTransaction } from '../domain/ports.ts';
import { covers, type Tenancy } from '../domain/tenancy.ts';
import type { WrittenChange } from '../workspace/change.ts';
import { compareSnapshots, type RoleEffect } from '../workspace/effects.ts';
import type { PlanRow } from '../workspace/plan.ts';
import { heldByNobody } from './held-by-nobody.ts';

/** JSON as it is answered. */
export interface BlastRadius {
  readonly changes: readonly PlanRow[];
  readonly subjects: {
    /** How many users and clients gain or lose something. */
    readonly total: number;
    /** There are more whom the change can reach than were compared. */
    readonly cut: boolean;
    /** At most 100 of them. */
    readonly first: readonly SubjectEffect[];
  };
  readonly by_organization: readonly {
    readonly organization: string | null;
    readonly role: string;
    readonly gained: number;
    readonly lost: number;
  }[];
  /** Roles that somebody loses and that nobody whom the administrator may see would hold any more. */
  readonly roles_nobody_would_hold: readonly string[];
}

export interface SubjectEffect {
  readonly kind: 'user' | 'client';
  readonly id: string;
  readonly organization: string | null;
  /** Only in tokens for this client. */
  readonly client: string | null;
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

const MOST_TOLD = 100;

export async function blastRadiusOf(tx: StoreTransaction, change: WrittenChange, tenancy: Tenancy): Promise<BlastRadius> {
  const { rows, before, after, reached, at } = change;
  const seen = seenBy(tenancy, change);
  const effects = compareSnapshots(before, after, reached, at)
    .map((effect) => ({ ...effect, subjects: effect.subjects.filter((id) => seen(effect.kind, id)) }))
    .filter(({ subjects }) => subjects.length > 0);
  const subjects = effects.flatMap(subjectEffects);
  const lost = [...new Set(effects.flatMap((effect) => effect.lost))];
  return {
    changes: rows,
    subjects: { total: new Set(subjects.map(({ kind, id }) => `${kind}:${id}`)).size, cut: reached.cut, first: subjects.slice(0, MOST_TOLD) },
    by_organization: countsOf(effects),
    roles_nobody_would_hold: lost.length === 0 ? [] : await heldByNobody(tx, after.catalogue, { roles: lost, at, tenancy }),
  };
}

function seenBy(tenancy: Tenancy, { before, after }: WrittenChange): (kind: 'user' | 'client', id: string) => boolean {
  return (kind, id) => {
    const subject = kind === 'user' ? (after.users.get(id) ?? before.users.get(id)) : (after.clients.get(id) ?? before.clients.get(id))?.self;
    return subject !== undefined && covers(tenancy, subject.organization?.path);
  };
}

const subjectEffects = ({ kind, organization, client, gained, lost, subjects }: RoleEffect): SubjectEffect[] =>
  subjects.map((id) => ({ kind, id, organization: organization ?? null, client: client ?? null, gained, lost }));

function countsOf(effects: readonly RoleEffect[]): BlastRadius['by_organization'] {
  const counts = new Map<string, { organization: string | null; role: string; gained: number; lost: number }>();
  const count = (organization: string | undefined, role: string, side: 'gained' | 'lost', subjects: number) => {
    const key = JSON.stringify([organization, role]);
    const entry = counts.get(key) ?? { organization: organization ?? null, role, gained: 0, lost: 0 };
    entry[side] += subjects;
    counts.set(key, entry);
  };
  for (const { organization, gained, lost, subjects } of effects) {
    for (const role of gained) count(organization, role, 'gained', subjects.length);
    for (const role of lost) count(organization, role, 'lost', subjects.length);
  }
  return [...counts.values()];
}
