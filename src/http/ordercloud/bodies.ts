/** What bodies are made of: the members of the SDK's models. What only OrderCloud keeps is taken and not kept. */
import { z } from 'zod';
import { assertNaturalId } from '../../domain/party.ts';
import { DomainError } from '../../domain/errors.ts';

/** Taken, whatever it is, and not kept: members that are read only, and what belongs to products and orders. */
const ignored = z.unknown().optional();

/** @param members that are taken and not kept */
export function strict<Shape extends z.core.$ZodLooseShape>(shape: Shape, members: readonly string[] = []) {
  const taken: object = Object.fromEntries(members.map((member) => [member, ignored]));
  return z.strictObject({ ...shape, ...taken });
}

export const id = z.string().superRefine((value, context) => {
  try {
    assertNaturalId(value);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});
export const optionalId = id.nullish().transform((value) => value ?? undefined);

/** The SDK sends `null`, and some programs `""`, for what is not set. */
export const text = (longest = 200) =>
  z
    .string()
    .max(longest)
    .nullish()
    .transform((value) => (value === undefined ? undefined : value === null || value === '' ? null : value));
export const name = z.string().min(1).max(200);
export const flag = z.boolean();
export const names = z.array(z.string()).max(1000);

/** The fields without those that were not sent. */
export function sent(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
