// `npm run docs:client`: writes the types of a client of the management API anew, from the reviewed OpenAPI document.
// With `--check` it only compares. The generator stands on another compiler than the project, so it is fetched for the run.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const DOCUMENT = 'test/golden/openapi.json';
const TYPES = 'test/e2e/management-api.d.ts';
// What has a default need not be sent: the generator takes it for required unless told otherwise.
const GENERATOR = ['npx', '-y', '-p', 'openapi-typescript@7.13.0', '-p', 'typescript@5.9.3', 'openapi-typescript'];
const COMMAND = [...GENERATOR, '--default-non-nullable=false', DOCUMENT];

const root = path.resolve(import.meta.dirname, '..');
const file = path.join(root, TYPES);
const [program, ...parameters] = COMMAND;
const generated = execFileSync(program, parameters, {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const text = `// Made by \`npm run docs:client\`, which runs\n// ${COMMAND.join(' ')}\n${generated}`;

if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
  console.log(`${TYPES}: written`);
} else if (readFileSync(file, 'utf8') !== text) {
  console.error(`${TYPES} is not what ${DOCUMENT} says: run \`npm run docs:client\`.`);
  process.exitCode = 1;
}
