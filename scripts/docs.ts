// `npm run docs`: writes the generated parts of the documentation anew.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GENERATED_DOCUMENTS, withGeneratedParts } from './reference.ts';

for (const document of GENERATED_DOCUMENTS) {
  const file = path.resolve(import.meta.dirname, '..', document);
  const before = readFileSync(file, 'utf8');
  const after = withGeneratedParts(before);
  if (after !== before) writeFileSync(file, after);
  console.log(`${document}: ${after === before ? 'up to date' : 'written'}`);
}
