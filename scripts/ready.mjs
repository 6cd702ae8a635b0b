// Runs before `npm start`, `npm test` and `npm run bench`: installs the dependencies that the lockfile names when
// they are missing or older than it, and compiles when `build` is asked for and a source is newer than its output.
import { execSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const mtime = (file) => (existsSync(path.join(root, file)) ? statSync(path.join(root, file)).mtimeMs : 0);
const run = (command) => execSync(command, { cwd: root, stdio: ['ignore', 2, 2] });

if (mtime('node_modules/.package-lock.json') < mtime('package-lock.json')) {
  console.error('rolemint: installing dependencies (npm ci) …');
  run('npm ci --no-audit --no-fund --loglevel=error');
}

function newest(folder) {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, statSync(path.join(entry.parentPath, entry.name)).mtimeMs), 0);
}

if (process.argv.includes('build')) {
  const sources = Math.max(newest('src'), newest('migrations'), mtime('tsconfig.json'), mtime('tsconfig.build.json'));
  if (Math.min(mtime('dist/src/cli/main.js'), mtime('dist/console/index.html')) < sources) {
    console.error('rolemint: compiling …');
    run('npm run -s build');
  }
}
