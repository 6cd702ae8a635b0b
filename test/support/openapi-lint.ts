import { createConfig, lintFromString } from '@redocly/openapi-core';

/** What the recommended rules have against an OpenAPI document: `rule at place: message`. */
export async function lintOpenApi(document: unknown): Promise<readonly string[]> {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config });
  return problems.map(({ ruleId, message, location }) => `${ruleId} at ${location[0]?.pointer ?? ''}: ${message}`);
}
