// Another node: rotates the keys of a folder when told to, at a time that it is told; or over and over until it is killed.
import { KeyService } from '../../../src/services/keys.ts';
import { openSigningKeyFile } from '../../../src/storage/files/signing-keys.ts';

const clock = { time: 0, now: () => clock.time };
const keyFile = openSigningKeyFile({ folder: process.argv[2]!, strict: true, clock });
const service = new KeyService({ keyFile, clock, record: async () => undefined });
const caller = { actor: { kind: 'system', id: 'test' } } as const;

interface Order {
  readonly rotateAt?: number;
  readonly foreverFrom?: number;
}

process.on('message', (order: Order) => void obey(order));
process.on('disconnect', () => process.exit());
process.send!('ready');

async function obey(order: Order): Promise<void> {
  if (order.rotateAt !== undefined) {
    clock.time = order.rotateAt;
    process.send!(await service.rotate('ES256', caller));
  } else {
    clock.time = order.foreverFrom!;
    for (let round = 0; ; round++) {
      clock.time += 400_000;
      await service.rotate('ES256', caller);
      if (round === 0) process.send!('rotating');
    }
  }
}
