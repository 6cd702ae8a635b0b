// Writes to an embedded store until it is killed, and says on standard output what was acknowledged.
import { tsImport } from 'tsx/esm/api';

const { openEmbeddedStore } = await tsImport('../../src/storage/postgres/embedded.ts', import.meta.url);
const store = await openEmbeddedStore({ dataDir: process.argv[2] });
process.stdout.write('open\n');
for (let count = 0; ; count += 1) {
  const name = `${process.argv[3]}-${count}`;
  await store.transaction(async (tx) => {
    await tx.roles.put([{ name, category: 'other' }]);
    await tx.settings.set(name, 'x'.repeat(1000));
  });
  await store.replays.useOnce(name, new Date(Date.now() + 3_600_000));
  process.stdout.write(`${name}\n`);
}
