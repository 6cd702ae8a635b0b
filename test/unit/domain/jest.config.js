// The rules alone: no database is started, so that mutation testing can run them hundreds of times.
/** @type {import('jest').Config} */
export default {
  rootDir: '../../..',
  testEnvironment: 'node',
  roots: ['<rootDir>/test/unit/domain'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/test/support/strip-types.mjs' },
};
