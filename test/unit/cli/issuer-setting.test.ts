import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../src/config.ts';

describe('the issuer, where it is not set', () => {
  it('is on the port that the server listens on', () => {
    expect(loadConfig({}).issuer).toBe('http://localhost:3000');
    expect(loadConfig({ ROLEMINT_PORT: '8080' })).toMatchObject({ issuer: 'http://localhost:8080', port: 8080 });
    expect(loadConfig({ ROLEMINT_PORT: '8080', ROLEMINT_ISSUER: 'https://id.example.com' }).issuer).toBe('https://id.example.com');
  });

  it('cannot be left out when the port is chosen later', () => {
    expect(() => loadConfig({ ROLEMINT_PORT: '0' })).toThrow('ROLEMINT_ISSUER: must be set when ROLEMINT_PORT is 0');
    expect(loadConfig({ ROLEMINT_PORT: '0', ROLEMINT_ISSUER: 'https://id.example.com' }).port).toBe(0);
  });

  it('is no second problem beside a wrong port', () => {
    expect(() => loadConfig({ ROLEMINT_PORT: 'x' })).toThrow(/^The configuration cannot be used:\n {2}- ROLEMINT_PORT: [^\n]*$/);
  });
});
