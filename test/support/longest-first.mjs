// The order of the test files. Jest starts with those that took longest the last time, and knows nothing of times in a
// fresh clone: then a file of two minutes that comes last has one of two workers for itself.
import Sequencer from '@jest/test-sequencer';

/** Half a minute and more. */
const LONGEST = [
  'browser/console-pages',
  'integration/api/races',
  'integration/api/delegation',
  'browser/console-states',
  'integration/flat',
  'integration/cli/serve',
  'integration/cli/user-import-process',
  'browser/console-stories',
  'browser/console-session',
  'browser/sign-in',
  'integration/threats/list-injection',
  'integration/workers/stopping',
  'integration/workers/workers',
  'contract/embedded',
  'integration/nodes/staleness',
  'integration/threats/connections',
];

const place = ({ path }) => {
  const index = LONGEST.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
  return index === -1 ? LONGEST.length : index;
};

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((a, b) => place(a) - place(b));
  }
}
