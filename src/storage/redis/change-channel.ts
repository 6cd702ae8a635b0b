/** @module Changes told through Redis: published after the change, heard on a connection of its own. */
import type { ChangeChannel } from '../../domain/ports.ts';
import type { RedisConnection } from './connection.ts';

const CHANNEL = 'rolemint:changes';
/** A connection on which nothing is ever asked would not be missed. */
const ALIVE_MS = 5000;
const AGAIN_MS = 250;

export function redisChangeChannel(redis: RedisConnection): ChangeChannel {
  return {
    announce: async () => {
      // Who is not told reads anew by itself, a little later.
      await redis.ask((client) => client.publish(CHANNEL, '')).catch(() => undefined);
    },
    subscribe: (changed) => {
      const client = redis.listen();
      let again: NodeJS.Timeout | undefined;
      const hear = () => {
        clearTimeout(again);
        // Whatever was told before is read now.
        client.subscribe(CHANNEL).then(changed, () => {
          again = setTimeout(hear, AGAIN_MS).unref();
        });
      };
      client.on('message', changed);
      client.on('ready', hear);
      client.on('close', changed);
      if (client.status === 'ready') hear();
      const alive = setInterval(() => void client.ping().catch(() => undefined), ALIVE_MS).unref();
      return async () => {
        clearInterval(alive);
        clearTimeout(again);
        client.disconnect();
      };
    },
  };
}
