/**
 * @module Who may act as others has, besides the own roles, what the impersonation rules give there. Whoever joins those
 * who may, or comes to hold the role that it takes, gains the roles of the rules' profiles.
 */
import { barredFrom, type Instant, type Subject } from '../domain/access.ts';
import type { Catalogue } from '../domain/catalogue.ts';
import { DEFAULT_IMPERSONATION_ROLE, IMPERSONATION_ROLE_SETTING, windowOf, type ImpersonationRule } from '../domain/impersonation-rule.ts';
import type { StoreTransaction } from '../domain/ports.ts';
import { FULL_ACCESS } from '../domain/role.ts';
import type { WrittenChange } from '../workspace/change.ts';
import { everything } from '../workspace/sections.ts';
import { rolesFromNowOn, rolesOfProfile, type Gain } from './ceiling.ts';

/** Who may act as whom, and what it takes besides. */
export interface Impersonation {
  readonly rules: readonly ImpersonationRule[];
  readonly role: string;
}

export async function impersonationOf(tx: StoreTransaction): Promise<Impersonation> {
  const rules: ImpersonationRule[] = [];
  const list = everything(
    (page) => tx.impersonationRules.list(page),
    ({ id }) => id,
  );
  for await (const rule of list) rules.push(rule);
  return { rules, role: (await tx.settings.get(IMPERSONATION_ROLE_SETTING)) ?? DEFAULT_IMPERSONATION_ROLE };
}

/** Every role that somebody can use now or later without another change: the own ones, and those of others. */
export function rolesWithin(
  catalogue: Catalogue,
  subject: Subject,
  given: { readonly now: Instant; readonly clients: readonly string[]; readonly impersonation: Impersonation },
): string[] {
  const { now, clients, impersonation } = given;
  const roles = rolesFromNowOn(catalogue, subject, now, clients);
  if (!mayImpersonate(catalogue, subject, { role: impersonation.role, now })) return roles;
  for (const { impersonator, securityProfile } of impersonation.rules) {
    const window = windowOf(impersonator, subject);
    if (window !== undefined && window.until > Math.max(now, window.from)) roles.push(...rolesOfProfile(catalogue, securityProfile));
  }
  return roles;
}

/** Users to whom rules apply that did not before, or longer. @param gains what the users gain themselves */
export function gainsByRules({ before, after, reached, at }: WrittenChange, gains: readonly Gain[], { rules, role }: Impersonation): Gain[] {
  if (rules.length === 0) return [];
  const { catalogue } = after;
  const admitted = new Set(gains.filter(({ roles }) => roles.includes(role) || roles.includes(FULL_ACCESS)).map(({ subject }) => subject.id));
  const found: Gain[] = [];
  for (const id of reached.users) {
    const [was, becomes] = [before.users.get(id), after.users.get(id)];
    if (becomes?.active !== true || !mayImpersonate(catalogue, becomes, { role, now: at })) continue;
    const known = was?.active === true && !admitted.has(id) ? was : undefined;
    const applying = rules.filter(({ impersonator }) => applies(impersonator, { was: known, becomes, now: at }));
    const roles = applying.flatMap(({ securityProfile }) => rolesOfProfile(catalogue, securityProfile));
    if (roles.length > 0) found.push({ subject: becomes, roles: [...new Set(roles)].sort() });
  }
  return found;
}

function applies(
  impersonator: ImpersonationRule['impersonator'],
  { was, becomes, now }: { readonly was: Subject | undefined; readonly becomes: Subject; readonly now: Instant },
): boolean {
  const window = windowOf(impersonator, becomes);
  if (window === undefined || window.until <= Math.max(now, window.from)) return false;
  const former = was && windowOf(impersonator, was);
  return former === undefined || former.from > Math.max(now, window.from) || former.until < window.until;
}

/** Whether somebody holds what impersonation takes, now or later, through whichever client. */
function mayImpersonate(catalogue: Catalogue, subject: Subject, { role, now }: { readonly role: string; readonly now: Instant }): boolean {
  const barred = barredFrom(catalogue, subject);
  const sufficient = [role, FULL_ACCESS].flatMap((name) => catalogue.indexOf(name) ?? []).filter((one) => !barred.has(one));
  return subject.reaches.some(({ profile, from, until }) => {
    if (until <= Math.max(now, from)) return false;
    const roles = catalogue.profile(profile)?.roles;
    return roles !== undefined && sufficient.some((one) => roles.includes(one));
  });
}
