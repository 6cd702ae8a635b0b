/** @module Texts that people have reviewed. A test that finds another text fails; `UPDATE_GOLDEN=1` writes it, to be reviewed again. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@jest/globals';

/** Compares a text with the reviewed one of that name in this folder. */
export function expectGolden(name: string, text: string): void {
  const file = path.join(import.meta.dirname, name);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

const LINE = 150;

/** JSON with as much on one line as is read at a glance. */
export function readableJson(value: unknown, indentation = ''): string {
  const flat = JSON.stringify(value);
  if (indentation.length + flat.length <= LINE || typeof value !== 'object' || value === null) return flat;
  const deeper = `${indentation}  `;
  const inside = Array.isArray(value)
    ? value.map((item) => readableJson(item, deeper))
    : Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${readableJson(member, deeper)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${inside.map((line) => deeper + line).join(',\n')}\n${indentation}${close}`;
}
