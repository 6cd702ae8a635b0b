/**
 * @module Lists in numbered pages, sorted and filtered by any field: what an interface needs whose callers ask for page 3 of
 * everybody called `Smith*`. It costs more than a list with a cursor, so it is for people who look through something and
 * not for programs that read everything.
 */
import type { ListQuery, Nouns, Visibility } from './directory.ts';
import { byCodePoint } from './code-point.ts';
import { fold, searchFor } from './letter-case.ts';

export type BrowsedNoun = 'organizations' | 'user_groups' | 'users' | 'security_profiles' | 'clients' | 'impersonation_rules' | 'assignments';

export type FieldKind = 'text' | 'boolean' | 'instant';

/**
 * What one can sort and filter by. The `organization` of an assignment is that of its party; a `_buyer` of a rule is the
 * organization of the type `buyer` to which its party belongs, or which it is.
 */
export const BROWSED: { readonly [N in BrowsedNoun]: Readonly<Record<string, FieldKind>> } = {
  organizations: { id: 'text', name: 'text', active: 'boolean', made_at: 'instant' },
  user_groups: { id: 'text', name: 'text', description: 'text' },
  users: {
    id: 'text',
    username: 'text',
    given_name: 'text',
    family_name: 'text',
    email: 'text',
    phone_number: 'text',
    active: 'boolean',
    organization: 'text',
    organization_type: 'text',
    made_at: 'instant',
    password_changed_at: 'instant',
  },
  security_profiles: { id: 'text', name: 'text' },
  clients: { client_id: 'text', client_name: 'text', active: 'boolean', context_username: 'text', is_anonymous_buyer: 'boolean' },
  impersonation_rules: {
    id: 'text',
    security_profile: 'text',
    client: 'text',
    impersonator_user: 'text',
    impersonator_user_group: 'text',
    impersonator_buyer: 'text',
    target_user: 'text',
    target_user_group: 'text',
    target_buyer: 'text',
  },
  assignments: { id: 'text', security_profile: 'text', level: 'text', organization: 'text', organization_type: 'text' },
};

/** Something that a field is, or with `not` is not; what is absent is nothing of all this. */
export interface FieldTest {
  readonly not: boolean;
  readonly is:
    | {
        /** What the text is made of, whatever its letter case, with anything between the pieces: `['Smith', '']` begins with Smith, `['', '']` is any text. */
        readonly like: readonly [string, ...string[]];
      }
    | { readonly equal: boolean | Date }
    | {
        /** Compared by code point, or as an instant. */
        readonly than: string | Date;
        readonly order: 'below' | 'above';
        readonly orEqual: boolean;
      };
}

/** One of these must hold of a field. */
export interface FieldCondition {
  readonly field: string;
  readonly oneOf: readonly FieldTest[];
}

export interface BrowseQuery extends Pick<ListQuery, 'visibility' | 'filters'> {
  /** All of them must hold. */
  readonly conditions: readonly FieldCondition[];
  /** In any of the fields; letter case does not matter. */
  readonly search?: { readonly text: string; readonly fields: readonly string[] } | undefined;
  /** By these fields, then by key. What is absent comes last, descending first. */
  readonly order: readonly { readonly field: string; readonly descending: boolean }[];
  readonly skip: number;
  readonly limit: number;
}

export interface NumberedPage<T> {
  readonly items: readonly T[];
  /** Everything that matches. */
  readonly total: number;
}

/** Who is in which group of an organization. */
export interface MembershipQuery {
  /** Of the user. */
  readonly visibility: Visibility;
  /** Of the group. */
  readonly organization: string;
  readonly userGroup?: string | undefined;
  readonly user?: string | undefined;
  readonly skip: number;
  readonly limit: number;
}

export interface MemberOf {
  readonly userGroup: string;
  readonly user: string;
}

/** What a store knows of an object besides the object. */
export interface Annals {
  /** Unset: before this was kept. */
  readonly madeAt?: Date | undefined;
  readonly passwordChangedAt?: Date | undefined;
}

export interface BrowseReader {
  /** @throws `invalid_input` for a field that the noun does not have */
  browse<N extends BrowsedNoun>(noun: N, query: BrowseQuery): Promise<NumberedPage<Nouns[N]>>;
  /** Ordered by group, then by user. */
  browseMemberships(query: MembershipQuery): Promise<NumberedPage<MemberOf>>;
  /** Of those that exist, by key; whether they may be seen is for the caller to know. */
  findAnnals(noun: 'organizations' | 'users', keys: readonly string[]): Promise<ReadonlyMap<string, Annals>>;
}

/** What a field of an object says. */
export type FieldValue = string | boolean | Date | undefined;

/** Whether a value passes a test. */
export function passes(value: FieldValue, { not, is }: FieldTest): boolean {
  return holds(value, is) !== not;
}

function holds(value: FieldValue, is: FieldTest['is']): boolean {
  if (value === undefined) return false;
  if ('like' in is) return isLike(value, is.like);
  if ('equal' in is) return typeof is.equal !== 'boolean' ? Number(value) === Number(is.equal) : value === is.equal;
  const order = compared(value, is.than);
  return (is.order === 'below' ? order < 0 : order > 0) || (is.orEqual && order === 0);
}

/** Piece by piece from the left, the last one at the end: as much work as there are characters, whatever the pieces. */
function isLike(value: FieldValue, pieces: readonly string[]): boolean {
  if (typeof value !== 'string') return false;
  const { letters } = searchFor(pieces.join(''));
  const text = fold(value, letters);
  const [first = '', ...rest] = pieces.map((piece) => fold(piece, letters));
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let position = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, position);
    if (found === -1) return false;
    position = found + piece.length;
  }
  return position <= text.length - last.length;
}

/** What is absent comes after everything. */
export function compared(a: FieldValue, b: FieldValue): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  if (typeof a === 'string') return byCodePoint(a, b as string);
  return Number(a) - Number(b);
}
