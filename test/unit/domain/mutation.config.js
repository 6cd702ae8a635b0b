// The rules under mutation: the same tests, the same random cases for every mutant, and no search for the smallest
// counter-example, since a mutant is either noticed or not.
import rules from './jest.config.js';

/** @type {import('jest').Config} */
export default { ...rules, setupFiles: ['<rootDir>/test/unit/domain/brisk.mjs'] };
