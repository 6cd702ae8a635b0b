import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.ts';
import { read, ROOT } from './documents.ts';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}
interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly securityContext: unknown;
  readonly resources: { readonly requests: object; readonly limits: object };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}
interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: object;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly [Container, ...Container[]];
  readonly volumes: readonly { readonly name: string }[];
}

const FOLDER = 'deploy/kubernetes';
const files = readdirSync(path.join(ROOT, FOLDER)).filter((file) => file !== 'kustomization.yaml');
const manifests = files.map((file) => parse(read(`${FOLDER}/${file}`)) as Manifest & Record<string, unknown>);
const named = (kind: string) => manifests.find((manifest) => manifest.kind === kind)!;

interface Model {
  validate(): void;
}
/** The models are CommonJS, with the schemas of Kubernetes compiled into them. */
const load = createRequire(import.meta.url);
function modelOf({ apiVersion, kind }: Manifest): new (manifest: unknown) => Model {
  const models = load(`kubernetes-models/${apiVersion}`) as Readonly<Record<string, new (manifest: unknown) => Model>>;
  return models[kind]!;
}

describe('the manifests of deploy/kubernetes', () => {
  it.each(manifests.map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const))(
    '%s is as the schema says',
    (_name, manifest) => {
      const Model = modelOf(manifest);
      expect(() => new Model(manifest).validate()).not.toThrow();
    },
  );

  it('would not pass with a mistake in them', () => {
    const deployment = structuredClone(named('Deployment')) as unknown as { spec: { replicas: unknown } };
    deployment.spec.replicas = 'two';
    const Model = modelOf(named('Deployment'));
    expect(() => new Model(deployment).validate()).toThrow('replicas');
  });

  it('are all in the kustomization', () => {
    const { resources } = parse(read(`${FOLDER}/kustomization.yaml`)) as { readonly resources: readonly string[] };
    expect(resources.toSorted()).toEqual(files.toSorted());
  });

  it('give the server settings that it accepts', () => {
    const { data } = named('ConfigMap') as unknown as { readonly data: Readonly<Record<string, string>> };
    const { ROLEMINT_DATABASE_URL_FILE: file, ...values } = data;
    expect(file).toBe('/run/secrets/rolemint/database_url');
    expect(loadConfig({ ...values, ROLEMINT_DATABASE_URL: 'postgres://rolemint@postgres/rolemint' })).toMatchObject({
      production: true,
      trustedProxyHops: 1,
      keysDir: '/var/lib/rolemint/shared/keys',
    });
  });

  const pods: readonly (readonly [string, PodSpec])[] = [
    ['Deployment', (named('Deployment') as unknown as { spec: { template: { spec: PodSpec } } }).spec.template.spec],
    [
      'CronJob',
      (named('CronJob') as unknown as { spec: { jobTemplate: { spec: { template: { spec: PodSpec } } } } }).spec.jobTemplate.spec.template.spec,
    ],
  ];

  it.each(pods)('run without any right: %s', (_kind, spec) => {
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      const { securityContext, resources, volumeMounts } = container;
      expect(securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
      expect(Object.keys(resources)).toEqual(['requests', 'limits']);
      expect(volumeMounts.map(({ name }) => name).toSorted()).toEqual(spec.volumes.map(({ name }) => name).toSorted());
      expect(volumeMounts.find(({ name }) => name === 'keys')?.mountPath).toBe('/var/lib/rolemint/shared');
    }
  });

  it('migrate before they serve, and are asked for their health where it is told', () => {
    const [, spec] = pods[0]!;
    expect(spec.initContainers!.map(({ args }) => args)).toEqual([['migrate']]);
    expect(spec.containers[0]).toMatchObject({
      args: ['serve'],
      readinessProbe: { httpGet: { path: '/readyz' } },
      livenessProbe: { httpGet: { path: '/healthz' } },
      startupProbe: { httpGet: { path: '/healthz' } },
    });
    expect(pods[1]![1].containers[0].args).toEqual(['keys', 'rotate']);
  });
});
