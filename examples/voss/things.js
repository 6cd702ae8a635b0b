/** The hierarchy, and a little to try the API with. */

/** Ids from the root to each node. */
const HIERARCHY = new Map([
  ['sys', ['sys']],
  ['PRV', ['sys', 'PRV']],
  ['RES', ['sys', 'PRV', 'RES']],
  ['VS-Corp', ['sys', 'PRV', 'RES', 'VS-Corp']],
  ['Boston', ['sys', 'PRV', 'RES', 'VS-Corp', 'Boston']],
  ['Chicago', ['sys', 'PRV', 'RES', 'VS-Corp', 'Chicago']],
  ['GenCorp', ['sys', 'PRV', 'RES', 'GenCorp']],
]);

/** What is at no known node is nowhere: in nobody's reach, like what is on another branch. */
export const pathOf = (node) => HIERARCHY.get(node) ?? ['nowhere'];

/** One thing of every type at every node: `at-Boston`, and where it is. */
export const THINGS = new Map([...HIERARCHY.keys()].map((node) => [`at-${node}`, node]));
