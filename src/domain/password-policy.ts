/**
 * @module What a password must be. Policies come with security profiles; where a user inherits several, the strictest
 * value of each field counts.
 */

export interface PasswordPolicy {
  readonly minimumLength?: number | undefined;
  readonly allowedFailedAttempts?: number | undefined;
  readonly lockoutMinutes?: number | undefined;
  readonly uppercaseRequired?: boolean | undefined;
  readonly lowercaseRequired?: boolean | undefined;
  readonly digitRequired?: boolean | undefined;
  readonly specialRequired?: boolean | undefined;
  readonly maximumRepeatedCharacters?: number | undefined;
  /** How many of the newest passwords, the one in force included, may not come back; at most {@link MOST_REMEMBERED}. */
  readonly history?: number | undefined;
  readonly maximumAgeDays?: number | undefined;
  readonly minimumAgeMinutes?: number | undefined;
}

/** Longest password that is ever looked at, in code points. Longer input is refused before any hashing. */
export const MAXIMUM_PASSWORD_LENGTH = 1024;

/** Passwords that are remembered of a user, the one in force included. */
export const MOST_REMEMBERED = 24;

/** NIST SP 800-63B: at least eight characters where nothing stricter is inherited. */
export const DEFAULT_MINIMUM_LENGTH = 8;

/** Failed attempts that are free of delay where no policy says otherwise. */
export const DEFAULT_ALLOWED_FAILED_ATTEMPTS = 10;

type NumberField =
  | 'minimumLength'
  | 'allowedFailedAttempts'
  | 'lockoutMinutes'
  | 'maximumRepeatedCharacters'
  | 'history'
  | 'maximumAgeDays'
  | 'minimumAgeMinutes';
type FlagField = 'uppercaseRequired' | 'lowercaseRequired' | 'digitRequired' | 'specialRequired';

const STRICTEST_NUMBER: Record<NumberField, (...values: number[]) => number> = {
  minimumLength: Math.max,
  allowedFailedAttempts: Math.min,
  lockoutMinutes: Math.max,
  maximumRepeatedCharacters: Math.min,
  history: Math.max,
  maximumAgeDays: Math.min,
  minimumAgeMinutes: Math.max,
};
const FLAGS: readonly FlagField[] = ['uppercaseRequired', 'lowercaseRequired', 'digitRequired', 'specialRequired'];

/** Combines inherited policies field by field; the strictest value wins, an unset field asks for nothing. */
export function strictestPolicy(policies: readonly PasswordPolicy[]): PasswordPolicy {
  const combined: { -readonly [field in keyof PasswordPolicy]: PasswordPolicy[field] } = {};
  for (const [field, strictest] of Object.entries(STRICTEST_NUMBER) as [NumberField, (...values: number[]) => number][]) {
    const values = policies.map((policy) => policy[field]).filter((value) => value !== undefined);
    if (values.length > 0) combined[field] = strictest(...values);
  }
  for (const flag of FLAGS) {
    if (policies.some((policy) => policy[flag] === true)) combined[flag] = true;
  }
  return combined;
}

/** The form in which a password is hashed and compared: NFKC, nothing cut off (NIST SP 800-63B §3.1.1.2). */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/** NUL, U+FFFD that stands for bytes that are no UTF-8, and surrogates without their other half: many inputs, one hash. */
const UNSOUND = /[\0\uFFFD\uD800-\uDFFF]/u;

/**
 * Whether the string can be anybody's password at all: 1 to 1,024 code points, no sign of broken UTF-8 or UTF-16, no NUL.
 * Checked before hashing, so that length costs nothing.
 */
export function isPlausiblePassword(password: string): boolean {
  if (password.length === 0 || password.length > 2 * MAXIMUM_PASSWORD_LENGTH) return false;
  if (UNSOUND.test(password)) return false;
  return Array.from(password).length <= MAXIMUM_PASSWORD_LENGTH;
}

/** What is wrong with a new password under a policy, in words for the person who chose it; empty when it will do. */
export function passwordProblems(password: string, policy: PasswordPolicy, forbidden: readonly string[] = []): string[] {
  if (!isPlausiblePassword(password)) return [`must have 1 to ${MAXIMUM_PASSWORD_LENGTH} characters`];
  const normalized = normalizePassword(password);
  const characters = Array.from(normalized);
  const minimum = Math.max(policy.minimumLength ?? DEFAULT_MINIMUM_LENGTH, 1);
  const problems: string[] = [];
  if (characters.length < minimum) problems.push(`must have at least ${minimum} characters`);
  if (policy.uppercaseRequired === true && !/\p{Lu}/u.test(normalized)) problems.push('must contain an upper-case letter');
  if (policy.lowercaseRequired === true && !/\p{Ll}/u.test(normalized)) problems.push('must contain a lower-case letter');
  if (policy.digitRequired === true && !/\p{Nd}/u.test(normalized)) problems.push('must contain a digit');
  if (policy.specialRequired === true && !/[^\p{L}\p{N}\s]/u.test(normalized)) problems.push('must contain a special character');
  if (policy.maximumRepeatedCharacters !== undefined && longestRun(characters) > policy.maximumRepeatedCharacters) {
    problems.push(`must not repeat a character more than ${policy.maximumRepeatedCharacters} times in a row`);
  }
  if (characters.every((character) => /\s/u.test(character))) problems.push('must not consist of spaces');
  const folded = normalized.toLowerCase();
  if (forbidden.some((word) => word.normalize('NFKC').toLowerCase() === folded)) problems.push('must not be a name of yours or of your organization');
  if (COMMON_PASSWORDS.has(folded)) problems.push('is one of the most common passwords');
  return problems;
}

function longestRun(characters: readonly string[]): number {
  let longest = 0;
  let run = 0;
  characters.forEach((character, index) => {
    run = character === characters[index - 1] ? run + 1 : 1;
    longest = Math.max(longest, run);
  });
  return longest;
}

/** The commonest passwords of eight characters and more in published breaches; deployments with stricter needs raise `minimumLength`. */
const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  (
    'password password1 password12 password123 password1234 password! passw0rd p@ssw0rd p@ssword 12345678 123456789 1234567890 12345678910 87654321 ' +
    '987654321 qwertyui qwertyuiop qwerty123 qwerty1234 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc zaq12wsx asdfghjk asdfghjkl abcd1234 abc12345 abcdefgh ' +
    'iloveyou sunshine princess football baseball superman batman123 trustno1 welcome1 welcome123 letmein1 letmein123 admin123 administrator changeme ' +
    'changeme123 11111111 00000000 88888888 66666666 12341234 11223344 123123123 123qweasd qazwsxedc michael1 jennifer computer internet whatever starwars ' +
    'monkey123 dragon123 master123 hello123 secret123 test1234 testtest default1 guest123 pokemon1 liverpool arsenal1 chelsea1 correcthorsebatterystaple'
  ).split(' '),
);
