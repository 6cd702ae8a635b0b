// `npm run docs:client`: writes what a client of the management API is compiled against anew, from the reviewed OpenAPI
// document: its types, and what each operation is about and which roles it takes. With `--check` it only compares. The generator of the types
// stands on another compiler than the project, so it is fetched for the run.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const DOCUMENT = 'test/golden/openapi.json';
const TYPES = 'src/console/api/management-api.d.ts';
const OPERATIONS = 'src/console/api/operations.ts';
// What has a default need not be sent: the generator takes it for required unless told otherwise.
const GENERATOR = ['npx', '-y', '-p', 'openapi-typescript@7.13.0', '-p', 'typescript@5.9.3', 'openapi-typescript'];
const COMMAND = [...GENERATOR, '--default-non-nullable=false', DOCUMENT];

const root = path.resolve(import.meta.dirname, '..');
const written = { [TYPES]: typesOf(), [OPERATIONS]: operationsOf(JSON.parse(readFileSync(path.join(root, DOCUMENT), 'utf8'))) };
for (const [name, text] of Object.entries(written)) {
  const file = path.join(root, name);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
    console.log(`${name}: written`);
  } else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${name} is not what ${DOCUMENT} says: run \`npm run docs:client\`.`);
    process.exitCode = 1;
  }
}

function typesOf() {
  const [program, ...parameters] = COMMAND;
  const generated = execFileSync(program, parameters, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return `// Made by \`npm run docs:client\`, which runs\n// ${COMMAND.join(' ')}\n${generated}`;
}

function operationsOf({ paths }) {
  const lines = Object.entries(paths).map(([name, methods]) => {
    const operations = Object.entries(methods).map(
      ([
        method,
        {
          tags: [resource],
          'x-roles': roles,
        },
      ]) => `${method}: { resource: ${JSON.stringify(resource)}, roles: ${JSON.stringify(roles)} }`,
    );
    return `  ${JSON.stringify(name)}: { ${operations.join(', ')} },`;
  });
  return `// Made by \`npm run docs:client\` from ${DOCUMENT}: what each operation is about, and the roles of which one suffices; none: any token will do.\nexport const OPERATIONS = {\n${lines.join('\n')}\n} as const;\n`;
}
