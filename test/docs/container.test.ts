import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.ts';
import { read, ROOT } from './documents.ts';

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly secrets?: readonly string[];
  readonly networks: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly user?: string;
  readonly deploy?: { readonly replicas: number };
}
interface Compose {
  readonly services: Readonly<Record<'balancer' | 'rolemint' | 'postgres' | 'redis', Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** Instructions with their text, lines joined. */
const instructions = read('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => ({ name: line.split(' ')[0]!, text: line.slice(line.indexOf(' ') + 1).trim() }));
const stages = instructions.reduce<{ from: string; steps: typeof instructions }[]>((found, step) => {
  if (step.name === 'FROM') found.push({ from: step.text, steps: [] });
  else found.at(-1)!.steps.push(step);
  return found;
}, []);
const last = stages.at(-1)!;
const texts = (name: string) => last.steps.filter((step) => step.name === name).map(({ text }) => text);

describe('the Dockerfile', () => {
  it('builds in stages on Node 24 LTS, from the lockfile', () => {
    expect(stages.map(({ from }) => from.split(' ')[0])).toEqual(['node:24-slim', 'node:24-slim', 'node:24-slim']);
    const runs = instructions.filter(({ name }) => name === 'RUN').map(({ text }) => text);
    expect(runs.filter((text) => text.startsWith('npm ci'))).toHaveLength(2);
    expect(runs.join('\n')).not.toMatch(/npm (?:i|install)\b/);
  });

  it('ends with production dependencies and what was built, nothing else', () => {
    expect(stages[1]!.steps.map(({ text }) => text)).toContain('npm ci --omit=dev --no-audit --no-fund');
    expect(texts('COPY')).toEqual([
      '--from=dependencies /app/node_modules node_modules',
      '--from=build /app/dist dist',
      'examples examples',
      'package.json LICENSE ./',
    ]);
    expect(texts('RUN').join('\n')).not.toContain('npm');
  });

  it('runs as an ordinary user, by number, after everything that needs root', () => {
    const order = last.steps.map(({ name }) => name);
    expect(texts('USER')).toEqual(['1000:1000']);
    expect(order.lastIndexOf('RUN')).toBeLessThan(order.indexOf('USER'));
  });

  it('keeps what is written in volumes that are closed to others', () => {
    const volumes = JSON.parse(texts('VOLUME')[0]!) as string[];
    expect(volumes).toEqual(['/var/lib/rolemint/data', '/var/lib/rolemint/keys']);
    expect(texts('RUN')[0]).toBe(`install -d -o node -g node -m 0700 ${volumes.join(' ')}`);
    const environment = texts('ENV').join(' ');
    expect(environment).toContain(`ROLEMINT_DATA_DIR=${volumes[0]}`);
    expect(environment).toContain(`ROLEMINT_KEYS_DIR=${volumes[1]}`);
  });

  it('stops by SIGTERM and asks for its health with Node alone', () => {
    expect(texts('STOPSIGNAL')).toEqual(['SIGTERM']);
    const [, command] = /CMD (\[.*\])$/.exec(texts('HEALTHCHECK')[0]!) ?? [];
    const [program, flag, script] = JSON.parse(command!) as string[];
    expect([program, flag]).toEqual(['node', '-e']);
    expect(script).toContain('/healthz');
    expect(JSON.parse(texts('ENTRYPOINT')[0]!)).toEqual(['node', '/app/dist/src/cli/main.js']);
    expect(JSON.parse(texts('CMD')[0]!)).toEqual(['serve']);
  });

  it('copies files that exist and that .dockerignore lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = instructions
      .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from'))
      .flatMap(({ text }) => text.split(' ').slice(0, -1));
    expect(copied.filter((file) => !allowed.includes(file) || !existsSync(path.join(ROOT, file)))).toEqual([]);
    expect(read('.dockerignore').split('\n')[0]).toBe('*');
  });
});

describe('compose.yaml', () => {
  const compose = parse(read('compose.yaml')) as Compose;
  const { balancer, rolemint, postgres, redis } = compose.services;

  it('starts the server once Postgres and Redis are healthy', () => {
    expect(rolemint.depends_on).toEqual({ postgres: { condition: 'service_healthy' }, redis: { condition: 'service_healthy' } });
    expect(postgres.image).toBe('postgres:18');
    expect(redis.image).toBe('redis:8');
    for (const service of [postgres, redis]) expect(service.healthcheck?.test[0]).toBe('CMD');
  });

  it('has two nodes, which share their keys, behind a balancer that finds them', () => {
    expect(rolemint.deploy).toEqual({ replicas: 2 });
    expect(balancer.depends_on).toEqual({ rolemint: { condition: 'service_healthy' } });
    expect(balancer.volumes).toEqual(['./deploy/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro']);
    expect(balancer).toMatchObject({ read_only: true, user: '99:99' });
    const configuration = read('deploy/haproxy.cfg');
    expect(configuration).toMatch(/^ {2}bind :8080$/m);
    expect(configuration).toMatch(/^ {2}server-template node 1-8 rolemint:3000 resolvers docker/m);
    expect(configuration).toContain('option forwardfor');
  });

  it('has no secret in it: they are files', () => {
    expect(rolemint.environment?.['ROLEMINT_DATABASE_URL_FILE']).toBe('/run/secrets/database_url');
    expect(postgres.environment?.['POSTGRES_PASSWORD_FILE']).toBe('/run/secrets/postgres_password');
    for (const { secrets = [] } of Object.values(compose.services)) expect(secrets.filter((name) => !(name in compose.secrets))).toEqual([]);
    for (const { environment = {} } of Object.values(compose.services)) {
      expect(Object.keys(environment).filter((name) => /PASSWORD$|DATABASE_URL$|SECRET/.test(name))).toEqual([]);
    }
    expect(read('.gitignore').split('\n')).toContain('/secrets/');
  });

  it('takes rights away: no capabilities, no new privileges, read-only where only volumes are written', () => {
    for (const service of Object.values(compose.services)) {
      expect(service.cap_drop).toEqual(['ALL']);
      expect(service.security_opt).toEqual(['no-new-privileges:true']);
    }
    expect(rolemint).toMatchObject({ read_only: true, tmpfs: ['/tmp'], volumes: ['keys:/var/lib/rolemint/keys'] });
    expect(redis).toMatchObject({ read_only: true, tmpfs: ['/data'] });
    expect(redis.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('opens one port, on the own machine, and hides the stores', () => {
    expect(balancer.ports).toEqual(['127.0.0.1:3000:8080']);
    expect(rolemint.ports ?? postgres.ports ?? redis.ports).toBeUndefined();
    expect(balancer.networks).toEqual(['front']);
    expect(compose.networks['back']).toEqual({ internal: true });
    expect([postgres.networks, redis.networks]).toEqual([['back'], ['back']]);
  });

  it('gives the server settings that it accepts', () => {
    const environment = Object.entries(rolemint.environment ?? {}).map(
      ([name, value]) => [name, value.replace(/^\$\{[A-Z_]+:-(.*)\}$/, '$1')] as const,
    );
    const values = Object.fromEntries(environment.filter(([name]) => !name.endsWith('_FILE')));
    expect(loadConfig({ ...values, ROLEMINT_HOST: '0.0.0.0' })).toMatchObject({
      issuer: 'http://localhost:3000',
      production: true,
      trustedProxyHops: 1,
    });
  });
});
