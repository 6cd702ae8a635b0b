import base from '../../jest.config.js';

/** Real processes, stores that fail, and a checker of what clients saw: `npm run test:faults`. */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/faults'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
};
