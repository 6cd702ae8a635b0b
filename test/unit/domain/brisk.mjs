import * as fc from 'fast-check';

fc.configureGlobal({ seed: 20260615, numRuns: 60, endOnFailure: true });
