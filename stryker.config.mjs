// Mutation testing of the two files that decide: every change of theirs that the tests of the rules do not notice is listed.
/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['src/domain/access.ts', 'src/domain/scope.ts'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: { projectType: 'custom', configFile: 'test/unit/domain/mutation.config.js', enableFindRelatedTests: false },
  plugins: ['@stryker-mutator/jest-runner'],
  coverageAnalysis: 'perTest',
  // Stryker would rewrite tsconfig.json through an interface that TypeScript 7 no longer has; types are only erased here.
  ignorePatterns: ['/tsconfig*.json', '/dist', '/data', '/keys', '/reports', '/coverage'],
  concurrency: 1,
  // A slow machine must not count as a mutant that was noticed; module graphs of finished runs are never freed.
  timeoutMS: 30_000,
  maxTestRunnerReuse: 40,
  reporters: ['clear-text', 'html'],
  htmlReporter: { fileName: 'reports/mutation.html' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 90, break: 90 },
};
