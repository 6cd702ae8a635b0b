import { z } from 'zod';
import type { PasswordPolicy } from '../../domain/password-policy.ts';

const whole = z.int().min(0).nullish();
const flag = z.boolean().nullish();

/** OrderCloud's name of each rule, and ours. */
const RULES = [
  ['LimitPasswordReuse', 'history', 'history', whole],
  ['MaxConsecutiveDupeChars', 'maximum_repeated_characters', 'maximumRepeatedCharacters', whole],
  ['MaximumPasswordAge', 'maximum_age_days', 'maximumAgeDays', whole],
  ['MinimumPasswordAge', 'minimum_age_minutes', 'minimumAgeMinutes', whole],
  ['AllowedFailedAttempts', 'allowed_failed_attempts', 'allowedFailedAttempts', whole],
  ['LockoutDuration', 'lockout_minutes', 'lockoutMinutes', whole],
  ['UpperCaseRequired', 'uppercase_required', 'uppercaseRequired', flag],
  ['LowerCaseRequired', 'lowercase_required', 'lowercaseRequired', flag],
  ['SpecialCharacterRequired', 'special_required', 'specialRequired', flag],
  ['NumericRequired', 'digit_required', 'digitRequired', flag],
  ['MinimumCharacterCount', 'minimum_length', 'minimumLength', whole],
] as const satisfies readonly (readonly [string, string, keyof PasswordPolicy, z.ZodType])[];

export const passwordConfig = z.strictObject(Object.fromEntries(RULES.map(([name, , , schema]) => [name, schema])));

/** A policy as a workspace file has it; what is `null`, and a number that is 0, asks for nothing. `null`: no policy. */
export function policyOf(config: z.output<typeof passwordConfig> | null): Readonly<Record<string, unknown>> | null {
  if (config === null) return null;
  const fields = RULES.flatMap(([name, field]) => {
    const value = config[name];
    return value === undefined || value === null || value === 0 ? [] : [[field, value] as const];
  });
  return fields.length === 0 ? null : Object.fromEntries(fields);
}

export function shownPolicy(policy: PasswordPolicy | undefined): Readonly<Record<string, unknown>> | null {
  return policy === undefined ? null : Object.fromEntries(RULES.map(([name, , field]) => [name, policy[field] ?? null]));
}
